using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Report;

/// <summary>
/// Whom we are compared with: one client, or all clients of a system, of which the better one of each round counts, figure by figure.
/// </summary>
internal sealed record Rival(string Title, string System, string? Client)
{
    public const string KafkaName = "kafka";

    public static readonly Rival Kafka = BestOf(KafkaName, 2);
    public static readonly Rival Redis = BestOf("redis", 1);

    /// <summary>A system by the better of its clients; with one client it is that client.</summary>
    public static Rival BestOf(string system, int clients) =>
        new(clients > 1 ? $"{system}, the better of its clients in each round" : system, system, null);

    public static Rival Of(Contender contender) => new(contender.ToString(), contender.System, contender.Client);

    public bool Matches(Contender contender) => contender.System == System && (Client is null || contender.Client == Client);
}

/// <summary>Ours / theirs over the rounds in which both have the figure.</summary>
/// <param name="Ratio">Null when no pair was left.</param>
/// <param name="Ours">Our figure in the rounds of the ratio.</param>
/// <param name="Theirs">Theirs.</param>
/// <param name="OtherMode">
/// Pairs of class B that were left out since the fsync probes beside the two runs differ by more than
/// <see cref="ModeFactor"/>: the disk was in another mode.
/// </param>
/// <param name="BelowResolution">Pairs left out since one side reads 0: there is no ratio to a value that the tool cannot resolve.</param>
internal sealed record PairedRatios(Spread? Ratio, Spread? Ours, Spread? Theirs, int OtherMode, int BelowResolution)
{
    /// <summary>How far the medians of fsync probes may lie apart within one mode of a disk.</summary>
    public const double ModeFactor = 5;

    /// <summary>Null when there was no pair at all.</summary>
    public static PairedRatios? Of(RunSet runs, Scenario scenario, Figure figure, Rival rival) => Of(runs, [scenario], figure, rival);

    /// <summary>Over the rounds of several scenarios of one class, each round of each scenario a pair.</summary>
    public static PairedRatios? Of(RunSet runs, IReadOnlyList<Scenario> scenarios, Figure figure, Rival rival)
    {
        var pairs = new List<(double Ours, double Theirs)>();
        int otherMode = 0;
        int belowResolution = 0;
        foreach (IEnumerable<MeasuredRun> round in scenarios.SelectMany(s => runs.Succeeded(s.Name).GroupBy(r => r.Pair)))
        {
            if (Best(round.Where(r => r.Contender.IsOurs), figure) is not { } ours
                || Best(round.Where(r => rival.Matches(r.Contender)), figure) is not { } theirs)
            {
                continue;
            }

            if (ours.Run.Class == DurabilityClass.B && !AreOfOneMode(ours.Run, theirs.Run))
            {
                otherMode++;
            }
            else if (ours.Value <= 0 || theirs.Value <= 0)
            {
                belowResolution++;
            }
            else
            {
                pairs.Add((ours.Value, theirs.Value));
            }
        }

        return pairs.Count + otherMode + belowResolution == 0
            ? null
            : new PairedRatios(
                Spread.Of(pairs.Select(p => (double?)(p.Ours / p.Theirs))), Spread.Of(pairs.Select(p => (double?)p.Ours)),
                Spread.Of(pairs.Select(p => (double?)p.Theirs)), otherMode, belowResolution);
    }

    /// <summary>Whether all fsync probes beside the runs lie within <see cref="ModeFactor"/>; true when there are none.</summary>
    public static bool AreOfOneMode(params RunResult[] runs)
    {
        Spread? probes = Spread.Of(runs.SelectMany(r => (double?[])[r.FsyncBefore?.P50, r.FsyncAfter?.P50]));
        return probes is null || probes.Max <= probes.Min * ModeFactor;
    }

    private static (RunResult Run, double Value)? Best(IEnumerable<MeasuredRun> runs, Figure figure)
    {
        (RunResult Run, double Value)[] there =
            [.. runs.Where(r => figure.Read(r.Run) is not null).Select(r => (r.Run, figure.Read(r.Run)!.Value))];
        return there.Length == 0 ? null : figure.IsHigherBetter ? there.MaxBy(r => r.Value) : there.MinBy(r => r.Value);
    }
}
