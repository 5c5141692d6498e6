using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Report;

/// <summary>Says in words what a scenario is.</summary>
internal static class ScenarioText
{
    /// <summary>For the subtitle of a chart.</summary>
    public static string Short(Scenario scenario) =>
        $"class {scenario.Class} ({(scenario.Class == DurabilityClass.A ? "page cache" : "fsynced")}); "
        + string.Join(", ", Shape(scenario));

    /// <summary>For the head of a section: all settings.</summary>
    public static string Long(Scenario scenario)
    {
        List<string> parts = [.. Shape(scenario)];
        if (scenario.Kind is not LoadKind.Idle)
        {
            parts.Add($"batches of at most {Binary(scenario.BatchBytesMax)}");
            parts.Add($"linger {scenario.Linger.TotalMilliseconds:0.##} ms");
            parts.Add($"at most {Binary(scenario.InFlightBytesMax)} in flight for each producer");
        }

        if (scenario.PreloadBytes > 0)
        {
            string when = scenario.Kind == LoadKind.Rejoin ? "while a node was away" : "beforehand";
            parts.Add($"{Quantity.Text(scenario.PreloadBytes, Unit.Bytes)} written {when}");
        }

        if (scenario.Kind == LoadKind.Failover)
        {
            return $"{string.Join(", ", parts)}. In each round {scenario.NodeEnds} times for us and {scenario.NodeEndsOfRivals} times for "
                + $"others, each after {scenario.Warmup.TotalSeconds:0.##} s of the load, which goes on for "
                + $"{scenario.Duration.TotalSeconds:0.##} s after all partitions have leaders again; then the node comes back.";
        }

        if (scenario.Restart != RestartKind.None)
        {
            parts.Add(scenario.Restart == RestartKind.Kill ? "then ended by SIGKILL and started again" : "then stopped and started again");
        }

        return $"{string.Join(", ", parts)}. Measured for {scenario.Duration.TotalSeconds:0.##} s after "
            + $"{scenario.Warmup.TotalSeconds:0.##} s of warm-up, at most {Quantity.Text(scenario.BytesWrittenMax, Unit.Bytes)} written.";
    }

    /// <summary>What an acknowledgement means.</summary>
    public static string Class(DurabilityClass durability) => durability switch
    {
        DurabilityClass.A => "acknowledged = in the page cache (A)",
        DurabilityClass.B => "acknowledged = fsynced (B)",
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, "unknown class"),
    };

    private static IEnumerable<string> Shape(Scenario scenario)
    {
        if (scenario.Nodes > 1)
        {
            yield return $"{scenario.Nodes} nodes and replicas";
        }

        yield return Count(scenario.Partitions, "partition");
        if (scenario.Kind is not (LoadKind.CatchUp or LoadKind.Idle))
        {
            yield return Count(scenario.Producers, "producer");
        }

        if (scenario.Consumers > 0)
        {
            yield return Count(scenario.Consumers, "reader");
        }

        if (scenario.Kind is not LoadKind.Idle)
        {
            yield return $"{scenario.ValueBytes:#,##0} B values";
        }

        if (scenario.Kind == LoadKind.Singles)
        {
            yield return $"{scenario.RecordsInFlight} in flight, one record a batch";
        }
        else if (scenario.RecordsPerSecond > 0)
        {
            yield return $"{scenario.RecordsPerSecond:#,##0} records/s"
                + (scenario.Kind == LoadKind.Failover ? $", {Signal(scenario)} to the leader" : "");
        }
        else if (scenario.Kind is LoadKind.CatchUp)
        {
            yield return scenario.ColdCache ? "cold page cache" : "warm page cache";
        }
        else if (scenario.Kind is LoadKind.Idle)
        {
            yield return scenario.NodeEnd == RestartKind.None ? "no load" : "no load, then one node is killed";
        }
        else
        {
            yield return "unthrottled";
        }
    }

    private static string Signal(Scenario scenario) => scenario.NodeEnd == RestartKind.Kill ? "SIGKILL" : "SIGTERM";

    private static string Count(int number, string noun) => $"{number} {noun}{(number == 1 ? "" : "s")}";

    private static string Binary(int bytes) => bytes % (1 << 20) == 0 ? $"{bytes >> 20} MiB" : $"{bytes / 1024.0:0.##} KiB";
}
