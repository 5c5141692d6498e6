using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Report;

/// <summary>The kinds of goals. The median over the rounds decides unless a rule says otherwise.</summary>
internal static class TargetRules
{
    internal static readonly Finding NoRunOfOurs = new(Verdict.NotMeasured, "no run of ours has the figure");

    /// <summary>The median of the paired ratios against a limit: at least for figures where more is better, otherwise at most.</summary>
    public static Func<RunSet, Finding> RatioTo(Rival rival, string scenarioName, Figure figure, double limit) => runs =>
    {
        PairedRatios? ratios = runs.Find(scenarioName) is { } scenario ? PairedRatios.Of(runs, scenario, figure, rival) : null;
        if (ratios?.Ratio is not { } ratio)
        {
            string why = ratios switch
            {
                null => $"no round with ours and {rival.System}",
                { OtherMode: > 0 } => "no pair in the same mode of the disk",
                _ => "one side reads 0 at the resolution of its tool",
            };
            return new Finding(Verdict.NotMeasured, why);
        }

        string measured =
            $"{Quantity.Text(ratio, Unit.Ratio)}: {Quantity.Text(ratios.Ours!.Median, figure.Unit)}"
            + $" against {Quantity.Text(ratios.Theirs!.Median, figure.Unit)}";
        return Judge(figure.IsHigherBetter ? ratio.Median >= limit : ratio.Median <= limit, measured);
    };

    /// <summary>Our median against a fixed limit.</summary>
    public static Func<RunSet, Finding> Absolute(string scenarioName, Figure figure, double limit) => runs =>
        Spread.Of(Ours(runs, scenarioName).Select(r => figure.Read(r.Run))) is { } spread
            ? Judge(figure.IsHigherBetter ? spread.Median >= limit : spread.Median <= limit, Quantity.Text(spread, figure.Unit))
            : NoRunOfOurs;

    /// <summary>Our figure as a share of what the disk did in the same round.</summary>
    public static Func<RunSet, Finding> ShareOfDisk(
        string scenarioName, Figure figure, Func<DiskProbeResult, double?> disk, double limit) => runs =>
    {
        Spread? share = Spread.Of(Ours(runs, scenarioName).Select(r =>
            runs.DiskProbeFor(r) is { } probe && disk(probe) is > 0 and { } rate ? figure.Read(r.Run) / rate * 100 : null));
        Spread? rates = Spread.Of(Ours(runs, scenarioName).Select(r => runs.DiskProbeFor(r) is { } probe ? disk(probe) : null));
        return share is null
            ? new Finding(Verdict.NotMeasured, "no round with a run of ours and a probe of the disk")
            : Judge(share.Median >= limit * 100, $"{Quantity.Text(share, Unit.PercentOfCore)} of {Quantity.Digits(rates!.Median)} MB/s");
    };

    /// <summary>
    /// A latency against so many times fsync p50 and some time more, round by round, with the faster of the two probes beside the run: the
    /// stricter one.
    /// </summary>
    public static Func<RunSet, Finding> FsyncFloor(string scenarioName, Figure figure, double fsyncs, double moreMicroseconds) => runs =>
    {
        (double Latency, double Limit)[] rounds =
        [
            .. Ours(runs, scenarioName)
                .Select(r => (Latency: figure.Read(r.Run), Probe: FasterProbe(r.Run)))
                .Where(r => r is { Latency: not null, Probe: not null })
                .Select(r => (r.Latency!.Value, (fsyncs * r.Probe!.Value) + moreMicroseconds)),
        ];
        if (rounds.Length == 0)
        {
            return new Finding(Verdict.NotMeasured, "no run of ours with an fsync probe");
        }

        Spread share = Spread.Of(rounds.Select(r => (double?)(r.Latency / r.Limit)))!;
        string measured = $"{Quantity.Text(share, Unit.Ratio)} the limit: "
            + $"{Quantity.Text(Spread.Of(rounds.Select(r => (double?)r.Latency)), Unit.Microseconds)} against "
            + Quantity.Text(Spread.Of(rounds.Select(r => (double?)r.Limit)), Unit.Microseconds);
        return Judge(share.Median <= 1, measured);
    };

    /// <summary>Our figure in one scenario over that in another, in the same round.</summary>
    public static Func<RunSet, Finding> AgainstScenario(string scenarioName, string baseName, Figure figure, double limit) => runs =>
    {
        Spread? ratio = Spread.Of(Ours(runs, scenarioName).SelectMany(
            r => Ours(runs, baseName).Where(b => b.Pair == r.Pair),
            (r, b) => figure.Read(b.Run) is > 0 and { } small ? figure.Read(r.Run) / small : null));
        return ratio is null ? NoRunOfOurs : Judge(ratio.Median <= limit, Quantity.Text(ratio, Unit.Ratio));
    };

