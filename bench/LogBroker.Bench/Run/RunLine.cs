using System.Globalization;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Report;
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

        AddNodes(parts, result);
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

    private static void AddNodes(List<string> parts, RunResult result)
    {
        if (Figures.Unavailable.Read(result) is { } median && Figures.UnavailableWorst.Read(result) is { } worst)
        {
            parts.Add(Text($"unavailable {median:0.000} s, worst {worst:0.000} s of {result.Load!.NodeLosses!.Count}"));
        }

        if (Figures.LeadersMoved.Read(result) is { } moved)
        {
            parts.Add(Text($"leaders moved after {moved:0.00} s"));
        }

        if (Figures.InSync.Read(result) is { } inSync)
        {
            parts.Add(Text($"in sync {inSync:0.0} s after the start"));
        }

        if (result.Load?.NodeReturn is { } back)
        {
            parts.Add(Text($"caught up at {back.MegabytesPerSecond:0.0} MB/s"));
            if (back is { AckP99BeforeMicroseconds: { } before, AckP99DuringMicroseconds: { } during })
            {
                parts.Add(Text($"ack p99 {before / 1e3:0.00} ms before, {during / 1e3:0.00} ms meanwhile"));
            }
        }
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
