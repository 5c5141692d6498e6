using System.Globalization;
using System.Text.RegularExpressions;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>What <c>kafka-producer-perf-test</c> prints once in a reporting interval: records whose acknowledgement came.</summary>
internal sealed record ProducerWindow(long Records, double Seconds, double LatencyAverageMs, double LatencyMaxMs);

/// <summary>What it prints at its end, of the records behind the warm-up where it had one.</summary>
internal sealed record ProducerSummary(long Records, double Seconds, Latency Latency);

/// <summary>Reads the output of <c>kafka-producer-perf-test</c>; its latencies are whole milliseconds.</summary>
internal static partial class ProducerPerfOutput
{
    private const double MicrosecondsPerMs = 1000;

    /// <summary>Null for any other line.</summary>
    public static ProducerWindow? Window(string line)
    {
        Match match = WindowLine().Match(line);
        if (!match.Success)
        {
            return null;
        }

        long records = long.Parse(match.Groups["records"].ValueSpan, CultureInfo.InvariantCulture);
        double rate = Number(match, "rate");
        return rate > 0 ? new ProducerWindow(records, records / rate, Number(match, "avg"), Number(match, "max")) : null;
    }

    /// <exception cref="BenchException">There is no summary.</exception>
    public static ProducerSummary Summary(string output)
    {
        Match[] summaries = SummaryLine().Matches(output).ToArray();
        Match match = summaries.FirstOrDefault(m => m.Groups["steady"].Success)
            ?? summaries.LastOrDefault()
            ?? throw new BenchException($"kafka-producer-perf-test printed no summary: {output}");
        long records = long.Parse(match.Groups["records"].ValueSpan, CultureInfo.InvariantCulture);
        double p50 = Number(match, "p50") * MicrosecondsPerMs;
        double p95 = Number(match, "p95") * MicrosecondsPerMs;
        double p99 = Number(match, "p99") * MicrosecondsPerMs;
        double p999 = Number(match, "p999") * MicrosecondsPerMs;
        double max = Number(match, "max") * MicrosecondsPerMs;
        return new ProducerSummary(records, records / Number(match, "rate"), new Latency
        {
            Count = records,
            P50 = p50,
            P99 = p99,
            P999 = p999,
            Max = max,
            Mean = Number(match, "avg") * MicrosecondsPerMs,
            Curve = [new(50, p50), new(95, p95), new(99, p99), new(99.9, p999), new(100, max)],
        });
    }

    private static double Number(Match match, string group) => double.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<records>\d+) records sent, (?<rate>[\d.]+) records/sec \([\d.]+ MB/sec\), "
        + @"(?<avg>[\d.]+) ms avg latency, (?<max>[\d.]+) ms max latency\.\s*$")]
    private static partial Regex WindowLine();

    [GeneratedRegex(
        @"^(?<records>\d+) (?<steady>steady state )?records sent, (?<rate>[\d.]+) records/sec \([\d.]+ MB/sec\), "
        + @"(?<avg>[\d.]+) ms avg latency, (?<max>[\d.]+) ms max latency, "
        + @"(?<p50>\d+) ms 50th, (?<p95>\d+) ms 95th, (?<p99>\d+) ms 99th, (?<p999>\d+) ms 99\.9th\.",
        RegexOptions.Multiline)]
    private static partial Regex SummaryLine();
}
