using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.EndToEnd.Tests;

/// <summary>
/// Three <see cref="StubNode"/>s that are one cluster: node 1 is the controller and leads orders/0, node 2 leads orders/1, and behind
/// node 2 node 3 lags. Leaders move when they are told to, and a node that does not lead refuses as a real one does.
/// </summary>
internal sealed class StubCluster : IAsyncDisposable
{
    public static readonly ClusterId Id = new(Guid.Parse("00000000-0000-0000-0000-0000000000c1"));

    private readonly Dictionary<int, int> _leaders = new() { [0] = 1, [1] = 2 };
    private readonly HashSet<int> _draining = [];

    public List<StubNode> Nodes { get; } = [];

    /// <summary>False: refusals say the number of the leader and not its address.</summary>
    public bool TellsAddresses { get; set; } = true;

    /// <summary>Who leads a partition of orders; 0 for nobody.</summary>
    public int this[int partition]
    {
        get => _leaders[partition];
        set
        {
            _leaders[partition] = value;
            Publish();
        }
    }

    public string ServersOf(params int[] nodes) => string.Join(',', nodes.Select(id => Nodes[id - 1].Address));

    public static async Task<StubCluster> StartAsync()
    {
        var cluster = new StubCluster();
        for (int id = 1; id <= 3; id++)
        {
            StubNode node = await StubNode.StartAsync(id);
            node.Broker.Transfer = (partition, to) => cluster.Transfer(node.Broker, partition, to);
            node.Broker.Drain = (drained, isDraining) => cluster.Drain(node.Broker, drained, isDraining);
            node.Broker.Describe = _ => Topic(node.Broker);
            cluster.Nodes.Add(node);
        }

        cluster.Publish();
        return cluster;
    }

    /// <summary>Tells all nodes how things are.</summary>
    public void Publish()
    {
        foreach (StubNode node in Nodes)
        {
            node.Broker.Cluster = Describe(node.Broker.NodeId.Value);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (StubNode node in Nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static TopicDescription Topic(StubBroker broker) => new(
        "orders",
        default,
        3,
        new Dictionary<string, string>(),
        new Storage.TopicConfig(),
        [
            .. broker.Cluster.Partitions.Where(p => p.Name.Topic == "orders").Select(p => new PartitionDescription(
                p.Name.Partition,
                p.Leader,
                p.LeaderEpoch,
                Offset.Zero,
                new Offset(p.Leader == broker.NodeId ? 100 : 90),
                10,
                p.State,
                p.Detail)),
        ]);

    private ClusterDescription Describe(int self)
    {
        NodeDescription[] nodes =
        [
            .. Nodes.Select(n => new NodeDescription(
                n.Broker.NodeId,
                new NodeRecord(
                    n.Broker.NodeId, new DirectoryId(Guid.Empty), n.Address, $"127.0.0.1:{7100 + n.Broker.NodeId.Value}", "r", "1.0"),
                $"127.0.0.1:{7100 + n.Broker.NodeId.Value}",
                IsHeard: true,
                SilentMs: 0,
                _draining.Contains(n.Broker.NodeId.Value))),
        ];
        return new ClusterDescription(
            Id, new NodeId(self), new NodeId(1), nodes,
            [
                Partition("__cluster_metadata", 0, 1, self),
                Partition("orders", 0, _leaders[0], self),
                Partition("orders", 1, _leaders[1], self),
            ]);
    }

    private static ClusterPartition Partition(string topic, int partition, int leader, int self) => new(
        new TopicPartition(topic, partition),
        new NodeId(leader),
        new Epoch(3),
        [new NodeId(1), new NodeId(2), new NodeId(3)],
        leader == self
            ? [.. Enumerable.Range(1, 3).Select(id => new ReplicaProgress(new NodeId(id), id != 3 || leader != 2, 4 - id, id, true))]
            : [],
        leader == 0 ? PartitionState.Leaderless : PartitionState.Online,
        "");

    private Result<NodeId> Transfer(StubBroker at, TopicPartition partition, NodeId to)
    {
        if (_leaders[partition.Partition] != at.NodeId.Value)
        {
            return NotLeader(_leaders[partition.Partition]);
        }

        this[partition.Partition] = to == NodeId.None ? 1 : to.Value;
        return new NodeId(this[partition.Partition]);
    }

    private BrokerError? Drain(StubBroker at, NodeId node, bool isDraining)
    {
        if (at.NodeId.Value != 1)
        {
            return NotLeader(1);
        }

        _ = isDraining ? _draining.Add(node.Value) : _draining.Remove(node.Value);
        foreach (int partition in _leaders.Keys.Where(p => isDraining && _leaders[p] == node.Value).ToArray())
        {
            _leaders[partition] = node.Value % 3 + 1;
        }

        Publish();
        return null;
    }

    private BrokerError NotLeader(int leader)
    {
        var facts = new Dictionary<string, string> { ["leaderNodeId"] = $"{leader}", ["leaderEpoch"] = "3" };
        if (TellsAddresses && leader != 0)
        {
            facts["leaderAddress"] = Nodes[leader - 1].Address;
        }

        return new BrokerError(ErrorCode.NotLeader, $"node {leader} leads it") { Metadata = facts };
    }
}
