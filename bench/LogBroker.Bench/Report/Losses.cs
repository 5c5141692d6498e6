using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Report;

/// <summary>A figure in which the median of the paired ratios says that we are worse than a rival.</summary>
internal sealed record Loss(Scenario Scenario, Figure Figure, Rival Rival, PairedRatios Ratios)
{
    /// <summary>The smallest and the largest ratio lie on both sides of 1.</summary>
    public bool IsWithinNoise => Ratios.Ratio is { } r && r.Min <= 1 && r.Max >= 1;
}

/// <summary>Finds where we lose: nobody chooses what is listed.</summary>
internal static class Losses
{
    /// <summary>All of them, in the order of the scenarios; a system with several clients counts by the better one of each round.</summary>
    public static IReadOnlyList<Loss> Of(RunSet runs) =>
    [
        .. from scenario in runs.Scenarios
           from rival in RivalSystems(runs, scenario)
           from figure in Figures.Compared(scenario.Kind)
           let ratios = PairedRatios.Of(runs, scenario, figure, rival)
           where ratios?.Ratio is { } ratio && figure.IsWorse(ratio.Median)
           select new Loss(scenario, figure, rival, ratios),
    ];

    /// <summary>The systems beside ours in a scenario, each by the better of its clients.</summary>
    public static IEnumerable<Rival> RivalSystems(RunSet runs, Scenario scenario) =>
        runs.ContendersOf(scenario.Name).Where(c => !c.IsOurs).GroupBy(c => c.System).Select(g => Rival.BestOf(g.Key, g.Count()));
}
