using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Report;

/// <summary>What became of a target.</summary>
public enum Verdict
{
    Met,
    Missed,
    NotMeasured,
}

/// <summary>A verdict and, in words, the value that it rests on or why there is none.</summary>
internal sealed record Finding(Verdict Verdict, string Measured);

/// <summary>A goal in one class of durability.</summary>
/// <param name="Row">What groups targets in the table and what notes refer to, such as <c>W1-A</c> or <c>memory</c>.</param>
/// <param name="Class">The class of the runs that it is judged by.</param>
/// <param name="Scenario">The scenario that is judged; null for goals over all scenarios of the class.</param>
/// <param name="Rule">In words.</param>
/// <param name="Evaluate">Judges it.</param>
internal sealed record Target(string Row, DurabilityClass Class, string? Scenario, string Rule, Func<RunSet, Finding> Evaluate)
{
    /// <summary>Judges it; numbers of a run that lost acknowledged records meet nothing.</summary>
    public Finding Judge(RunSet runs)
    {
        Finding finding = Evaluate(runs);
        bool isLossy = runs.All.Any(r => r.Contender.IsOurs && r.Run.Class == Class && (Scenario is null || r.Run.Scenario == Scenario)
            && r.Run is { Failure: null, Verify.IsComplete: false });
        return isLossy && finding.Verdict == Verdict.Met
            ? new Finding(Verdict.Missed, finding.Measured + "; but acknowledged records are missing")
            : finding;
    }
}
