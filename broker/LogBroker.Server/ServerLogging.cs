using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace LogBroker.Server;

/// <summary>Sets up logging: everything goes to stderr, as lines for people or as JSON.</summary>
internal static class ServerLogging
{
    /// <summary>Makes the factory; dispose it last, it writes out what is queued.</summary>
    public static ILoggerFactory Create(EffectiveConfig config) => LoggerFactory.Create(builder =>
    {
        var level = Enum.Parse<LogLevel>(config.Text(ConfigTable.LogLevel));
        bool isJson = config.Text(ConfigTable.LogFormat) == "json";
        builder.SetMinimumLevel(level);
        builder.AddFilter("Microsoft", level > LogLevel.Warning ? level : LogLevel.Warning);
        builder.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.FormatterName = isJson ? ConsoleFormatterNames.Json : ConsoleFormatterNames.Simple;
        });
        builder.AddSimpleConsole(line =>
        {
            line.SingleLine = true;
            line.UseUtcTimestamp = true;
            line.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            bool isPlain = Console.IsErrorRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
            line.ColorBehavior = isPlain ? LoggerColorBehavior.Disabled : LoggerColorBehavior.Enabled;
        });
        builder.AddJsonConsole(json =>
        {
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
        // Each Add… above chose its formatter: the last word is ours.
        builder.AddConsole(console => console.FormatterName = isJson ? ConsoleFormatterNames.Json : ConsoleFormatterNames.Simple);
    });
}