    /// <summary>The largest of all our runs of a class; not the median, since a limit of memory holds always.</summary>
    public static Func<RunSet, Finding> LargestOfAll(DurabilityClass durability, Figure figure, double limit) => runs =>
        OursOf(runs, durability).Where(r => figure.Read(r.Run) is not null).MaxBy(r => figure.Read(r.Run)) is { } largest
            ? Judge(
                figure.Read(largest.Run) <= limit,
                $"largest {Quantity.Text(figure.Read(largest.Run)!.Value, figure.Unit)} in {largest.Run.Scenario}")
            : NoRunOfOurs;

    /// <summary>Our median over all runs of a class.</summary>
    public static Func<RunSet, Finding> MedianOfAll(DurabilityClass durability, Figure figure, double limit) => runs =>
        Spread.Of(OursOf(runs, durability).Select(r => figure.Read(r.Run))) is { } spread
            ? Judge(spread.Median <= limit, $"{Quantity.Text(spread, figure.Unit)} over {spread.Count} runs")
            : NoRunOfOurs;

    /// <summary>
    /// RssAnon does not grow: the median of the last quarter of the seconds is at most 15 % or 16 MB (whichever is more) above that of
    /// the second quarter, in each run with at least eight seconds.
    /// </summary>
    public static Func<RunSet, Finding> FlatMemory(DurabilityClass durability) => runs =>
    {
        (MeasuredRun Run, double Early, double Late)[] series =
        [
            .. OursOf(runs, durability)
                .Where(r => r.Run.Broker is { RssAnonBytesOverTime.Count: >= 8 })
                .Select(r => (r, Quarter(r.Run.Broker!.RssAnonBytesOverTime, 1), Quarter(r.Run.Broker!.RssAnonBytesOverTime, 3))),
        ];
        if (series.Length == 0)
        {
            return new Finding(Verdict.NotMeasured, "no run of ours with eight seconds of it");
        }

        (MeasuredRun run, double early, double late) = series.MaxBy(s => s.Late - Math.Max(s.Early * 1.15, s.Early + 16e6));
        return Judge(
            late <= Math.Max(early * 1.15, early + 16e6),
            $"largest change {Quantity.Text(early, Unit.Bytes)} → {Quantity.Text(late, Unit.Bytes)} in {run.Run.Scenario}");
    };

    /// <summary>
    /// The restart after a kill against one second and the time in which the disk reads the data of the active segments, of which the
    /// preload is the upper bound; the disk's rate is the median of the probes of its file.
    /// </summary>
    public static Func<RunSet, Finding> RestartAfterKill(string scenarioName) => runs =>
    {
        MeasuredRun[] ours = [.. Ours(runs, scenarioName).Where(r => r.Run.RestartSeconds is not null)];
        if (Spread.Of(ours.Select(r => r.Run.RestartSeconds)) is not { } seconds || runs.Find(scenarioName) is not { } scenario)
        {
            return NoRunOfOurs;
        }

        double? rate = Spread.Of(ours.Select(r => r.File).Distinct()
            .SelectMany(f => runs.Files[f].DiskProbes.Values.Select(p => p.SequentialRead)))?.Median;
        string measured = Quantity.Text(seconds, Unit.Seconds);
        if (seconds.Median <= 1)
        {
            return new Finding(Verdict.Met, measured);
        }

        if (rate is not > 0)
        {
            return new Finding(Verdict.NotMeasured, $"{measured}, but the disk's sequential read was not probed");
        }

        double limit = 1 + (scenario.PreloadBytes / 1e6 / rate.Value);
        return Judge(
            seconds.Median <= limit,
            $"{measured} against {Quantity.Text(limit, Unit.Seconds)} (read at {Quantity.Digits(rate.Value)} MB/s)");
    };

    internal static Finding Judge(bool isMet, string measured) => new(isMet ? Verdict.Met : Verdict.Missed, measured);

    internal static IEnumerable<MeasuredRun> Ours(RunSet runs, string scenario) =>
        runs.Succeeded(scenario).Where(r => r.Contender.IsOurs);

    /// <summary>Of a node alone: the memory and the start of three are others.</summary>
    private static IEnumerable<MeasuredRun> OursOf(RunSet runs, DurabilityClass durability) =>
        runs.All.Where(r => r.Contender.IsOurs && r.Run.Failure is null && r.Run.Class == durability
            && runs.Find(r.Run.Scenario) is not { Nodes: > 1 });

    private static double? FasterProbe(RunResult run) => Spread.Of([run.FsyncBefore?.P50, run.FsyncAfter?.P50])?.Min;

    private static double Quarter(IReadOnlyList<long> seconds, int index) =>
        Spread.Of(seconds.Skip(seconds.Count * index / 4).Take(seconds.Count / 4).Select(b => (double?)b))!.Median;
}
