using LogBroker.Bench.Results;
using static LogBroker.Bench.Report.TargetRules;

namespace LogBroker.Bench.Report;

/// <summary>The kinds of goals in which nodes are ended: all ends of all rounds count alike.</summary>
internal static class ClusterTargetRules
{
    /// <summary>The median time without an acknowledgement, in seconds.</summary>
    public static Func<RunSet, Finding> UnavailableMedian(string scenarioName, double limitSeconds) => runs =>
        Unavailable(runs, scenarioName) is { } spread ? Judge(spread.Median <= limitSeconds, Measured(spread)) : NoRunOfOurs;

    /// <summary>The longest of them; with fewer ends than asked for it counts as not measured, unless it is too long already.</summary>
    public static Func<RunSet, Finding> UnavailableWorst(string scenarioName, double limitSeconds, int ends) => runs =>
        Unavailable(runs, scenarioName) is not { } spread ? NoRunOfOurs
        : spread.Count < ends && spread.Max <= limitSeconds
            ? new Finding(Verdict.NotMeasured, $"{Measured(spread)}, but {ends} are asked for")
        : Judge(spread.Max <= limitSeconds, $"worst {Quantity.Text(spread.Max, Unit.Seconds)} of {spread.Count}");

    /// <summary>Everything that was acknowledged is there, in every run of ours, failed ones included.</summary>
    public static Func<RunSet, Finding> NothingLost(string scenarioName) => runs =>
    {
        VerifyResult[] verified =
            [.. runs.RunsOf(scenarioName).Where(r => r.Contender.IsOurs).Select(r => r.Run.Verify).OfType<VerifyResult>()];
        long lost = verified.Sum(v => Math.Max(0, v.RecordsExpected - v.RecordsFound));
        return verified.Length == 0
            ? new Finding(Verdict.NotMeasured, "no run of ours was verified")
            : Judge(verified.All(v => v.IsComplete), $"{lost} of {verified.Sum(v => v.RecordsExpected):#,##0} lost");
    };

    private static Spread? Unavailable(RunSet runs, string scenarioName) =>
        Spread.Of(Ours(runs, scenarioName).SelectMany(r => r.Run.Load?.NodeLosses ?? []).Select(l => l.UnavailableSeconds));

    private static string Measured(Spread spread) => $"{Quantity.Text(spread, Unit.Seconds)} over {spread.Count}";
}
