using System.Globalization;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// What <c>kafka-consumer-perf-test</c> prints at its end. <paramref name="FetchStart"/> is when its group was joined: the time before
/// that is <paramref name="JoinSeconds"/> and counts for the tool, not for reading.
/// </summary>
internal sealed record ConsumerSummary(DateTime FetchStart, DateTime End, long Records, double JoinSeconds, double FetchSeconds);

/// <summary>A line of its detailed statistics: when, and the records so far.</summary>
internal sealed record ConsumerProgress(DateTime Time, long RecordsSoFar);

/// <summary>Reads the output of <c>kafka-consumer-perf-test</c>.</summary>
internal static class ConsumerPerfOutput
{
    private const int Columns = 10;
    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss:fff";

    /// <exception cref="BenchException">There is no line of figures.</exception>
    public static ConsumerSummary Summary(string output)
    {
        foreach (string line in output.Split('\n'))
        {
            if (Fields(line) is { } fields && Time(fields[0]) is { } start && Time(fields[1]) is { } end)
            {
                double joinSeconds = Number(fields[6]) / 1000;
                return new ConsumerSummary(
                    start.AddSeconds(joinSeconds), end, (long)Number(fields[4]), joinSeconds, Number(fields[7]) / 1000);
            }
        }

        throw new BenchException($"kafka-consumer-perf-test printed no figures: {output}");
    }

    /// <summary>Null for any other line.</summary>
    public static ConsumerProgress? Progress(string line) =>
        Fields(line) is { } fields && Time(fields[0]) is { } time && Time(fields[1]) is null
            ? new ConsumerProgress(time, (long)Number(fields[4]))
            : null;

    private static string[]? Fields(string line)
    {
        string[] fields = line.Trim().Split(", ");
        return fields.Length == Columns ? fields : null;
    }

    private static DateTime? Time(string field) =>
        DateTime.TryParseExact(field, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime time) ? time : null;

    private static double Number(string field) => double.Parse(field, CultureInfo.InvariantCulture);
}
