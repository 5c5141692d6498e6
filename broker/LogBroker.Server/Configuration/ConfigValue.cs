using System.Globalization;
using LogBroker.Cluster;
using LogBroker.Storage;

namespace LogBroker.Server;

/// <summary>Where a value comes from; a later one wins over an earlier one.</summary>
internal enum ConfigOrigin
{
    /// <summary>Nobody said anything.</summary>
    Default,

    /// <summary>The file of --config.</summary>
    File,

    /// <summary>A variable LOGBROKER__….</summary>
    Environment,

    /// <summary>The command line.</summary>
    Flag,
}

/// <summary>The value of one key, checked. Immutable.</summary>
/// <param name="Key">The key.</param>
/// <param name="Text">As it was written.</param>
/// <param name="Number">In the unit of the key; 0 or 1 for a flag; 0 for texts.</param>
/// <param name="Origin">What kind of place it was written in.</param>
/// <param name="Place">The file, variable or flag.</param>
internal sealed record ConfigValue(ConfigKey Key, string Text, long Number, ConfigOrigin Origin, string Place)
{
    /// <summary>Reads and checks a text; the fault says what is allowed.</summary>
    public static ConfigFault? TryParse(ConfigKey key, string text, ConfigOrigin origin, string place, out ConfigValue? value)
    {
        value = null;
        text = text.Trim();
        long number = 0;
        string? problem = text.Length == 0 && key.Type is not ConfigType.Text
            ? key.AllowsEmpty ? null : "is empty"
            : ProblemOf(key, text, out number);
        if (problem is not null)
            return new ConfigFault(place, key.Name, text, problem, key.TopicKey is null ? $"give {key.Range}" : "correct it");
        value = new ConfigValue(key, key.Type is ConfigType.Choice ? Spelled(key, text) : text, number, origin, place);
        return null;
    }

    private static string Spelled(ConfigKey key, string text) =>
        key.Choices.First(choice => choice.Equals(text, StringComparison.OrdinalIgnoreCase));

    private static string? ProblemOf(ConfigKey key, string text, out long number)
    {
        number = 0;
        if (key.TopicKey is not null)
            return TopicConfigKeys.Find(key.TopicKey)!.Apply(new TopicConfig(), text).Error?.Message;
        switch (key.Type)
        {
            case ConfigType.Integer:
                return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
                    ? OutOfRange(key, number) : "is not a whole number";
            case ConfigType.Bytes:
                return HumanUnits.TryParseBytes(text, out number) ? OutOfRange(key, number) : "is not a size such as 512KiB or 1GiB";
            case ConfigType.Duration:
                return HumanUnits.TryParseMilliseconds(text, out number)
                    ? OutOfRange(key, number) : "is not a length of time such as 30s or 7d";
            case ConfigType.Percent:
                return long.TryParse(text.TrimEnd('%').TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out number)
                    ? OutOfRange(key, number) : "is not a percentage such as 5%";
            case ConfigType.Flag:
                number = text.Equals("true", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
                return number == 1 || text.Equals("false", StringComparison.OrdinalIgnoreCase) ? null : "is neither true nor false";
            case ConfigType.Choice:
                return key.Choices.Contains(text, StringComparer.OrdinalIgnoreCase) ? null : "is not one of the choices";
            case ConfigType.Endpoint:
                return HostPort.TryParse(text, out _) ? null : "is not HOST:PORT";
            case ConfigType.Url:
                return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                    ? null : "is not an absolute http or https address";
            case ConfigType.Path:
                return text.Contains('\0', StringComparison.Ordinal) ? "has a NUL character" : null;
            default:
                return text.Length > key.Max ? $"is too long: {text.Length} > {key.Max} characters" : null;
        }
    }

    private static string? OutOfRange(ConfigKey key, long number) =>
        number >= key.Min && number <= key.Max ? null : "is out of range";
}
