using System.Buffers;
using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Cluster.Tests;

/// <summary>Three brokers with threads on simulated machines in one process.</summary>
internal sealed class ThreeNodes : IAsyncDisposable
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly InProcessPeers _peers = new();
    private readonly SimMachine[] _machines = [new(), new(), new()];
    private readonly SimDisk[] _disks;
    private readonly SimStateStore[] _states;

    public ThreeNodes()
    {
        _disks = [.. _machines.Select(m => new SimDisk(m))];
        _states = [.. _machines.Select(m => new SimStateStore(m))];
    }

    public Broker?[] Brokers { get; } = new Broker?[3];

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    public SimDisk DiskOf(int at) => _disks[at];

    public static async Task<ThreeNodes> Start(ILoggerFactory? loggers = null)
    {
        var cluster = new ThreeNodes { Loggers = loggers ?? NullLoggerFactory.Instance };
        for (int i = 0; i < 3; i++)
        {
            await cluster.Open(i);
        }

        await cluster.Until(() => cluster.Brokers.All(
            b => b!.NotReady is null && b.DescribeCluster().Nodes.All(n => n.Registered is not null)));
        return cluster;
    }

    public async Task Open(int at)
    {
        var settings = new BrokerSettings
        {
            DataDirectory = "/data",
            NodeId = new NodeId(at + 1),
            DiskHeadroomBytes = 0,
            MetadataSegmentBytes = Limits.SegmentBytesMin,
            TopicDefaults = new TopicConfig { SegmentBytesMax = Limits.SegmentBytesMin },
            Groups = new GroupSettings { OffsetsPartitions = 3 },
            CleanerIntervalMs = 20,
            Cluster = new ClusterSettings
            {
                Nodes = [.. Enumerable.Range(1, 3).Select(n => new ClusterNode(new NodeId(n), $"127.0.0.1:{7000 + n}"))],
                ClientAddress = () => $"127.0.0.1:{8001 + at}",
                TickMs = 10,
            },
        };
        var around = new BrokerSurroundings(
            settings, _disks[at], _states[at], TimeProvider.System, Loggers, new RecordedFailure(), _peers.Of(settings.NodeId));
        Result<Broker> opened = await BrokerStart.Open(around, isPumped: false, null, CancellationToken.None);
        Assert.True(opened.IsOk, opened.Error?.ToString());
        Brokers[at] = opened.Value;
    }

    /// <summary>Ends a node as a crash does: nothing of it runs on, what was not synced is lost.</summary>
    public async Task Kill(int at)
    {
        Broker broker = Brokers[at]!;
        Brokers[at] = null;
        _peers.Gone(new NodeId(at + 1));
        _machines[at].CrashAt = _machines[at].Operations + 1;
        try
        {
            await broker.StopAsync(new CancellationToken(canceled: true));
        }
        catch (Exception e) when (e is SimulatedCrashException or AggregateException)
        {
            // the machine is down
        }

        _machines[at].Restart(LossMode.LoseUnsynced, new Random(at));
    }

    /// <summary>Another disk takes the place of a killed node's.</summary>
    public void Wipe(int at)
    {
        _disks[at] = new SimDisk(_machines[at]);
        _states[at] = new SimStateStore(_machines[at]);
    }

    public async Task Until(Func<bool> holds)
    {
        using var timeout = new CancellationTokenSource(WaitMax);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!holds())
        {
            await timer.WaitForNextTickAsync(timeout.Token);
        }
    }

    public int LeaderOf(TopicPartition partition) => Array.FindIndex(
        Brokers, b => b is not null && b.Hosted.Find(partition, out HostedPartition hosted) is null && hosted.Replica!.View.Serves);

    public async Task<int> UntilLed(TopicPartition partition)
    {
        await Until(() => LeaderOf(partition) >= 0);
        return LeaderOf(partition);
    }

    /// <summary>Moves a leadership; again and again, for a node that has just started is not heard at once.</summary>
    public async Task LetLead(TopicPartition partition, NodeId to)
    {
        while (true)
        {
            Broker leader = Brokers[await UntilLed(partition)]!;
            Result<NodeId> moved = await leader.TransferLeader(partition, to, CancellationToken.None);
            if (moved.IsOk && moved.Value == to)
            {
                return;
            }
        }
    }

    public async Task<TopicDescription> Create(string topic, int partitions, params (string Key, string Value)[] config)
    {
        var command = new CreateTopicCommand(topic, partitions, 0, config.ToDictionary(c => c.Key, c => c.Value), topic, false);
        while (true)
        {
            int controller = await UntilLed(new TopicPartition(MetadataLog.TopicName, 0));
            Result<TopicDescription> created = await Brokers[controller]!.CreateTopic(command, CancellationToken.None);
            if (created.IsOk || created.Error.Code is not (ErrorCode.NotLeader or ErrorCode.OutcomeUnknown))
            {
                return created.Value;
            }
        }
    }

    /// <summary>Produces until it is acknowledged by some leader; idempotence is up to the batch.</summary>
    public async Task<ProduceOutcome> Produce(TopicPartition partition, byte[] batch)
    {
        while (true)
        {
            int leader = await UntilLed(partition);
            ProduceOutcome outcome = await TryProduce(leader, partition, batch);
            if (outcome.Error is null or { Code: not (ErrorCode.NotLeader or ErrorCode.OutcomeUnknown) })
            {
                return outcome;
            }
        }
    }

    public async Task<ProduceOutcome> TryProduce(int at, TopicPartition partition, byte[] batch, int timeoutMs = 5_000)
    {
        if (Brokers[at] is not { } broker)
        {
            return new ProduceOutcome(PartitionErrors.ShuttingDown(partition), default, default, default, false, -1);
        }

        var outcomes = new Outcomes();
        Outcome outcome = outcomes.Next();
        var command = new ProduceCommand(partition, outcome.Id, RequiredAcks.Quorum, timeoutMs, Epoch.None);
        await broker.Produce(command, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(batch)), outcomes);
        await Until(() => outcome.IsDone);
        return outcome.Answer;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Broker? broker in Brokers)
        {
            if (broker is not null)
            {
                await broker.StopAsync(CancellationToken.None);
            }
        }
    }
}
