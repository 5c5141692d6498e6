using System.Globalization;

namespace LogBroker.Client.Tests;

/// <summary>
/// Three fake brokers that share the committed records of one topic "t", as if replicated, and change leaders when told to. Epochs of a
/// partition only grow. Node numbers are from 1; what a node says about leaders can be made to lag.
/// </summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly (int Node, int Epoch)[] _leaders;
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _producerIds;

    private FakeCluster(int partitions)
    {
        _leaders = [.. Enumerable.Repeat((1, 1), partitions)];
        Nodes = [.. Enumerable.Range(1, 3).Select(id => new FakeBroker { NodeId = id })];
    }

    public IReadOnlyList<FakeBroker> Nodes { get; }

    /// <summary>The node that makes changes; 0 for none.</summary>
    public int Controller { get; set; } = 1;

    /// <summary>True when refusals name the leader.</summary>
    public bool GivesHints { get; set; } = true;

    /// <summary>What a node believes about a partition's leader; null for the truth.</summary>
    public Func<int, int, (int Node, int Epoch)?> Belief { get; set; } = (_, _) => null;

    /// <summary>All bootstrap servers.</summary>
    public string Servers => string.Join(',', Nodes.Select(n => n.Address));

    public int ProducersBegun => (int)Interlocked.Read(ref _producerIds);

    public FakeBroker Node(int id) => Nodes[id - 1];

    public static async Task<FakeCluster> StartAsync(int partitions = 1)
    {
        var cluster = new FakeCluster(partitions);
        cluster.Node(1).AddTopic("t", partitions);
        var groups = new FakeGroups(cluster.Node(1));
        foreach (FakeBroker node in cluster.Nodes)
        {
            node.Groups = groups;
            if (node.NodeId > 1)
            {
                node.ShareTopic("t", cluster.Node(1));
            }

            cluster.SetUp(node);
            await node.StartAsync();
        }

        foreach (FakeBroker node in cluster.Nodes)
        {
            node.Peers = cluster.Nodes.ToDictionary(n => n.NodeId, n => n.Address);
        }

        return cluster;
    }

    public (int Node, int Epoch) Leader(int partition)
    {
        lock (_lock)
        {
            return _leaders[partition];
        }
    }

    /// <summary>Makes a node the leader of a partition, in the next epoch.</summary>
    public void Elect(int partition, int node)
    {
        TaskCompletionSource moved;
        lock (_lock)
        {
            _leaders[partition] = (node, _leaders[partition].Epoch + 1);
            moved = _moved;
            _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
            foreach (FakeBroker one in Nodes)
            {
                one.LeadershipMoved = _moved.Task;
            }
        }

        moved.TrySetResult();
    }

    public LogBrokerClient Client(LogBrokerClientOptions? options = null) => new((options ?? new LogBrokerClientOptions()) with
    {
        Servers = options?.Servers is { } servers && servers != "localhost:7070" ? servers : Servers,
        RetryBackoff = TimeSpan.FromMilliseconds(2),
        RetryBackoffMax = TimeSpan.FromMilliseconds(50),
    });

    public async ValueTask DisposeAsync()
    {
        foreach (FakeBroker node in Nodes)
        {
            node.Resume();
            await node.DisposeAsync();
        }
    }

    private void SetUp(FakeBroker node)
    {
        node.LeadershipMoved = _moved.Task;
        node.ProducerIds = () => Interlocked.Increment(ref _producerIds);
        node.IsController = () => Controller == node.NodeId;
        node.Leads = p => Leader(p).Node == node.NodeId;
        node.EpochOf = p => Leader(p).Epoch;
        node.LeaderOf = p =>
        {
            (int leader, int epoch) = Belief(node.NodeId, p) ?? Leader(p);
            return (leader, leader == 0 ? "" : Node(leader).Address, epoch);
        };
        node.HintOf = p =>
        {
            (int leader, int epoch) = p < 0 ? (Controller, 1) : Belief(node.NodeId, p) ?? Leader(p);
            return !GivesHints || leader == 0 ? [] : new Dictionary<string, string>
            {
                ["leaderNodeId"] = leader.ToString(CultureInfo.InvariantCulture),
                ["leaderAddress"] = Node(leader).Address,
                ["leaderEpoch"] = epoch.ToString(CultureInfo.InvariantCulture),
            };
        };
    }
}
