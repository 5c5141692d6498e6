using System.Globalization;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Run;

/// <summary>The key figures of one run on one line.</summary>
internal static class RunLine
{
    public static string Of(Scenario scenario, RunResult result)
    {
        if (result.Failure is not null)
        {
            return "FAILED: " + result.Failure;
        }

        var parts = new List<string>();
        ClientResult? load = result.Load;
        bool isLatencyAsked = scenario.Kind is LoadKind.FixedRate or LoadKind.Singles;
        if (scenario.Kind == LoadKind.Singles && load?.Produced is { } singles)
        {
            parts.Add(Text($"{singles.RecordsPerSecond:N0} records/s"));
        }
        else if (!isLatencyAsked)
        {
            AddThroughput(parts, "in", load?.Produced, scenario);
            AddThroughput(parts, "out", load?.Consumed, scenario);
        }

        if (isLatencyAsked)
        {
            AddLatency(parts, "ack", load?.Ack);
            AddLatency(parts, "end to end", load?.EndToEnd);
        }

        if (result.Broker is { } broker)
        {
            parts.Add(broker.CpuSecondsPerGigabyte is { } perGigabyte
                ? Text($"broker {perGigabyte:0.00} CPU s/GB")
                : Text($"broker {broker.CpuPercent:0.0} % CPU"));
            parts.Add(Text($"{broker.RssAnonBytesPeak / 1e6:0} MB"));
        }

        if (result.RestartSeconds is { } restart)
        {
            parts.Add(Text($"again there after {restart:0.00} s"));
        }

        if (result.Verify is null)
        {
            parts.Add("not verified");
        }

        return string.Join(", ", parts);
    }

    private static void AddThroughput(List<string> parts, string way, Throughput? throughput, Scenario scenario)
    {
        if (throughput is not null)
        {
            string records = scenario.ValueBytes < 512 ? Text($" ({throughput.RecordsPerSecond / 1e6:0.00} M/s)") : "";
            parts.Add(Text($"{way} {throughput.MegabytesPerSecond:0.0} MB/s") + records);
        }
    }

    private static void AddLatency(List<string> parts, string name, Latency? latency)
    {
        if (latency is not null)
        {
            parts.Add(Text($"{name} p50 {latency.P50 / 1e3:0.00} p99 {latency.P99 / 1e3:0.00} ms"));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
