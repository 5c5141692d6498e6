using System.Globalization;
using System.Text.RegularExpressions;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Redis;

/// <summary>What <c>redis-benchmark</c> printed about one run.</summary>
/// <param name="RecordsPerSecond">Of all its connections together.</param>
/// <param name="Ack">
/// From a request to its answer; with pipelining, of a whole pipeline. p90 and above p99 are upper bounds out of its tables. Null when
/// it prints none, as before version 6.2.
/// </param>
internal sealed partial record RedisBenchmarkOutput(double RecordsPerSecond, Latency? Ack)
{
    private const double MicrosecondsPerMillisecond = 1000;

    /// <exception cref="BenchException">There is no result in it.</exception>
    public static RedisBenchmarkOutput Parse(string output)
    {
        Match rate = Rate().Match(output);
        if (!rate.Success)
        {
            throw new BenchException("redis-benchmark printed no result: " + output.Trim());
        }

        return new RedisBenchmarkOutput(Number(rate, 1), ParseLatency(output));
    }

    private static Latency? ParseLatency(string output)
    {
        Match summary = Summary().Match(output);
        int second = output.IndexOf("Cumulative distribution", StringComparison.Ordinal);
        if (!summary.Success || second < 0)
        {
            return null;
        }

        Row[] byPercentile = Rows(output[..second]);
        Row[] all = [.. byPercentile, .. Rows(output[second..])];
        return new Latency
        {
            Count = all.Max(r => r.Count),
            Mean = Microseconds(summary, 1),
            P50 = Microseconds(summary, 3),
            P90 = AtLeast(all, 90),
            P99 = Microseconds(summary, 5),
            P999 = AtLeast(all, 99.9),
            P9999 = AtLeast(all, 99.99),
            Max = Microseconds(summary, 6),
            Curve = [.. byPercentile.Select(r => new CurvePoint(r.Percentile, r.Microseconds))],
        };
    }

    private static double? AtLeast(Row[] rows, double percentile) =>
        rows.Where(r => r.Percentile >= percentile).Min(r => (double?)r.Microseconds);

    private static Row[] Rows(string table) =>
    [
        .. TableRow().Matches(table)
            .Select(m => new Row(Number(m, 1), Microseconds(m, 2), (long)Number(m, 3))),
    ];

    // It prints milliseconds with three digits.
    private static double Microseconds(Match match, int group) => Math.Round(Number(match, group) * MicrosecondsPerMillisecond);

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"throughput summary: ([\d.]+) requests per second")]
    private static partial Regex Rate();

    [GeneratedRegex(@"avg\s+min\s+p50\s+p95\s+p99\s+max\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)")]
    private static partial Regex Summary();

    [GeneratedRegex(@"([\d.]+)% <= ([\d.]+) milliseconds \(cumulative count (\d+)\)")]
    private static partial Regex TableRow();

    private readonly record struct Row(double Percentile, double Microseconds, long Count);
}
