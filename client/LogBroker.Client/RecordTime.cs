namespace LogBroker.Client;

/// <summary>Milliseconds since 1970-01-01 as a date; beyond the years 1 to 9999 cut to them.</summary>
internal static class RecordTime
{
    private static readonly long MsMin = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long MsMax = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static DateTimeOffset Of(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, MsMin, MsMax));
}
