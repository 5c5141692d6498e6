namespace LogBroker.Bench.Plan;

/// <summary>A question, and the scenarios that answer it.</summary>
/// <param name="Id">Such as <c>W1</c>.</param>
/// <param name="Question">One line for <c>list</c> and the report.</param>
/// <param name="Why">What the answer is good for, and what it does not show.</param>
/// <param name="Scenarios">In the order in which they are run.</param>
public sealed record Workload(string Id, string Question, string Why, IReadOnlyList<Scenario> Scenarios);

/// <summary>The workloads that can be run. The number W9 is kept for groups.</summary>
public static class WorkloadCatalogue
{
    private static readonly TimeSpan NoLinger = TimeSpan.Zero;

    /// <summary>Three young JVMs on two cores need more of it.</summary>
    private static readonly TimeSpan WarmupOfThree = TimeSpan.FromSeconds(10);

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("W1", "How much can one producer write to one partition?",
            "The ceiling of one log: one batch stream, one file.", [.. Both("W1", s => s)]),
        new("W2", "How much can four producers write to eight partitions?",
            "Many files at once; with 64 partitions in class B, what many dirty files cost.",
            [
                .. Both("W2", s => s with { Partitions = 8, Producers = 4 }),
                New("W2-B-64", "W2", DurabilityClass.B) with { Partitions = 64, Producers = 4 },
            ]),
        new("W3", "How many records of 100 bytes go in and out?",
            "Cost per record rather than per byte.",
            [
                New("W3-A-in", "W3", DurabilityClass.A) with { Partitions = 4, Producers = 2, ValueBytes = 100 },
                New("W3-A-out", "W3", DurabilityClass.A) with
                {
                    Kind = LoadKind.CatchUp, Partitions = 4, Producers = 2, Consumers = 1, ValueBytes = 100, PreloadBytes = 1_000_000_000,
                    Warmup = TimeSpan.Zero,
                },
            ]),
        new("W4", "How much goes in and out at the same time?",
            "Producers and readers share the machine; the readers keep up or the lag shows it.",
            [New("W4-A", "W4", DurabilityClass.A) with { Kind = LoadKind.Tail, Partitions = 4, Producers = 2, Consumers = 2 }]),
        new("W5", "How long does a record take at a rate that everybody can hold?",
            "Open loop, from the intended time of sending to the consumer, linger 0.",
            [
                FixedRate("W5", DurabilityClass.A, 5_000),
                FixedRate("W5", DurabilityClass.A, 20_000),
                FixedRate("W5", DurabilityClass.B, 5_000),
            ]),
        new("W6", "What does one record at a time cost?",
            "A closed loop of one: the round trip, and in class B the floor that fsync sets.",
            [Singles("W6", DurabilityClass.A, 1), Singles("W6", DurabilityClass.B, 1)]),
        new("W7", "How well do many single records share an fsync?",
            "Group commit: batches of one record with 1, 16 and 256 in flight.",
            [Singles("W7", DurabilityClass.B, 1), Singles("W7", DurabilityClass.B, 16), Singles("W7", DurabilityClass.B, 256)]),
        new("W8", "How fast does a consumer catch up?",
            "2 GB from the start, with one and four readers, from a warm and a cold page cache.",
            [CatchUp("W8-warm-1", 1, false), CatchUp("W8-warm-4", 4, false), CatchUp("W8-cold-1", 1, true), CatchUp("W8-cold-4", 4, true)]),
        new("W10", "How much, and how fast, with three replicas?",
            "Three nodes of each system on this one machine, which share its cores and its disk: every byte is written three times, and a "
                + "majority has it before it is acknowledged.",
            [
                ReplicatedIngest(DurabilityClass.A), ReplicatedIngest(DurabilityClass.B),
                ReplicatedRate(DurabilityClass.A), ReplicatedRate(DurabilityClass.B),
            ]),
        new("W11", "What do producers notice when a node is lost, and how does it come back?",
            "The longest time without an acknowledgement of one partition while its leader is ended; the rate at which a node that was "
                + "away catches up, and what that does to others; what 300 idle partitions cost, and how soon they have leaders again.",
            [Failover(RestartKind.Kill), Failover(RestartKind.Clean), Rejoin(), IdleCluster(300)]),
        new("W12", "What do more partitions cost?",
            "5 MB/s over 1, 32 and 256 partitions, and the broker idle with them.",
            [Growth(1), Growth(32), Growth(256) with { Restart = RestartKind.Kill }, Idle(256)]),
        new("START", "How soon does a broker with data serve again?",
            "A stop in the ordinary way, and a kill, with 100 partitions; the start with an empty directory is in every run.",
            [Start(RestartKind.Clean), Start(RestartKind.Kill)]),
    ];

    private static Scenario New(string name, string workload, DurabilityClass durability) =>
        new() { Name = name, Workload = workload, Class = durability, Kind = LoadKind.Ingest };

    private static IEnumerable<Scenario> Both(string workload, Func<Scenario, Scenario> shape) =>
        [shape(New($"{workload}-A", workload, DurabilityClass.A)), shape(New($"{workload}-B", workload, DurabilityClass.B))];

    private static Scenario FixedRate(string workload, DurabilityClass durability, int recordsPerSecond) =>
        New($"{workload}-{durability}-{recordsPerSecond}", workload, durability) with
        {
            Kind = LoadKind.FixedRate,
            Partitions = 4,
            Consumers = 1,
            RecordsPerSecond = recordsPerSecond,
            Linger = NoLinger,
        };

    private static Scenario Singles(string workload, DurabilityClass durability, int recordsInFlight) =>
        New(workload == "W6" ? $"W6-{durability}" : $"{workload}-{durability}-{recordsInFlight}", workload, durability) with
        {
            Kind = LoadKind.Singles,
            RecordsInFlight = recordsInFlight,
            Linger = NoLinger,
        };

    private static Scenario CatchUp(string name, int consumers, bool isCold) =>
        New(name, "W8", DurabilityClass.A) with
        {
            Kind = LoadKind.CatchUp,
            Partitions = 4,
            Producers = 2,
            Consumers = consumers,
            PreloadBytes = 2L << 30,
            ColdCache = isCold,
            Warmup = TimeSpan.Zero,
        };

    private static Scenario Growth(int partitions) =>
        New($"W12-A-{partitions}", "W12", DurabilityClass.A) with
        {
            Kind = LoadKind.FixedRate,
            Partitions = partitions,
            Consumers = 1,
            RecordsPerSecond = 5_000,
            Linger = NoLinger,
        };

    private static Scenario Idle(int partitions) =>
        New($"W12-idle-{partitions}", "W12", DurabilityClass.A) with { Kind = LoadKind.Idle, Partitions = partitions, Consumers = 1 };

    private static Scenario Replicated(Scenario scenario) => scenario with { Nodes = 3 };

    private static Scenario ReplicatedIngest(DurabilityClass durability) =>
        Replicated(New($"W10-{durability}", "W10", durability)) with
        {
            Partitions = 4,
            BytesWrittenMax = 1_000_000_000,
            Warmup = WarmupOfThree,
        };

    private static Scenario ReplicatedRate(DurabilityClass durability) =>
        Replicated(FixedRate("W10", durability, 5_000)) with { Warmup = WarmupOfThree };

    private static Scenario Failover(RestartKind end) =>
        Replicated(New(end == RestartKind.Kill ? "W11-kill" : "W11-term", "W11", DurabilityClass.A)) with
        {
            Kind = LoadKind.Failover,
            Partitions = 4,
            RecordsPerSecond = 5_000,
            Linger = NoLinger,
            InFlightBytesMax = 64 * 1024 * 1024, // ten seconds' worth: a client that waits for a leader is not to block
            NodeEnd = end,
            NodeEnds = 10,
            NodeEndsOfRivals = 2,
            Warmup = TimeSpan.FromSeconds(3),
            Duration = TimeSpan.FromSeconds(5),
        };

    private static Scenario Rejoin() =>
        Failover(RestartKind.Clean) with
        {
            Name = "W11-rejoin",
            Class = DurabilityClass.B,
            Kind = LoadKind.Rejoin,
            PreloadBytes = 3_000_000_000,
            NodeEnds = 0,
            NodeEndsOfRivals = 0,
            Duration = TimeSpan.FromSeconds(10),
        };

    private static Scenario IdleCluster(int partitions) =>
        Replicated(New($"W11-idle-{partitions}", "W11", DurabilityClass.A)) with
        {
            Kind = LoadKind.Idle,
            Partitions = partitions,
            NodeEnd = RestartKind.Kill,
            Warmup = TimeSpan.FromSeconds(10),
            Duration = TimeSpan.FromSeconds(30),
        };

    private static Scenario Start(RestartKind restart) =>
        New($"START-{restart.ToString().ToLowerInvariant()}", "START", DurabilityClass.A) with
        {
            Kind = LoadKind.Idle,
            Partitions = 100,
            Producers = 2,
            PreloadBytes = 10_000_000_000,
            BytesWrittenMax = 10_500_000_000,
            Duration = TimeSpan.FromSeconds(1),
            Warmup = TimeSpan.Zero,
            Restart = restart,
        };
}
