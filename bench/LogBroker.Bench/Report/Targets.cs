using LogBroker.Bench.Plan;
using static LogBroker.Bench.Report.ClusterTargetRules;
using static LogBroker.Bench.Report.TargetRules;

namespace LogBroker.Bench.Report;

/// <summary>
/// The goals, as data. "Kafka" is the better of its clients in the same round; latencies are end to end from the intended time.
/// </summary>
internal static class Targets
{
    private const DurabilityClass A = DurabilityClass.A;
    private const DurabilityClass B = DurabilityClass.B;

    public static IReadOnlyList<Target> All { get; } =
    [
        .. Ingest("W1-A"), .. Ingest("W2-A"), .. DurableIngest("W1-B"), .. DurableIngest("W2-B"),
        AgainstKafka("W3-A", A, "W3-A-in", Figures.InRecords, 2),
        Fixed("W3-A", A, "W3-A-in", Figures.InRecords, 2.3e6),
        AgainstKafka("W3-A", A, "W3-A-out", Figures.OutRecords, 2),
        Fixed("W3-A", A, "W3-A-out", Figures.OutRecords, 6e6),
        .. FixedRate("W5-A-5000"), .. FixedRate("W5-A-20000"),
        new("W5-B", B, "W5-B-5000", "end to end p50 ≤ 2 × fsync p50 + 0.7 ms", FsyncFloor("W5-B-5000", Figures.EndToEndP50, 2, 700)),
        AgainstKafka("W5-B", B, "W5-B-5000", Figures.EndToEndP99, 0.1),
        AgainstKafka("W6-B", B, "W6-B", Figures.InRecords, 1),
        AgainstKafka("W7-B", B, "W7-B-1", Figures.InRecords, 1),
        AgainstKafka("W7-B", B, "W7-B-256", Figures.InRecords, 5),
        .. Warm("W8-warm-1"), .. Warm("W8-warm-4"), Cold("W8-cold-1"), Cold("W8-cold-4"),
        Cpu("W1-A", A), Cpu("W1-B", B), Cpu("W8-warm-1", A), Cpu("W8-warm-4", A), Cpu("W8-cold-1", A), Cpu("W8-cold-4", A),
        .. InEveryRun(A), .. InEveryRun(B),
        new("start", A, "START-clean", "≤ 1 s with 100 partitions and 10 GB after a stop", Absolute("START-clean", Figures.Restart, 1)),
        new("start", A, "START-kill", "≤ 1 s + reading the active segments, after a kill", RestartAfterKill("START-kill")),
        .. Replicated(), .. Failover(), .. Rejoin(),
        new("W12", A, "W12-idle-256", "256 idle partitions ≤ 1 % of a core", Absolute("W12-idle-256", Figures.BrokerCpuPercent, 1)),
        new("W12", A, "W12-A-256", "end to end p99 at 5 MB/s with 256 partitions ≤ 2 × that with 1",
            AgainstScenario("W12-A-256", "W12-A-1", Figures.EndToEndP99, 2)),
    ];

    private static IEnumerable<Target> Ingest(string scenario) =>
    [
        AgainstKafka(scenario, A, scenario, Figures.InMegabytes, 1.5),
        Fixed(scenario, A, scenario, Figures.InMegabytes, 400),
        new(scenario, A, scenario, "in, MB/s ≥ 1.5× Redis streams (everysec)", RatioTo(Rival.Redis, scenario, Figures.InMegabytes, 1.5)),
    ];

    private static IEnumerable<Target> DurableIngest(string scenario) =>
    [
        AgainstKafka(scenario, B, scenario, Figures.InMegabytes, 2.5),
        new(scenario, B, scenario, "in, MB/s ≥ 1.5× Redis streams (always)", RatioTo(Rival.Redis, scenario, Figures.InMegabytes, 1.5)),
        new(scenario, B, scenario, "in, MB/s ≥ 70 % of the disk with one fsync per MiB",
            ShareOfDisk(scenario, Figures.InMegabytes, p => p.WriteOneSyncPerMebibyte, 0.7)),
    ];

    private static IEnumerable<Target> FixedRate(string scenario) =>
    [
        AgainstKafka("W5-A", A, scenario, Figures.EndToEndP50, 0.5),
        AgainstKafka("W5-A", A, scenario, Figures.EndToEndP99, 0.25),
        AgainstKafka("W5-A", A, scenario, Figures.EndToEndP999, 0.25),
    ];

