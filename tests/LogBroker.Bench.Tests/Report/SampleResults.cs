using LogBroker.Bench.Plan;
using LogBroker.Bench.Report;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Tests.Report;

/// <summary>Small results made by hand: only what a test says is in them.</summary>
internal static class SampleResults
{
    public static readonly MachineInfo SomeMachine = new("Some CPU", 2, 16_000_000_000, "6.1", "ext4", ".NET 10");

    public static Scenario Scenario(string name) => WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Single(s => s.Name == name);

    public static ResultFile File(params RunResult[] runs) => new()
    {
        Commit = "abc1234",
        Machine = SomeMachine,
        Arguments = "--workloads W1 --kafka-home /opt/somewhere/kafka",
        Scenarios = [.. runs.Select(r => r.Scenario).Distinct().Select(Scenario)],
        Runs = runs,
    };

    public static RunSet Set(params RunResult[] runs) => new([File(runs)]);

    public static RunResult Made(string scenario, string system, string client, int round, ClientResult? load = null) => new()
    {
        Scenario = scenario,
        Workload = Scenario(scenario).Workload,
        Class = Scenario(scenario).Class,
        System = system,
        Client = client,
        Round = round,
        Turn = 0,
        Started = new DateTimeOffset(2026, 11, 25, 10, 0, 0, TimeSpan.Zero),
        Load = load,
    };

    public static RunResult Ours(string scenario, int round, double megabytesPerSecond) =>
        Made(scenario, "logbroker", "sdk", round, Produced(megabytesPerSecond));

    public static RunResult Theirs(string scenario, string client, int round, double megabytesPerSecond) =>
        Made(scenario, "kafka", client, round, Produced(megabytesPerSecond));

    public static RunResult Failed(string scenario, string system, string client, int round, string line) =>
        Made(scenario, system, client, round) with { Failure = line };

    public static ClientResult Produced(double megabytesPerSecond) => new()
    {
        Client = "any",
        Produced = new Throughput((long)(megabytesPerSecond * 1e4), (long)(megabytesPerSecond * 1e7), 10),
    };

    public static ClientResult EndToEnd(double p50, double p99) => new()
    {
        Client = "any",
        EndToEnd = new Latency { Count = 50_000, P50 = p50, P99 = p99, P999 = p99 * 2, Max = p99 * 10 },
    };

    public static FsyncProbeResult Fsync(double p50) => new(1000, p50, p50 * 3);

    public static RenderedReport Render(ResultFile file, string notes = "", string? charts = null) =>
        MarkdownReport.Render([("folder/sample.json", file)], Notes.Parse(notes, "notes"), charts);
}
