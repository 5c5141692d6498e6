using System.Globalization;

namespace LogBroker.Cli;

/// <summary>
/// How fast to produce: <c>5000</c>, <c>5k</c>, <c>5k/s</c>, <c>1.5M/s</c>, <c>300/m</c> records. Without a unit of time: per
/// second.
/// </summary>
internal readonly record struct RecordRate(double RecordsPerSecond)
{
    /// <summary>Reads the argument of <c>--rate</c>.</summary>
    /// <exception cref="CliException">It is no rate, or not above zero.</exception>
    public static RecordRate Parse(string text)
    {
        string number = text;
        double perSecond = 1;
        int slash = text.IndexOf('/');
        if (slash >= 0)
        {
            number = text[..slash];
            perSecond = text[(slash + 1)..] switch
            {
                "s" or "sec" or "second" => 1,
                "m" or "min" or "minute" => 1.0 / 60,
                "h" or "hour" => 1.0 / 3600,
                _ => double.NaN,
            };
        }

        double factor = 1;
        if (number.Length > 0 && char.IsLetter(number[^1]))
        {
            factor = number[^1] switch { 'k' or 'K' => 1e3, 'm' or 'M' => 1e6, _ => double.NaN };
            number = number[..^1];
        }

        bool isNumber = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value);
        double rate = isNumber ? value * factor * perSecond : double.NaN;
        return rate is > 0 and < 1e9
            ? new RecordRate(rate)
            : throw CliException.Usage($"--rate: '{text}' is no rate", "for example 500, 5k/s, 1.5M/s or 300/m");
    }
}
