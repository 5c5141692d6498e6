using System.Globalization;

namespace LogBroker.Cli;

/// <summary>
/// Spans of time as people type them: <c>500ms</c>, <c>10s</c>, <c>5m</c>, <c>2h</c>, <c>7d</c>; a bare number is seconds.
/// </summary>
internal static class DurationText
{
    private static readonly (string Unit, double Seconds)[] Units =
        [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];

    /// <summary>Reads the argument of an option.</summary>
    /// <exception cref="CliException">It is no span of time above zero.</exception>
    public static TimeSpan Parse(string text, string option)
    {
        int digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }

        string unit = digits < text.Length ? text[digits..] : "s";
        double seconds = Array.Find(Units, u => u.Unit == unit).Seconds;
        bool isNumber =
            double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value);
        return isNumber && seconds > 0 && value > 0 && value * seconds < 1e9
            ? TimeSpan.FromSeconds(value * seconds)
            : throw CliException.Usage($"{option}: '{text}' is no span of time", "for example 500ms, 10s, 5m or 2h");
    }
}
