using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>
/// What one seed does: which faults happen and how often, how fast machines are and what clients do. Each kind of fault is off in about
/// half of the seeds, so that every mixture comes up; ranges are those of VOPR and FoundationDB where they name some. Immutable.
/// </summary>
internal sealed record Swarm
{
    public required int Nodes { get; init; }

    /// <summary>Length of the phase with faults, in seconds of virtual time.</summary>
    public required double FaultySeconds { get; init; }

    public required SimNetworkFaults Network { get; init; }

    /// <summary>Ends of processes and machines per second, over all nodes.</summary>
    public double CrashesPerSecond { get; init; }

    /// <summary>What ends leave of what was not synced.</summary>
    public IReadOnlyList<LossMode> Losses { get; init; } = [LossMode.KeepAll];

    /// <summary>Part of the crashes that fall into the middle of a disk operation.</summary>
    public double CrashesInOperations { get; init; }

    /// <summary>Part of the crashes that are aimed at the one node that may lose its disk.</summary>
    public double CrashesOfVictim { get; init; }

    /// <summary>Longest time until a node that ended is started again, in seconds.</summary>
    public double DownSecondsMax { get; init; } = 3;

    /// <summary>Part of the crashes that take all nodes at once.</summary>
    public double CrashesOfAll { get; init; }

    public double StopsPerSecond { get; init; }

    public double PausesPerSecond { get; init; }

    public double PauseSecondsMax { get; init; } = 3;

    public double PartitionsPerSecond { get; init; }

    /// <summary>Part of the partitions that let one direction through.</summary>
    public double OneWay { get; init; }

    /// <summary>Part of the partitions that cut two nodes off from each other only.</summary>
    public double PartialPartitions { get; init; }

    /// <summary>Part of the partitions at which connections break; at the others messages just vanish.</summary>
    public double Resets { get; init; }

    public double PartitionSecondsMax { get; init; } = 5;

    /// <summary>Links that break and come back at once, per second.</summary>
    public double LinkResetsPerSecond { get; init; }

    public double ClogsPerSecond { get; init; }

    public double SwizzlesPerSecond { get; init; }

    public double ClockJumpsPerSecond { get; init; }

    public double SlowDisksPerSecond { get; init; }

    public double FailedSyncsPerSecond { get; init; }

    public double FullDisksPerSecond { get; init; }

    /// <summary>Part of the starts of one node, the victim, at which its disk, its state store or both are found empty.</summary>
    public double Wipes { get; init; }

    /// <summary>Part of the starts of the victim at which a bit of a segment has flipped.</summary>
    public double Flips { get; init; }

    public int Topics { get; init; } = 1;

    public int PartitionsMax { get; init; } = 2;

    public int PlainProducers { get; init; } = 1;

    public int IdempotentProducers { get; init; } = 2;

    public int Readers { get; init; } = 2;

    /// <summary>Groups that somebody commits for.</summary>
    public int Committers { get; init; }

    /// <summary>Longest pause of a producer between two batches, in milliseconds.</summary>
    public int ProduceMsMax { get; init; } = 200;

    /// <summary>Most bytes of a value.</summary>
    public int ValueBytesMax { get; init; } = 2_000;

    /// <summary>Part of the requests and answers of clients that are lost.</summary>
    public double ClientLoss { get; init; }

    /// <summary>Longest way of a request or an answer of a client, in milliseconds.</summary>
    public double ClientDelayMsMax { get; init; } = 1;

    /// <summary>Changes of topics per second: trims, new partitions, new and deleted topics.</summary>
    public double ChangesPerSecond { get; init; }

    public SimPace Pace { get; init; } = new();

    /// <summary>True when topics are compacted, and records have keys.</summary>
    public bool Compacts { get; init; }

    /// <summary>Bytes of memory for the keys of one compaction.</summary>
    public int CleanerMapBytes { get; init; } = 64 * 1024;

