using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.TestKit;

/// <summary>
/// Whole brokers, the shipped code, on simulated machines and a simulated network in virtual time; all of it on the caller's thread and
/// out of one seed. After every step the invariants are looked at (<see cref="SimChecks"/>). Nothing of it runs by itself: the caller
/// takes the steps of <see cref="Scheduler"/>. One thread.
/// </summary>
internal sealed class SimCluster
{
    private readonly SimRandom _ids;

    public SimCluster(ulong seed, int nodes, Action<string>? trace = null, int keptLines = 0)
    {
        var random = new SimRandom(seed);
        Scheduler = new SimScheduler();
        Trace = new SimTrace(Scheduler, trace, keptLines);
        _ids = random.Fork();
        Random = random.Fork();
        Nodes = [.. Enumerable.Range(1, nodes).Select(i => new SimNode(this, new NodeId(i), random.Fork()))];
        Network = new SimNetwork(this, nodes, random.Fork());
        Checks = new SimChecks(this);
        Voters = [.. Nodes.Select(n => n.Id)];
        Seed = seed;
    }

    public ulong Seed { get; }

    public SimScheduler Scheduler { get; }

    public SimTrace Trace { get; }

    /// <summary>Choices of the caller.</summary>
    public SimRandom Random { get; }

    /// <summary>All nodes in order of id.</summary>
    public IReadOnlyList<SimNode> Nodes { get; }

    public SimNetwork Network { get; }

    public SimChecks Checks { get; }

    public IReadOnlyList<NodeId> Voters { get; }

    /// <summary>How often segments were replaced by what compaction left of them, over all replicas.</summary>
    public int CompactionsSeen { get; set; }

    /// <summary>What all brokers are opened with; node, ids and peers are filled in.</summary>
    public BrokerSettings Settings { get; set; } = new()
    {
        DataDirectory = "/data",
        DiskHeadroomBytes = 0,
        RetentionCheckMs = 2_000,
        MetadataSegmentBytes = Limits.SegmentBytesMin,
        CleanerIntervalMs = 400,
        TopicDefaults = new TopicConfig { SegmentBytesMax = Limits.SegmentBytesMin },
        Groups = new GroupSettings { OffsetsPartitions = 2 },
    };

    public SimNode Node(NodeId id) => Nodes[id.Value - 1];

    /// <summary>The voters of a partition.</summary>
    public IReadOnlyList<NodeId> VotersOf(PartitionId partition) => Checks.VotersOf(partition) ?? Voters;

    /// <summary>Takes steps until a moment of virtual time.</summary>
    public void RunUntil(long ticks)
    {
        while (Scheduler.StepUntil(ticks))
        {
        }
    }

    /// <summary>Takes steps until something holds, at most for so long; whether it does.</summary>
    public bool RunUntil(Func<bool> holds, long forTicks)
    {
        long end = Scheduler.NowTicks + forTicks;
        while (!holds())
        {
            if (!Scheduler.StepUntil(end))
            {
                return holds();
            }
        }

        return true;
    }

    /// <summary>All processes end; what they hold outside of this simulation is let go.</summary>
    public void End()
    {
        foreach (SimNode node in Nodes)
        {
            node.Ended = null;
            node.Kill(LossMode.KeepAll);
        }
    }

    internal BrokerSurroundings SurroundingsOf(SimNode node, TimeProvider time)
    {
        BrokerSettings settings = Settings with { NodeId = node.Id, NewId = NextId, Cluster = ClusterOf(node) };
        IPeerTransport? peers = Nodes.Count == 1 ? null : Network.Attach(node);
        return new BrokerSurroundings(settings, node.Disk, node.Store, time, new SimLog(Trace, node.Id.Value), node.Fatal, peers);
    }

    internal void Observe(SimNode node, bool isWhole) => Checks.Observe(node, isWhole);

    internal void NodeDied(SimNode node, bool isSilent, bool isInStep)
    {
        Network.Gone(node.Id, isSilent);
        Checks.Died(node, isInStep);
    }

    private ClusterSettings? ClusterOf(SimNode node) => Nodes.Count == 1 ? null : new ClusterSettings
    {
        Nodes = [.. Nodes.Select(n => new ClusterNode(n.Id, $"node-{n.Id}:7071"))],
        ClientAddress = () => $"node-{node.Id}:7070",
        Seed = Seed,
    };

    private Guid NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _ids.NextBytes(bytes);
        return new Guid(bytes);
    }
}
