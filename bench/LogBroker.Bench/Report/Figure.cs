using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Report;

/// <summary>
/// A number of a run. The title heads a column and names the unit where the values do not carry it; <see cref="Read"/> gives null where
/// the tool or the scenario has none.
/// </summary>
internal sealed record Figure(string Title, Unit Unit, bool IsHigherBetter, Func<RunResult, double?> Read)
{
    /// <summary>Whether <paramref name="ratio"/> (ours / theirs) says that we are worse.</summary>
    public bool IsWorse(double ratio) => IsHigherBetter ? ratio < 1 : ratio > 1;

    /// <summary>The better of some values; null when there is none.</summary>
    public double? Better(IEnumerable<double?> values) => IsHigherBetter ? values.Max() : values.Min();
}

/// <summary>The figures that a report shows.</summary>
internal static class Figures
{
    public static readonly Figure InRecords = Rate("in, records/s", Unit.RecordsPerSecond, r => r.Load?.Produced?.RecordsPerSecond);
    public static readonly Figure InMegabytes = Rate("in, MB/s", Unit.MegabytesPerSecond, r => r.Load?.Produced?.MegabytesPerSecond);
    public static readonly Figure OutRecords = Rate("out, records/s", Unit.RecordsPerSecond, r => r.Load?.Consumed?.RecordsPerSecond);
    public static readonly Figure OutMegabytes = Rate("out, MB/s", Unit.MegabytesPerSecond, r => r.Load?.Consumed?.MegabytesPerSecond);

    public static readonly Figure DelayP99 = Time("publish delay p99", r => r.Load?.PublishDelay?.P99);
    public static readonly Figure AckP50 = Time("ack p50", r => r.Load?.Ack?.P50);
    public static readonly Figure AckP99 = Time("ack p99", r => r.Load?.Ack?.P99);
    public static readonly Figure AckP999 = Time("ack p99.9", r => r.Load?.Ack?.P999);
    public static readonly Figure AckMax = Time("ack max", r => r.Load?.Ack?.Max);
    public static readonly Figure EndToEndP50 = Time("end to end p50", r => r.Load?.EndToEnd?.P50);
    public static readonly Figure EndToEndP99 = Time("end to end p99", r => r.Load?.EndToEnd?.P99);
    public static readonly Figure EndToEndP999 = Time("end to end p99.9", r => r.Load?.EndToEnd?.P999);
    public static readonly Figure EndToEndMax = Time("end to end max", r => r.Load?.EndToEnd?.Max);

    public static readonly Figure BrokerCpu =
        new("broker CPU s/GB", Unit.CpuSecondsPerGigabyte, false, r => r.Broker?.CpuSecondsPerGigabyte);

    public static readonly Figure BrokerCpuPercent = new("broker CPU, one core", Unit.PercentOfCore, false, r => r.Broker?.CpuPercent);

    public static readonly Figure ClientCpu = new(
        "client CPU s/GB", Unit.CpuSecondsPerGigabyte, false,
        r => r.Load is { CpuSeconds: { } seconds, CpuBytes: > 0 and { } bytes } ? seconds / bytes * 1e9 : null);

    public static readonly Figure Rss = new("peak RSS", Unit.Bytes, false, r => r.Broker?.RssBytesPeak);
    public static readonly Figure RssAnon = new("peak RssAnon", Unit.Bytes, false, r => r.Broker?.RssAnonBytesPeak);
    public static readonly Figure BytesWritten = new("bytes written", Unit.Bytes, false, r => r.Broker?.BytesWritten);
    public static readonly Figure Syncs = new("fsyncs", Unit.Count, false, r => r.Broker?.Syncs);

    /// <summary>Both numbers include the warm-up; a load that only reads has none.</summary>
    public static readonly Figure RecordsPerSync = new(
        "records per fsync", Unit.Count, true,
        r => r is { Load: { Produced: not null, RecordsAcknowledged: { } records }, Broker.Syncs: > 0 and { } syncs }
            ? (double)records / syncs
            : null);

    public static readonly Figure Start = new("start, empty", Unit.Seconds, false, r => r.StartSeconds);
    public static readonly Figure Restart = new("restart", Unit.Seconds, false, r => r.RestartSeconds);

    public static readonly Figure Unavailable = new(
        "unavailable, median", Unit.Seconds, false, r => Spread.Of(r.Load?.NodeLosses?.Select(l => l.UnavailableSeconds) ?? [])?.Median);

    public static readonly Figure UnavailableWorst = new(
        "unavailable, worst", Unit.Seconds, false, r => Spread.Of(r.Load?.NodeLosses?.Select(l => l.UnavailableSeconds) ?? [])?.Max);

