namespace LogBroker.Bench.Report;

/// <summary>What a figure is counted in.</summary>
public enum Unit
{
    RecordsPerSecond,
    MegabytesPerSecond,
    Microseconds,
    CpuSecondsPerGigabyte,
    PercentOfCore,
    Bytes,
    Count,
    Seconds,
    Ratio,
}

/// <summary>Writes numbers for people: three digits, and a unit that fits the size. Bytes are decimal (1 MB = 10^6).</summary>
internal static class Quantity
{
    /// <summary>One value with its unit.</summary>
    public static string Text(double value, Unit unit)
    {
        (double scale, string suffix) = Scale(value, unit);
        return Digits(value / scale) + suffix;
    }

    /// <summary>Median with its unit, and the range in the same unit when the rounds differ; empty for null.</summary>
    public static string Text(Spread? spread, Unit unit)
    {
        if (spread is null)
        {
            return "";
        }

        (double scale, string suffix) = Scale(spread.Median, unit);
        string median = Digits(spread.Median / scale) + suffix;
        return spread.Min == spread.Max ? median : $"{median} ({Digits(spread.Min / scale)}–{Digits(spread.Max / scale)})";
    }

    /// <summary>Three significant digits, at least to the unit; thousands with commas.</summary>
    public static string Digits(double value)
    {
        double size = Math.Abs(value);
        return size switch
        {
            0 => "0",
            >= 99.95 => value.ToString("#,##0"),
            >= 9.995 => value.ToString("0.0"),
            >= 0.9995 => value.ToString("0.00"),
            >= 0.0995 => value.ToString("0.000"),
            >= 0.0005 => value.ToString("0.0000"),
            _ => value.ToString("0.0e0"),
        };
    }

    private static (double Scale, string Suffix) Scale(double value, Unit unit) => unit switch
    {
        Unit.Microseconds => value < 999.5 ? (1, " µs") : value < 999_500 ? (1e3, " ms") : (1e6, " s"),
        Unit.RecordsPerSecond or Unit.Count => value < 9_999.5 ? (1, "") : value < 999_500 ? (1e3, " k") : (1e6, " M"),
        Unit.Bytes => value < 999.5 ? (1, " B") : value < 999_500 ? (1e3, " kB") : value < 999.5e6 ? (1e6, " MB") : (1e9, " GB"),
        Unit.Seconds => value < 0.9995 ? (1e-3, " ms") : (1, " s"),
        Unit.PercentOfCore => (1, " %"),
        Unit.Ratio => (1, "×"),
        Unit.MegabytesPerSecond or Unit.CpuSecondsPerGigabyte => (1, ""),
        _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "unknown unit"),
    };
}
