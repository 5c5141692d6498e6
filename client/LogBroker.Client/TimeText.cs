using System.Globalization;

namespace LogBroker.Client;

/// <summary>The part of a position's text behind the <c>@</c>.</summary>
internal static class TimeText
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mm",
        "yyyy-MM-dd'T'HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF",
        "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>The first and last millisecond that .NET can write as a date.</summary>
    private static readonly long DateMsMin = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long DateMsMax = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static bool TryParse(ReadOnlySpan<char> text, TimeProvider time, out long timestampMs)
    {
        timestampMs = 0;
        if (text.IsEmpty)
        {
            return false;
        }

        if (text[0] == '-' && TryParseDuration(text[1..], out long agoMs))
        {
            timestampMs = time.GetUtcNow().ToUnixTimeMilliseconds() - agoMs;
            return true;
        }

        if (TryParseNumber(text, out timestampMs))
        {
            return true;
        }

        bool isDate = DateTimeOffset.TryParseExact(
            text,
            Formats,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTimeOffset date);
        timestampMs = isDate ? date.ToUnixTimeMilliseconds() : 0;
        return isDate;
    }

    /// <summary>A date where there is one; else a number with so many digits that it is read back as milliseconds.</summary>
    public static string Format(long timestampMs)
    {
        if (timestampMs < DateMsMin || timestampMs > DateMsMax)
        {
            string digits = Math.Abs((decimal)timestampMs).ToString("00000000000", CultureInfo.InvariantCulture);
            return timestampMs < 0 ? "--" + digits : digits;
        }

        return DateTimeOffset.FromUnixTimeMilliseconds(timestampMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out long timestampMs)
    {
        bool isNegative = text.StartsWith("--");
        ReadOnlySpan<char> digits = isNegative ? text[2..] : text;
        timestampMs = 0;
        if (!decimal.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out decimal number))
        {
            return false;
        }

        decimal ms = (isNegative ? -number : number) * (digits.Length <= 10 ? 1000 : 1);
        if (ms < long.MinValue || ms > long.MaxValue)
        {
            return false;
        }

        timestampMs = (long)ms;
        return true;
    }

    private static bool TryParseDuration(ReadOnlySpan<char> text, out long durationMs)
    {
        durationMs = 0;
        int unitAt = text.IndexOfAnyExceptInRange('0', '9');
        if (unitAt <= 0 || !long.TryParse(text[..unitAt], NumberStyles.None, CultureInfo.InvariantCulture, out long count))
        {
            return false;
        }

        long unitMs = text[unitAt..] switch
        {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => 0,
        };
        if (unitMs == 0 || count > 100L * 366 * 86_400_000 / unitMs)
        {
            return false;
        }

        durationMs = count * unitMs;
        return true;
    }
}