    /// <summary>The median where a node was ended several times.</summary>
    public static readonly Figure LeadersMoved = new(
        "leaders moved", Unit.Seconds, false,
        r => r.LeadersMovedSeconds ?? Spread.Of(r.Load?.NodeLosses?.Select(l => l.LeadersMovedSeconds) ?? [])?.Median);

    public static readonly Figure InSync = new(
        "back in sync", Unit.Seconds, false, r => Spread.Of(r.Load?.NodeLosses?.Select(l => l.InSyncSeconds) ?? [])?.Median);

    public static readonly Figure CatchUp = Rate("catch-up, MB/s", Unit.MegabytesPerSecond, r => r.Load?.NodeReturn?.MegabytesPerSecond);
    public static readonly Figure TailP99Before = Time("ack p99 before", r => r.Load?.NodeReturn?.AckP99BeforeMicroseconds);
    public static readonly Figure TailP99During = Time("ack p99 during catch-up", r => r.Load?.NodeReturn?.AckP99DuringMicroseconds);

    public static readonly Figure TailP99Raised = new(
        "ack p99 during / before", Unit.Ratio, false,
        r => r.Load?.NodeReturn is { AckP99BeforeMicroseconds: > 0 and { } before, AckP99DuringMicroseconds: { } during }
            ? during / before
            : null);

    public static readonly Figure BusiestNodeCpu =
        new("CPU of the busiest node, one core", Unit.PercentOfCore, false, r => r.Broker?.CpuPercentOfBusiest);

    /// <summary>Columns of the first table of a scenario.</summary>
    public static readonly IReadOnlyList<Figure> Speed =
    [
        InRecords, InMegabytes, OutRecords, OutMegabytes, DelayP99, AckP50, AckP99, AckP999, AckMax,
        EndToEndP50, EndToEndP99, EndToEndP999, EndToEndMax, Unavailable, UnavailableWorst, LeadersMoved, InSync,
        CatchUp, TailP99Before, TailP99During, TailP99Raised,
    ];

    /// <summary>Columns of the second.</summary>
    public static readonly IReadOnlyList<Figure> Cost =
    [
        BrokerCpu, BrokerCpuPercent, BusiestNodeCpu, ClientCpu, Rss, RssAnon, BytesWritten, Syncs, RecordsPerSync, Start, Restart,
    ];

    /// <summary>
    /// What is compared between systems. A rate that everybody is given is no achievement, a latency at saturation measures the depth
    /// of the client's queue, and who writes more in the same time has written more bytes: none of them makes a ratio.
    /// The start with an empty directory is the same in all scenarios and is compared over all of them.
    /// </summary>
    public static IReadOnlyList<Figure> Compared(LoadKind kind) =>
    [
        .. kind switch
        {
            LoadKind.FixedRate => [EndToEndP50, EndToEndP99, EndToEndP999, AckP50, AckP99, AckP999],
            LoadKind.Singles => [InRecords, AckP50, AckP99, AckP999],
            LoadKind.Idle => [BrokerCpuPercent, BusiestNodeCpu, LeadersMoved],
            LoadKind.Failover => [Unavailable, UnavailableWorst, LeadersMoved, InSync],
            LoadKind.Rejoin => [CatchUp, TailP99During],
            _ => (Figure[])[InMegabytes, OutMegabytes],
        },
        .. kind == LoadKind.Idle ? [] : (Figure[])[BrokerCpu, ClientCpu],
        RssAnon, Restart,
    ];

    /// <summary>What stands for a scenario where there is room for one figure; the second is taken when nobody has the first.</summary>
    public static IReadOnlyList<Figure> Headline(Scenario scenario) => scenario.Kind switch
    {
        LoadKind.FixedRate => [EndToEndP99, AckP99],
        LoadKind.Singles => [InRecords],
        LoadKind.Idle => scenario.Restart == RestartKind.None ? [BrokerCpuPercent] : [Restart],
        LoadKind.Failover => [Unavailable],
        LoadKind.Rejoin => [CatchUp],
        LoadKind.CatchUp => scenario.ValueBytes < 512 ? [OutRecords] : [OutMegabytes],
        LoadKind.Ingest or LoadKind.Tail => scenario.ValueBytes < 512 ? [InRecords] : [InMegabytes],
        _ => [InMegabytes],
    };

    private static Figure Rate(string title, Unit unit, Func<RunResult, double?> read) => new(title, unit, true, read);

    private static Figure Time(string title, Func<RunResult, double?> read) => new(title, Unit.Microseconds, false, read);
}