    private static IEnumerable<Target> Replicated() =>
    [
        AgainstKafka("W10-A", A, "W10-A", Figures.InMegabytes, 1.5),
        AgainstKafka("W10-B", B, "W10-B", Figures.InMegabytes, 1.3),
        new("W10-B", B, "W10-B", "in, MB/s ≥ 60 % of a third of the disk with one fsync per MiB",
            ShareOfDisk("W10-B", Figures.InMegabytes, p => p.WriteOneSyncPerMebibyte / 3, 0.6)),
        AgainstKafka("W10-A", A, "W10-A-5000", Figures.AckP99, 1.0 / 3),
        new("W10-B", B, "W10-B-5000", "ack p50 ≤ 3 × fsync p50", FsyncFloor("W10-B-5000", Figures.AckP50, 3, 0)),
    ];

    private static IEnumerable<Target> Failover() =>
    [
        new("W11-kill", A, "W11-kill", "unavailable after SIGKILL ≤ 1.5 s, median", UnavailableMedian("W11-kill", 1.5)),
        new("W11-kill", A, "W11-kill", "unavailable after SIGKILL ≤ 3 s, worst of 20", UnavailableWorst("W11-kill", 3, 20)),
        new("W11-kill", A, "W11-kill", "acknowledged records lost: 0", NothingLost("W11-kill")),
        new("W11-term", A, "W11-term", "unavailable after SIGTERM ≤ 200 ms, worst of 20", UnavailableWorst("W11-term", 0.2, 20)),
        new("W11-term", A, "W11-term", "acknowledged records lost: 0", NothingLost("W11-term")),
        new("W11-idle", A, "W11-idle-300", "300 idle partitions ≤ 2 % of a core per node",
            Absolute("W11-idle-300", Figures.BusiestNodeCpu, 2)),
        new("W11-idle", A, "W11-idle-300", "all leaders moved ≤ 3 s after the death of a node",
            Absolute("W11-idle-300", Figures.LeadersMoved, 3)),
    ];

    private static IEnumerable<Target> Rejoin() =>
    [
        new("W11-rejoin", B, "W11-rejoin", "catch-up, MB/s ≥ 50 % of the disk with one fsync per MiB",
            ShareOfDisk("W11-rejoin", Figures.CatchUp, p => p.WriteOneSyncPerMebibyte, 0.5)),
        new("W11-rejoin", B, "W11-rejoin", "ack p99 during catch-up ≤ 3 × that before",
            Absolute("W11-rejoin", Figures.TailP99Raised, 3)),
        new("W11-rejoin", B, "W11-rejoin", "acknowledged records lost: 0", NothingLost("W11-rejoin")),
    ];

    private static IEnumerable<Target> Warm(string scenario) =>
    [
        AgainstKafka("W8", A, scenario, Figures.OutMegabytes, 1.2),
        Fixed("W8", A, scenario, Figures.OutMegabytes, 1000),
    ];

    private static Target Cpu(string scenario, DurabilityClass durability) =>
        AgainstKafka("CPU", durability, scenario, Figures.BrokerCpu, 0.5);

    private static IEnumerable<Target> InEveryRun(DurabilityClass durability) =>
    [
        new("memory", durability, null, "peak RssAnon of the broker ≤ 300 MB in every run of one node",
            LargestOfAll(durability, Figures.RssAnon, 300e6)),
        new("memory", durability, null, "RssAnon flat: last quarter ≤ second quarter + 15 % (or 16 MB)", FlatMemory(durability)),
        new("start", durability, null, "process start to ready ≤ 0.5 s with an empty directory",
            MedianOfAll(durability, Figures.Start, 0.5)),
    ];

    private static Target Cold(string scenario) => new(
        "W8", A, scenario, "out, MB/s ≥ 90 % of the disk's sequential read",
        ShareOfDisk(scenario, Figures.OutMegabytes, p => p.SequentialRead, 0.9));

    private static Target AgainstKafka(string row, DurabilityClass durability, string scenario, Figure figure, double limit) => new(
        row, durability, scenario, $"{figure.Title} {(figure.IsHigherBetter ? "≥" : "≤")} {limit:0.##}× Kafka",
        RatioTo(Rival.Kafka, scenario, figure, limit));

    private static Target Fixed(string row, DurabilityClass durability, string scenario, Figure figure, double limit) => new(
        row, durability, scenario, $"{figure.Title} ≥ {Quantity.Text(limit, figure.Unit)}", Absolute(scenario, figure, limit));
}
