using System.Globalization;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Run;

/// <summary>A scenario in words, on one line.</summary>
internal static class ScenarioLine
{
    public static string Of(Scenario scenario)
    {
        var parts = new List<string> { $"class {scenario.Class}", Load(scenario), Count(scenario.Partitions, "partition") };
        if (scenario.Nodes > 1)
        {
            parts.Insert(1, Count(scenario.Nodes, "node"));
        }

        bool isWriting = scenario.Kind != LoadKind.Idle && scenario.Kind != LoadKind.CatchUp;
        if (isWriting)
        {
            parts.Add(Count(scenario.Producers, "producer"));
        }

        if (scenario.Consumers > 0)
        {
            parts.Add(Count(scenario.Consumers, "reader"));
        }

        parts.Add($"values of {scenario.ValueBytes} B");
        if (isWriting)
        {
            parts.Add(Text($"linger {scenario.Linger.TotalMilliseconds} ms"));
            parts.Add(Text($"{scenario.Warmup.TotalSeconds} + {scenario.Duration.TotalSeconds} s"));
        }

        if (scenario.Restart != RestartKind.None)
        {
            parts.Add(scenario.Restart == RestartKind.Kill ? "then killed and restarted" : "then stopped and restarted");
        }

        if (scenario.Kind == LoadKind.Idle && scenario.NodeEnd != RestartKind.None)
        {
            parts.Add("then a node is ended");
        }

        return string.Join(", ", parts);
    }

    private static string Load(Scenario scenario) => scenario.Kind switch
    {
        LoadKind.Ingest => "write as fast as it goes",
        LoadKind.Tail => "write and read as fast as it goes",
        LoadKind.FixedRate => Text($"{scenario.RecordsPerSecond:N0} records/s, open loop"),
        LoadKind.Singles => $"{Count(scenario.RecordsInFlight, "single record")} in flight",
        LoadKind.CatchUp => Text($"read {scenario.PreloadBytes / 1e9:0.0} GB, {(scenario.ColdCache ? "cold" : "warm")}"),
        LoadKind.Failover => Text($"{scenario.RecordsPerSecond:N0} records/s, {Signal(scenario)} to the leader {scenario.NodeEnds} times")
            + Text($" ({scenario.NodeEndsOfRivals} for others)"),
        LoadKind.Rejoin => Text($"{scenario.RecordsPerSecond:N0} records/s, a node comes back {scenario.PreloadBytes / 1e9:0.0} GB later"),
        LoadKind.Idle when scenario.PreloadBytes > 0 => Text($"idle with {scenario.PreloadBytes / 1e9:0.0} GB"),
        _ => "idle",
    };

    private static string Signal(Scenario scenario) => scenario.NodeEnd == RestartKind.Kill ? "SIGKILL" : "SIGTERM";

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : Text($"{count} {what}s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
