using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Report;

/// <summary>A system with one of its load programs.</summary>
internal sealed record Contender(string System, string Client)
{
    /// <summary>The name of our own system.</summary>
    public const string Ours = "logbroker";

    public bool IsOurs => System == Ours;

    public override string ToString() => $"{System} · {Client}";
}

/// <summary>A run and the number of the file that it is from. Runs of one file, scenario and round are a pair.</summary>
internal sealed record MeasuredRun(int File, RunResult Run)
{
    public Contender Contender => new(Run.System, Run.Client);

    public (int File, int Round) Pair => (File, Run.Round);
}

/// <summary>
/// The runs of some result files, by scenario. Scenarios are in the order of the catalogue, unknown ones after them; ours comes first
/// among the contenders.
/// </summary>
internal sealed class RunSet
{
    private readonly ILookup<string, MeasuredRun> _runs;

    /// <exception cref="BenchException">The files are of different machines, or ran a scenario in different ways.</exception>
    public RunSet(IReadOnlyList<ResultFile> files)
    {
        Files = files;
        if (files.Select(f => (f.Machine.Cpu, f.Machine.Cores)).Distinct().Count() > 1)
        {
            throw new BenchException("the result files are of different machines; numbers of different machines are not put side by side");
        }

        IGrouping<string, Scenario>? differing = files.SelectMany(f => f.Scenarios).Distinct().GroupBy(s => s.Name)
            .FirstOrDefault(g => g.Count() > 1);
        if (differing is not null)
        {
            throw new BenchException($"{differing.Key} was run with different settings in these result files; report them one by one");
        }

        string[] catalogue = [.. WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Select(s => s.Name)];
        Scenarios = [.. files.SelectMany(f => f.Scenarios).Distinct().OrderBy(s => (uint)Array.IndexOf(catalogue, s.Name))];
        _runs = files.SelectMany((f, index) => f.Runs.Select(r => new MeasuredRun(index, r))).ToLookup(r => r.Run.Scenario);
    }

    public IReadOnlyList<ResultFile> Files { get; }

    public IReadOnlyList<Scenario> Scenarios { get; }

    public IEnumerable<MeasuredRun> All => Scenarios.SelectMany(s => _runs[s.Name]);

    public Scenario? Find(string scenario) => Scenarios.FirstOrDefault(s => s.Name == scenario);

    /// <summary>All runs of a scenario, failed ones too.</summary>
    public IEnumerable<MeasuredRun> RunsOf(string scenario) => _runs[scenario];

    /// <summary>Those that have numbers.</summary>
    public IEnumerable<MeasuredRun> Succeeded(string scenario) => _runs[scenario].Where(r => r.Run.Failure is null);

    public IEnumerable<MeasuredRun> Succeeded(string scenario, Contender contender) =>
        Succeeded(scenario).Where(r => r.Contender == contender);

    /// <summary>Ours, then Kafka, then the others by name.</summary>
    public IReadOnlyList<Contender> ContendersOf(string scenario) => Sort(_runs[scenario]);

    public IReadOnlyList<Contender> Contenders => Sort(All);

    /// <summary>Over the rounds that succeeded.</summary>
    public Spread? SpreadOf(string scenario, Contender contender, Figure figure) =>
        Spread.Of(Succeeded(scenario, contender).Select(r => figure.Read(r.Run)));

    /// <summary>The figure that stands for a scenario; null when nobody has any.</summary>
    public Figure? HeadlineOf(Scenario scenario) =>
        Figures.Headline(scenario).FirstOrDefault(f => Succeeded(scenario.Name).Any(r => f.Read(r.Run) is not null));

    /// <summary>What the disk did beside a run's scenario and round, where it was measured.</summary>
    public DiskProbeResult? DiskProbeFor(MeasuredRun run) =>
        Files[run.File].DiskProbes.GetValueOrDefault($"{run.Run.Scenario}#{run.Run.Round}");

    private static IReadOnlyList<Contender> Sort(IEnumerable<MeasuredRun> runs) =>
    [
        .. runs.Select(r => r.Contender).Distinct()
            .OrderBy(c => c.IsOurs ? 0 : c.System == Rival.KafkaName ? 1 : 2)
            .ThenBy(c => c.System, StringComparer.Ordinal).ThenBy(c => c.Client, StringComparer.Ordinal),
    ];
}
