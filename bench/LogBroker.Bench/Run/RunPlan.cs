using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>Which runs there are, and in which order.</summary>
/// <param name="Scenarios">Those that at least one system can run.</param>
/// <param name="Runs">
/// Scenario by scenario, all rounds of one next to each other so that what is compared meets the machine in the same mood. Odd
/// rounds go through systems and clients forwards, even ones backwards: whoever comes first has no advantage.
/// </param>
/// <param name="LeftOut">One line for each system that is absent.</param>
internal sealed record RunPlan(IReadOnlyList<Scenario> Scenarios, IReadOnlyList<PlannedRun> Runs, IReadOnlyList<string> LeftOut)
{
    public const int DefaultRounds = 3;

    private static readonly string[] QuickScenarios = ["W1-A", "W1-B", "W5-A-5000", "W5-B-5000", "W6-A", "W6-B"];
    private static readonly string[] QuickSystems = ["logbroker", "kafka"];

    // Of several load programs the one that is known to get most out of its system; otherwise the first.
    private const string QuickClient = "franz-go";

    private static readonly TimeSpan QuickDuration = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan QuickWarmup = TimeSpan.FromSeconds(2);

    /// <summary>Makes the plan.</summary>
    /// <exception cref="UsageException">A name is unknown, or nothing is left to run.</exception>
    public static RunPlan Create(RunOptions options, IReadOnlyList<IBenchedSystem> systems)
    {
        IReadOnlyList<Scenario> scenarios = [.. ChooseScenarios(options).Select(s => WithTimes(s, options))];
        IReadOnlyList<IBenchedSystem> chosen = ChooseSystems(options, systems);
        var leftOut = new List<string>();
        var present = new List<IBenchedSystem>();
        foreach (IBenchedSystem system in chosen)
        {
            if (system.WhyAbsent() is { } why)
            {
                leftOut.Add(why.StartsWith(system.Name, StringComparison.OrdinalIgnoreCase) ? why : $"{system.Name}: {why}");
            }
            else
            {
                present.Add(system);
            }
        }

        if (present.Count == 0)
        {
            throw new UsageException("no system can be run: " + string.Join("; ", leftOut));
        }

        int rounds = options.Rounds ?? (options.Quick ? 1 : DefaultRounds);
        PlannedRun[] runs = [.. scenarios.SelectMany(s => RunsOf(s, rounds, present, options.Quick))];
        return runs.Length == 0
            ? throw new UsageException("none of the systems has a load program for these scenarios")
            : new RunPlan([.. runs.Select(r => r.Scenario).Distinct()], runs, leftOut);
    }

    private static IEnumerable<PlannedRun> RunsOf(Scenario scenario, int rounds, IReadOnlyList<IBenchedSystem> systems, bool isQuick)
    {
        (IBenchedSystem System, string Client)[] forwards =
            [.. systems.SelectMany(s => Clients(s.ClientsFor(scenario)).Select(c => (s, c)))];
        return Enumerable.Range(1, rounds).SelectMany(round => (round % 2 == 1 ? forwards : forwards.Reverse())
            .Select((p, turn) => new PlannedRun(scenario, round, p.System, p.Client, turn)));

        IEnumerable<string> Clients(IReadOnlyList<string> all) =>
            !isQuick ? all : all.Contains(QuickClient) ? [QuickClient] : all.Take(1);
    }

    private static IReadOnlyList<Scenario> ChooseScenarios(RunOptions options)
    {
        if (options.Workloads is not null && options.Scenarios is not null)
        {
            throw new UsageException("--workloads and --scenarios: give one of them");
        }

        if (options.Quick && (options.Workloads ?? options.Scenarios) is not null)
        {
            throw new UsageException("--quick chooses the scenarios itself: leave out --workloads and --scenarios");
        }

        Scenario[] all = [.. WorkloadCatalogue.All.SelectMany(w => w.Scenarios)];
        RequireKnown("--workloads", options.Workloads, WorkloadCatalogue.All.Select(w => w.Id));
        RequireKnown("--scenarios", options.Scenarios, all.Select(s => s.Name));
        IReadOnlyList<string>? names = options.Quick ? QuickScenarios : options.Scenarios;
        bool isNamed = (options.Workloads ?? options.Scenarios) is not null; // three nodes take an hour: only for who asks for them
        Scenario[] chosen =
        [
            .. all.Where(s => options.Workloads?.Contains(s.Workload, StringComparer.OrdinalIgnoreCase) ?? true)
                .Where(s => names?.Contains(s.Name, StringComparer.OrdinalIgnoreCase) ?? true)
                .Where(s => options.Classes?.Contains(s.Class) ?? true)
                .Where(s => s.Nodes == 1 || isNamed),
        ];
        return chosen.Length > 0
            ? chosen
            : throw new UsageException($"--classes: none of the chosen scenarios is of class {string.Join(" or ", options.Classes!)}");
    }

    private static IReadOnlyList<IBenchedSystem> ChooseSystems(RunOptions options, IReadOnlyList<IBenchedSystem> systems)
    {
        RequireKnown("--systems", options.Systems, systems.Select(s => s.Name));
        IReadOnlyList<string>? names = options.Systems ?? (options.Quick ? QuickSystems : null);
        return [.. systems.Where(s => names?.Contains(s.Name, StringComparer.OrdinalIgnoreCase) ?? true)];
    }

    private static void RequireKnown(string option, IReadOnlyList<string>? given, IEnumerable<string> known)
    {
        string? unknown = given?.FirstOrDefault(g => !known.Contains(g, StringComparer.OrdinalIgnoreCase));
        if (unknown is not null)
        {
            throw new UsageException($"{option}: '{unknown}' is none of {string.Join(", ", known)}");
        }
    }

    /// <summary>Where data is preloaded, bytes and not time bound the run, and the scenario's own times stay.</summary>
    private static Scenario WithTimes(Scenario scenario, RunOptions options)
    {
        if (scenario.PreloadBytes > 0)
        {
            return scenario;
        }

        return scenario with
        {
            Duration = Chosen(options.Seconds, options.Quick ? QuickDuration : scenario.Duration),
            Warmup = Chosen(options.WarmupSeconds, options.Quick ? QuickWarmup : scenario.Warmup),
        };

        static TimeSpan Chosen(int? seconds, TimeSpan otherwise) => seconds is { } s ? TimeSpan.FromSeconds(s) : otherwise;
    }
}
