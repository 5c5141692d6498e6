using System.Globalization;

namespace LogBroker.Cli;

/// <summary>Milliseconds since 1970-01-01 as ISO 8601 in UTC.</summary>
internal static class TimestampText
{
    private static readonly long MsMin = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long MsMax = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>For example <c>2026-02-14T08:30:00.000Z</c>; a number where the calendar ends, <c>-</c> for none.</summary>
    public static string Of(long timestampMs) =>
        timestampMs == -1 ? "-"
        : timestampMs < MsMin || timestampMs > MsMax ? timestampMs.ToString(CultureInfo.InvariantCulture)
        : DateTimeOffset.FromUnixTimeMilliseconds(timestampMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
