using System.Globalization;

namespace LogBroker.Rpc;

/// <summary>The <c>grpc-timeout</c> header: 1 to 8 digits and a unit (source: grpc/doc/PROTOCOL-HTTP2.md, "Timeout").</summary>
internal static class TimeoutCoding
{
    private const long DigitsMax = 99_999_999;

    /// <summary>The finest unit that fits, rounded up, so that the server never gives up before the client.</summary>
    public static string Encode(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return "1n";
        return TryUnit(timeout, TimeSpan.TicksPerMicrosecond, 'u')
            ?? TryUnit(timeout, TimeSpan.TicksPerMillisecond, 'm')
            ?? TryUnit(timeout, TimeSpan.TicksPerSecond, 'S')
            ?? TryUnit(timeout, TimeSpan.TicksPerMinute, 'M')
            ?? TryUnit(timeout, TimeSpan.TicksPerHour, 'H')
            ?? $"{DigitsMax}H";
    }

    /// <summary>False if the header is malformed. Values beyond <see cref="TimeSpan.MaxValue"/> become it.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || text[..^1].ContainsAnyExceptInRange('0', '9'))
            return false;
        var value = long.Parse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture);
        switch (text[^1])
        {
            case 'n':
                timeout = new TimeSpan((value + 99) / 100);
                return true;
            case 'u':
                timeout = new TimeSpan(value * TimeSpan.TicksPerMicrosecond);
                return true;
            case 'm':
                timeout = new TimeSpan(value * TimeSpan.TicksPerMillisecond);
                return true;
            case 'S':
                timeout = new TimeSpan(value * TimeSpan.TicksPerSecond);
                return true;
            case 'M':
                timeout = new TimeSpan(value * TimeSpan.TicksPerMinute);
                return true;
            case 'H':
                timeout = value > TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerHour
                    ? TimeSpan.MaxValue
                    : new TimeSpan(value * TimeSpan.TicksPerHour);
                return true;
            default:
                return false;
        }
    }

    private static string? TryUnit(TimeSpan timeout, long ticksPerUnit, char unit)
    {
        var value = timeout.Ticks / ticksPerUnit + (timeout.Ticks % ticksPerUnit == 0 ? 0 : 1);
        return value <= DigitsMax ? string.Create(CultureInfo.InvariantCulture, $"{value}{unit}") : null;
    }
}