    /// <summary>
    /// The mixture of a seed on compacted topics: small segments that roll each second, so that replicas compact again and again, each when
    /// it comes to it, while nodes are away, leaders change and disks lose what was not synced.
    /// </summary>
    public static Swarm OfCompaction(ulong seed)
    {
        var random = new SimRandom(seed ^ 0xC0C0_0000_C0C0_0000);
        return Of(seed) with
        {
            Compacts = true,
            CleanerMapBytes = random.Chance(0.5) ? 1024 : 64 * 1024,
            ProduceMsMax = (int)random.Between(10, 80),
            ValueBytesMax = 500,
            FaultySeconds = random.Between(12, 25),
        };
    }

    /// <summary>The mixture of a seed.</summary>
    public static Swarm Of(ulong seed, int? nodes = null)
    {
        var random = new SimRandom(seed ^ 0x5EED_5EED_5EED_5EED);
        int count = nodes ?? random.Pick([3, 3, 3, 3, 3, 3, 3, 1, 5]);
        double Rate(double max, double chance = 0.5) => random.Chance(chance) ? random.UpTo(max) : 0;
        bool isCluster = count > 1;
        return new Swarm
        {
            Nodes = count,
            FaultySeconds = random.Between(8, 20),
            Network = NetworkOf(random),
            CrashesPerSecond = Rate(1.5, 0.7),
            Losses = LossesOf(random),
            CrashesInOperations = Rate(1),
            DownSecondsMax = 0.2 + random.UpTo(6),
            CrashesOfAll = Rate(0.3, 0.3),
            StopsPerSecond = Rate(0.3, 0.3),
            PausesPerSecond = Rate(0.7, 0.4),
            PauseSecondsMax = 0.1 + random.UpTo(6),
            PartitionsPerSecond = isCluster ? Rate(1, 0.6) : 0,
            OneWay = Rate(1),
            PartialPartitions = Rate(1),
            Resets = random.NextDouble(),
            PartitionSecondsMax = 0.2 + random.UpTo(8),
            LinkResetsPerSecond = isCluster ? Rate(2) : 0,
            ClogsPerSecond = isCluster ? Rate(1, 0.4) : 0,
            SwizzlesPerSecond = isCluster ? Rate(0.4, 0.4) : 0,
            ClockJumpsPerSecond = Rate(0.5, 0.3),
            SlowDisksPerSecond = Rate(0.5, 0.4),
            FailedSyncsPerSecond = Rate(0.3, 0.3),
            FullDisksPerSecond = Rate(0.3, 0.3),
            Wipes = isCluster ? Rate(0.7, 0.3) : 0,
            Flips = isCluster ? Rate(0.7, 0.3) : 0,
            Topics = (int)random.Between(1, 2),
            PartitionsMax = (int)random.Between(1, 3),
            PlainProducers = (int)random.Between(0, 2),
            IdempotentProducers = (int)random.Between(1, 3),
            Readers = (int)random.Between(1, 3),
            ProduceMsMax = (int)random.Between(20, 300),
            ValueBytesMax = random.Chance(0.3) ? 12_000 : 500,
            ClientLoss = Rate(0.2, 0.4),
            ClientDelayMsMax = 0.5 + random.UpTo(30),
            ChangesPerSecond = Rate(1, 0.4),
            Pace = new SimPace
            {
                WorkTicksMax = SimScheduler.Ms(random.UpTo(2)),
                DiskTicksMax = SimScheduler.Ms(0.5 + random.UpTo(30)),
                WorkAtOnceMax = (int)random.Between(1, 5),
            },
        };
    }

    /// <summary>The mixture of a seed, with commits of groups.</summary>
    public static Swarm OfGroups(ulong seed) => Of(seed) with { Committers = 3, PlainProducers = 1, IdempotentProducers = 1, Readers = 1 };

