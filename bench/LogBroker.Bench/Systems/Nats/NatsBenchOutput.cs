using System.Globalization;
using System.Text.RegularExpressions;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>What <c>nats bench js</c> printed about one run.</summary>
/// <param name="RecordsPerSecond">Of all its clients together.</param>
/// <param name="Ack">
/// Per operation, which is one record with <c>pub sync</c> and one batch otherwise; null when it printed none, as for consumers.
/// </param>
internal sealed partial record NatsBenchOutput(double RecordsPerSecond, Latency? Ack)
{
    /// <param name="output">Both streams; the progress bar is off.</param>
    /// <param name="operations">How many the latencies stand for.</param>
    /// <exception cref="BenchException">There is no result in it.</exception>
    public static NatsBenchOutput Parse(string output, long operations)
    {
        Match rate = Rate().Match(output);
        if (!rate.Success || Number(rate.Groups[1]) == 0)
        {
            throw new BenchException("nats bench printed no result: " + output.Trim());
        }

        // One client has its latencies on the line of the rate, several have them two lines below.
        Match latencies = Latencies().Match(output, rate.Index);
        return new NatsBenchOutput(Number(rate.Groups[1]), latencies.Success ? ToLatency(latencies, operations) : null);
    }

    private static Latency ToLatency(Match latencies, long operations) => new()
    {
        Count = operations,
        Mean = Number(latencies.Groups["avg"]),
        Max = Number(latencies.Groups["max"]),
        P50 = Number(latencies.Groups["p50"]),
        P90 = Number(latencies.Groups["p90"]),
        P99 = Number(latencies.Groups["p99"]),
        P999 = Number(latencies.Groups["p999"]),
    };

    private static double Number(Group group) =>
        double.Parse(group.ValueSpan, NumberStyles.AllowThousands | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"stats: ([\d,]+) msgs/sec")]
    private static partial Regex Rate();

    [GeneratedRegex(
        @"avg:? (?<avg>[\d,.]+)us.*?max:? (?<max>[\d,.]+)us.*?P50:? (?<p50>[\d,.]+)us.*?P90:? (?<p90>[\d,.]+)us.*?"
        + @"P99:? (?<p99>[\d,.]+)us.*?P99\.9:? (?<p999>[\d,.]+)us")]
    private static partial Regex Latencies();
}
