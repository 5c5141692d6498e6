using System.Globalization;

namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>The broker's metrics in Prometheus text.</summary>
internal static class MetricsText
{
    /// <summary>Fdatasync calls on data files: the count of the histogram of their durations.</summary>
    private const string SyncsSeries = "logbroker_fsync_duration_seconds_count";

    /// <summary>Fdatasync calls on data files so far; null when the text has no such series. The state store's own are not in it.</summary>
    public static long? Syncs(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(SyncsSeries, StringComparison.Ordinal)
                && double.TryParse(line[(line.LastIndexOf(' ') + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double count))
            {
                return (long)count;
            }
        }

        return null;
    }
}
