using LogBroker.Bench.Plan;
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
        new("W5-B", B, "W5-B-5000", "end to end p50 ≤ 2 × fsync p50 + 0.7 ms", FsyncFloor("W5-B-5000")),
        AgainstKafka("W5-B", B, "W5-B-5000", Figures.EndToEndP99, 0.1),
        AgainstKafka("W6-B", B, "W6-B", Figures.InRecords, 1),
        AgainstKafka("W7-B", B, "W7-B-1", Figures.InRecords, 1),
        AgainstKafka("W7-B", B, "W7-B-256", Figures.InRecords, 5),
        .. Warm("W8-warm-1"), .. Warm("W8-warm-4"), Cold("W8-cold-1"), Cold("W8-cold-4"),
        Cpu("W1-A", A), Cpu("W1-B", B), Cpu("W8-warm-1", A), Cpu("W8-warm-4", A), Cpu("W8-cold-1", A), Cpu("W8-cold-4", A),
        .. InEveryRun(A), .. InEveryRun(B),
        new("start", A, "START-clean", "≤ 1 s with 100 partitions and 10 GB after a stop", Absolute("START-clean", Figures.Restart, 1)),
        new("start", A, "START-kill", "≤ 1 s + reading the active segments, after a kill", RestartAfterKill("START-kill")),
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

    private static IEnumerable<Target> Warm(string scenario) =>
    [
        AgainstKafka("W8", A, scenario, Figures.OutMegabytes, 1.2),
        Fixed("W8", A, scenario, Figures.OutMegabytes, 1000),
    ];

    private static Target Cpu(string scenario, DurabilityClass durability) =>
        AgainstKafka("CPU", durability, scenario, Figures.BrokerCpu, 0.5);

    private static IEnumerable<Target> InEveryRun(DurabilityClass durability) =>
    [
        new("memory", durability, null, "peak RssAnon of the broker ≤ 300 MB in every run",
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
