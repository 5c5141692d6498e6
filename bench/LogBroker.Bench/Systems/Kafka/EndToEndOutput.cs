using System.Text.RegularExpressions;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// Reads what <c>kafka-e2e-latency</c> prints. It names no maximum and cuts its percentiles to whole milliseconds, so it is kept as
/// text for a remark and does not become a latency distribution.
/// </summary>
internal static partial class EndToEndOutput
{
    /// <exception cref="BenchException">The two lines are not there.</exception>
    public static string Remark(string output)
    {
        Match average = AverageLine().Match(output);
        Match percentiles = PercentilesLine().Match(output);
        return average.Success && percentiles.Success
            ? $"kafka-e2e-latency, one record at a time to its consumer: mean {average.Groups[1].Value} ms, "
                + $"p50 {percentiles.Groups[1].Value}, p99 {percentiles.Groups[2].Value}, "
                + $"p99.9 {percentiles.Groups[3].Value} ms (cut to whole ms)"
            : throw new BenchException($"kafka-e2e-latency printed no latencies: {output}");
    }

    [GeneratedRegex(@"^Avg latency: ([\d.]+) ms", RegexOptions.Multiline)]
    private static partial Regex AverageLine();

    [GeneratedRegex(@"^Percentiles: 50th = ([\d.]+), 99th = ([\d.]+), 99\.9th = ([\d.]+)", RegexOptions.Multiline)]
    private static partial Regex PercentilesLine();
}
