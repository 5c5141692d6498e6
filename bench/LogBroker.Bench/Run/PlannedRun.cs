using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>One run of the matrix.</summary>
/// <param name="Scenario">What is run.</param>
/// <param name="Round">From 1.</param>
/// <param name="System">On which system.</param>
/// <param name="Client">With which of its load programs.</param>
/// <param name="Turn">Place in the round, from 0.</param>
internal sealed record PlannedRun(Scenario Scenario, int Round, IBenchedSystem System, string Client, int Turn)
{
    /// <summary>Such as <c>W1-A#1 kafka/java</c>.</summary>
    public string Title => $"{RoundKey} {System.Name}/{Client}";

    /// <summary>Key of what is measured once in a scenario's round.</summary>
    public string RoundKey => $"{Scenario.Name}#{Round}";

    /// <summary>A name for its data directory.</summary>
    public string DirectoryName => $"{Scenario.Name}-{Round}-{System.Name}-{Client}";

    /// <summary>Whether it stands at the same place of the matrix.</summary>
    public bool IsSameAs(RunResult result) => result.Scenario == Scenario.Name && result.Round == Round
        && result.System == System.Name && result.Client == Client;
}
