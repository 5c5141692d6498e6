using System.Globalization;

namespace LogBroker.Server;

/// <summary>How the text of a configuration value is read.</summary>
internal enum ConfigType
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A size: <c>1GiB</c>, <c>512KiB</c>, <c>1000000</c>; as a number, bytes.</summary>
    Bytes,

    /// <summary>A length of time: <c>7d</c>, <c>30s</c>, <c>250ms</c>; as a number, milliseconds.</summary>
    Duration,

    /// <summary><c>5%</c> or <c>5</c>.</summary>
    Percent,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>HOST:PORT.</summary>
    Endpoint,

    /// <summary>A file or directory.</summary>
    Path,

    /// <summary>An absolute http or https address.</summary>
    Url,
}

/// <summary>
/// One configuration key, declared once in <see cref="ConfigTable"/>: help, explanation, validation, ListConfig and
/// docs/configuration.md all come from here. Immutable.
/// </summary>
/// <param name="Name">Section:Key, in the spelling of the documentation; matched without regard to case.</param>
/// <param name="Type">How the text is read.</param>
/// <param name="Default">The text that stands when nobody says anything.</param>
/// <param name="Documentation">One or two sentences for an operator.</param>
internal sealed record ConfigKey(string Name, ConfigType Type, string Default, string Documentation)
{
    /// <summary>Smallest value, in the unit of the type.</summary>
    public long Min { get; init; }

    /// <summary>Largest value, in the unit of the type.</summary>
    public long Max { get; init; } = long.MaxValue;

    /// <summary>True when the empty text is allowed.</summary>
    public bool AllowsEmpty { get; init; }

    /// <summary>The words of a <see cref="ConfigType.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>A shorter flag, such as <c>--data-dir</c>, or null.</summary>
    public string? ShortFlag { get; init; }

    /// <summary>What stands for the value in the help, where the type alone does not say it; or null.</summary>
    public string? HelpName { get; init; }

    /// <summary>The key of the topic configuration that this one is the default of, or null.</summary>
    public string? TopicKey { get; init; }

    /// <summary><c>--section:key</c>, lower case.</summary>
    public string Flag => "--" + Name.ToLowerInvariant();

    /// <summary><c>LOGBROKER__Section__Key</c>.</summary>
    public string EnvironmentVariable => ConfigSources.EnvironmentPrefix + Name.Replace(":", "__", StringComparison.Ordinal);

    /// <summary>What a number means: "bytes", "ms", "%", or "".</summary>
    public string Unit => Type switch
    {
        ConfigType.Bytes => "bytes",
        ConfigType.Duration => "ms",
        ConfigType.Percent => "%",
        _ => "",
    };

    /// <summary>The allowed values in words.</summary>
    public string Range => Type switch
    {
        ConfigType.Flag => "true, false",
        ConfigType.Choice => string.Join(", ", Choices),
        ConfigType.Endpoint => "HOST:PORT" + (AllowsEmpty ? " or empty" : ""),
        ConfigType.Url => "http://… or https://…" + (AllowsEmpty ? ", or empty" : ""),
        ConfigType.Text => Max == long.MaxValue ? "text" : $"text of at most {Max} characters",
        ConfigType.Path => "a path" + (AllowsEmpty ? " or empty" : ""),
        ConfigType.Bytes when TopicKey is not null => "a size",
        ConfigType.Duration when TopicKey is not null => "a length of time",
        _ => Shown(Min) + " to " + (Max == long.MaxValue ? "any" : Shown(Max)),
    };

    private string Shown(long number) => Type switch
    {
        ConfigType.Bytes => UnitText.OfBytes(number),
        ConfigType.Duration => UnitText.OfMilliseconds(number),
        ConfigType.Percent => number.ToString(CultureInfo.InvariantCulture) + "%",
        _ => number.ToString(CultureInfo.InvariantCulture),
    };
}
