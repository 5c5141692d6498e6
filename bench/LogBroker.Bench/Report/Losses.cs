using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Report;

/// <summary>A figure in which the median of the paired ratios says that we are worse than a rival.</summary>
/// <param name="Where">The scenario, or how many of them.</param>
/// <param name="Class">Theirs.</param>
/// <param name="Figure">What is worse.</param>
/// <param name="Rival">Who is better.</param>
/// <param name="Ratios">With a ratio.</param>
internal sealed record Loss(string Where, DurabilityClass Class, Figure Figure, Rival Rival, PairedRatios Ratios)
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
           let loss = Find(runs, scenario.Name, [scenario], figure, rival)
           where loss is not null
           select loss,
        .. from durability in runs.Scenarios.Where(s => s.Nodes == 1).GroupBy(s => s.Class)
           let scenarios = durability.ToArray()
           from rival in Systems(runs.Contenders)
           let loss = Find(runs, "all together", scenarios, Figures.Start, rival)
           where loss is not null
           select loss,
    ];

    /// <summary>The systems beside ours in a scenario, each by the better of its clients.</summary>
    public static IEnumerable<Rival> RivalSystems(RunSet runs, Scenario scenario) => Systems(runs.ContendersOf(scenario.Name));

    private static IEnumerable<Rival> Systems(IEnumerable<Contender> contenders) =>
        contenders.Where(c => !c.IsOurs).GroupBy(c => c.System).Select(g => Rival.BestOf(g.Key, g.Count()));

    private static Loss? Find(RunSet runs, string where, Scenario[] scenarios, Figure figure, Rival rival) =>
        PairedRatios.Of(runs, scenarios, figure, rival) is { Ratio: { } ratio } ratios && figure.IsWorse(ratio.Median)
            ? new Loss(where, scenarios[0].Class, figure, rival, ratios)
            : null;
}