    /// <summary>
    /// A mixture in which one node loses its vote again and again while leaders change and messages come late: what wiped replicas must
    /// not do (R23, R24) shows there only.
    /// </summary>
    public static Swarm OfWipes(ulong seed)
    {
        var random = new SimRandom(seed ^ 0x1155_0000_1155_0000);
        bool isCalm = random.Next(2) == 0; // one leader for long, and disks that lag: what a wiped voter had is wanted
        return new Swarm
        {
            Nodes = 3,
            FaultySeconds = 20,
            Network = new SimNetworkFaults
            {
                Loss = random.UpTo(0.3),
                Reordering = 0.1 + random.UpTo(0.5),
                DelayTicksMax = SimScheduler.Ms(1 + random.UpTo(60)),
                LateTicksMax = SimScheduler.Ms(100 + random.UpTo(4_000)),
                OldMessagesArrive = true,
            },
            CrashesPerSecond = 1 + random.UpTo(3),
            CrashesOfVictim = isCalm ? 1 : random.NextDouble(),
            DownSecondsMax = 0.02 + random.UpTo(0.5),
            PausesPerSecond = isCalm ? 0 : random.UpTo(1),
            PauseSecondsMax = 0.1 + random.UpTo(2),
            PartitionsPerSecond = isCalm ? 0 : random.UpTo(3),
            OneWay = random.UpTo(1),
            PartialPartitions = 0.7,
            PartitionSecondsMax = 0.2 + random.UpTo(2),
            LinkResetsPerSecond = random.UpTo(2),
            SlowDisksPerSecond = isCalm ? 1 : 0,
            ChangesPerSecond = random.Next(2) == 0 ? random.UpTo(2) : 0,
            Wipes = 0.9,
            PartitionsMax = 3,
            ProduceMsMax = (int)random.Between(20, 300),
            Pace = new SimPace { DiskTicksMax = SimScheduler.Ms(isCalm ? 20 + random.UpTo(500) : 0.5 + random.UpTo(40)) },
        };
    }

    /// <summary>A mixture in which leaders change all the time, messages come late and twice, and machines lose power.</summary>
    public static Swarm OfElections(ulong seed)
    {
        var random = new SimRandom(seed ^ 0x3131_0000_3131_0000);
        return new Swarm
        {
            Nodes = 3,
            FaultySeconds = 20,
            Network = new SimNetworkFaults
            {
                Loss = random.UpTo(0.2),
                Duplication = 0.1 + random.UpTo(0.5),
                Reordering = 0.1 + random.UpTo(0.5),
                DelayTicksMax = SimScheduler.Ms(1 + random.UpTo(60)),
                LateTicksMax = SimScheduler.Ms(100 + random.UpTo(4_000)),
                OldMessagesArrive = true,
            },
            CrashesPerSecond = 0.5 + random.UpTo(2),
            CrashesInOperations = random.NextDouble(),
            Losses = [LossMode.LoseUnsynced, LossMode.Torn],
            DownSecondsMax = 0.05 + random.UpTo(1),
            PausesPerSecond = random.UpTo(1),
            PauseSecondsMax = 0.5 + random.UpTo(2),
            PartitionsPerSecond = 0.5 + random.UpTo(2),
            OneWay = random.UpTo(1),
            PartialPartitions = random.NextDouble(),
            PartitionSecondsMax = 0.5 + random.UpTo(3),
            PartitionsMax = 3,
            ProduceMsMax = (int)random.Between(20, 200),
            Pace = new SimPace { DiskTicksMax = SimScheduler.Ms(1 + random.UpTo(60)) },
        };
    }

    private static SimNetworkFaults NetworkOf(SimRandom random) => new()
    {
        Loss = random.Chance(0.4) ? random.UpTo(0.3) : 0,
        Duplication = random.Chance(0.4) ? random.UpTo(0.5) : 0,
        Reordering = random.Chance(0.5) ? random.UpTo(0.5) : 0,
        DelayTicksMax = SimScheduler.Ms(0.1 + random.UpTo(40)),
        LateTicksMax = SimScheduler.Ms(random.UpTo(3_000)),
        BytesPerSecond = random.Chance(0.2) ? random.Between(20_000, 2_000_000) : 0,
        OldMessagesArrive = random.Chance(0.5),
        SilentEnds = random.Chance(0.5) ? random.NextDouble() : 0,
    };

    private static LossMode[] LossesOf(SimRandom random) => random.Next(4) switch
    {
        0 => [LossMode.KeepAll],
        1 => [LossMode.LoseUnsynced],
        2 => [LossMode.Torn, LossMode.Reordered],
        _ => [LossMode.KeepAll, LossMode.LoseUnsynced, LossMode.Torn, LossMode.Reordered],
    };
}
