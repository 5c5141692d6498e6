using System.Globalization;

namespace LogBroker.Server;

/// <summary>Writes sizes and lengths of time in the shortest exact form that the configuration takes. Pure.</summary>
internal static class UnitText
{
    private static readonly (string Unit, long Factor)[] Sizes =
        [("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10)];

    private static readonly (string Unit, long Factor)[] Durations =
        [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

    /// <summary>Bytes, such as <c>64KiB</c>.</summary>
    public static string OfBytes(long bytes) => Of(bytes, Sizes);

    /// <summary>Milliseconds, such as <c>7d</c>.</summary>
    public static string OfMilliseconds(long milliseconds) => Of(milliseconds, Durations);

    private static string Of(long number, (string Unit, long Factor)[] units)
    {
        foreach (var (unit, factor) in units)
        {
            if (number > 0 && number % factor == 0)
                return (number / factor).ToString(CultureInfo.InvariantCulture) + unit;
        }

        return number.ToString(CultureInfo.InvariantCulture);
    }
}
