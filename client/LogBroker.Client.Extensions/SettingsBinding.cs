using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace LogBroker.Client.Extensions;

/// <summary>
/// Reads settings from configuration, without reflection. A key that means nothing and a value that is none are refused by name: a
/// setting that is silently ignored is worse than a program that does not start.
/// </summary>
internal static class SettingsBinding
{
    private static readonly Dictionary<string, Action<LogBrokerSettings, string, string>> Setters = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(LogBrokerSettings.Servers)] = static (s, _, text) => s.Servers = text,
        [nameof(LogBrokerSettings.ClientId)] = static (s, _, text) => s.ClientId = text,
        [nameof(LogBrokerSettings.Rack)] = static (s, _, text) => s.Rack = text,
        [nameof(LogBrokerSettings.ConnectTimeout)] = static (s, path, text) => s.ConnectTimeout = Time(path, text),
        [nameof(LogBrokerSettings.NodeConnectTimeout)] = static (s, path, text) => s.NodeConnectTimeout = Time(path, text),
        [nameof(LogBrokerSettings.RequestTimeout)] = static (s, path, text) => s.RequestTimeout = Time(path, text),
        [nameof(LogBrokerSettings.MetadataMaxAge)] = static (s, path, text) => s.MetadataMaxAge = Time(path, text),
        [nameof(LogBrokerSettings.RetryBackoff)] = static (s, path, text) => s.RetryBackoff = Time(path, text),
        [nameof(LogBrokerSettings.RetryBackoffMax)] = static (s, path, text) => s.RetryBackoffMax = Time(path, text),
    };

    public static void Bind(IConfiguration configuration, LogBrokerSettings settings)
    {
        foreach (IConfigurationSection entry in configuration.GetChildren())
        {
            if (!Setters.TryGetValue(entry.Key, out Action<LogBrokerSettings, string, string>? set))
            {
                throw Refused(entry.Path, $"is no setting; there are {string.Join(", ", Setters.Keys.Order(StringComparer.Ordinal))}");
            }

            // A list of servers may be written as a list.
            string[] items = [.. entry.GetChildren().Select(static c => c.Value).OfType<string>()];
            set(settings, entry.Path, entry.Value ?? string.Join(',', items));
        }
    }

    private static TimeSpan Time(string path, string text) =>
        TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan time)
            ? time
            : throw Refused(path, $"is \"{text}\", which is no time; write hours, minutes and seconds, such as 00:00:10");

    private static OptionsValidationException Refused(string path, string why) =>
        new(Options.DefaultName, typeof(LogBrokerSettings), [$"{path} {why}"]);
}

/// <summary>Has the client itself judge the settings.</summary>
internal sealed class SettingsValidation : IValidateOptions<LogBrokerSettings>
{
    public ValidateOptionsResult Validate(string? name, LogBrokerSettings options)
    {
        try
        {
            options.ToOptions(null, null).Validate();
            return ValidateOptionsResult.Success;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return ValidateOptionsResult.Fail(e.Message);
        }
    }
}
