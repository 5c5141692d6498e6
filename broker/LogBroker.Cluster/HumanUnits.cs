using System.Globalization;

namespace LogBroker.Cluster;

/// <summary>
/// Reads sizes and durations as people write them: <c>1048576</c>, <c>1MiB</c>, <c>64kb</c>, <c>604800000</c>, <c>7d</c>,
/// <c>1.5h</c>, <c>250ms</c>. Without a unit a size is in bytes and a duration in milliseconds. KiB, MiB, GiB, TiB are powers of
/// 1024, kB, MB, GB, TB of 1000; case does not matter. Pure.
/// </summary>
public static class HumanUnits
{
    private static readonly (string Unit, decimal Factor)[] SizeUnits =
    [
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40),
        ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
        ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40),
        ("b", 1),
    ];

    private static readonly (string Unit, decimal Factor)[] DurationUnits =
    [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 7 * 86_400_000),
    ];

    /// <summary>Bytes, or false when it is no size or does not fit into 63 bits.</summary>
    public static bool TryParseBytes(string text, out long bytes) => TryParse(text, SizeUnits, out bytes);

    /// <summary>Milliseconds, or false when it is no duration or does not fit into 63 bits.</summary>
    public static bool TryParseMilliseconds(string text, out long milliseconds) => TryParse(text, DurationUnits, out milliseconds);

    private static bool TryParse(string text, (string Unit, decimal Factor)[] units, out long value)
    {
        value = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        int digits = 0;
        while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] is '.' or '-' or '_'))
        {
            digits++;
        }

        string number = rest[..digits].ToString().Replace("_", "", StringComparison.Ordinal);
        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        if (number.Length > 25 || !decimal.TryParse(number, Style, CultureInfo.InvariantCulture, out decimal count))
        {
            return false;
        }

        string unit = rest[digits..].Trim().ToString();
        decimal factor = unit.Length == 0 ? 1 : FactorOf(unit, units);
        if (factor == 0)
        {
            return false;
        }

        decimal product;
        try
        {
            product = count * factor;
        }
        catch (OverflowException)
        {
            return false;
        }

        if (product != decimal.Truncate(product) || product < long.MinValue || product > long.MaxValue)
        {
            return false;
        }

        value = (long)product;
        return true;
    }

    private static decimal FactorOf(string unit, (string Unit, decimal Factor)[] units)
    {
        foreach ((string known, decimal factor) in units)
        {
            if (string.Equals(known, unit, StringComparison.OrdinalIgnoreCase))
            {
                return factor;
            }
        }

        return 0;
    }
}
