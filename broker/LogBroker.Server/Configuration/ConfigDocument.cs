using System.Text;

namespace LogBroker.Server;

/// <summary>Writes docs/configuration.md from <see cref="ConfigTable"/>.</summary>
internal static class ConfigDocument
{
    private const string Introduction = """
        # Configuration of logbrokerd

        Written by `logbrokerd config docs`; a test holds it current. Do not edit it by hand.

        A value comes from the first of these places that has one:

        1. a flag, `--section:key VALUE` (some have a shorter one),
        2. an environment variable, `LOGBROKER__Section__Key`,
        3. the file of `--config FILE`: JSON with an object per section, comments allowed,
        4. the default.

        Names are matched without regard to case. An unknown name or a bad value is refused at the start, before anything is created.
        Sizes are written as `512KiB`, `1GiB` or a number of bytes; times as `250ms`, `30s`, `7d` or a number of milliseconds.
        `logbrokerd config list` shows what is in effect and where it comes from, `logbrokerd config explain KEY` explains one key,
        `logbrokerd config validate` checks without starting.

        ```json
        {
          "Listen": { "Grpc": "127.0.0.1:7070" },
          "Storage": { "DataDirectory": "/var/lib/logbroker" }
        }
        ```

        """;

    private const string TopicIntroduction = """

        ## Topic configuration

        Set per topic with `logbroker topic create` or `logbroker topic alter`; what a topic does not set comes from the broker's key
        on the right.

        | Topic key | Values | What it does | Broker key |
        |---|---|---|---|

        """;

    /// <summary>The whole document.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append(Introduction);
        foreach (var section in ConfigTable.All.GroupBy(key => key.Name.Split(':')[0]))
        {
            text.Append($"\n## {section.Key}\n\n| Key | Default | Values | What it does |\n|---|---|---|---|\n");
            foreach (var key in section)
                text.Append($"| `{key.Name}` | {Code(key.Default)} | {key.Range} | {Describe(key)} |\n");
        }

        text.Append(TopicIntroduction);
        foreach (var key in ConfigTable.All.Where(key => key.TopicKey is not null).OrderBy(key => key.TopicKey, StringComparer.Ordinal))
            text.Append($"| `{key.TopicKey}` | {key.Range} | {key.Documentation} | `{key.Name}` |\n");
        return text.Append(ExitCodes()).ToString();
    }

    private static string Describe(ConfigKey key) =>
        key.Documentation + (key.ShortFlag is null ? "" : $" Short flag: `{key.ShortFlag}`.");

    private static string Code(string text) => text.Length == 0 ? "(empty)" : $"`{text}`";

    private static string ExitCodes()
    {
        var text = new StringBuilder("\n## Exit codes\n\n| Code | Meaning |\n|---|---|\n");
        foreach (var (code, meaning) in ServerExit.All)
            text.Append($"| {code} | {meaning} |\n");
        return text.ToString();
    }
}
