using System.CommandLine;
using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>What the commands that change a topic have in common: <c>--yes</c>, <c>--dry-run</c> and the diff on stderr.</summary>
internal sealed class TopicChange
{
    /// <summary>Do not ask.</summary>
    public Option<bool> Yes { get; } = Options.Switch("--yes", "-y", "Do not ask. Needed where there is no terminal to ask on.");

    /// <summary>Let the broker check everything and change nothing.</summary>
    public Option<bool> DryRun { get; } =
        Options.Switch("--dry-run", null, "Let the broker check everything and show the change, but change nothing.");

    /// <summary>Writes a line of a diff: red for what goes, green for what comes.</summary>
    public static void DiffLine(CommandContext context, char sign, string text)
    {
        bool hasColor = context.Host.StderrIsTerminal && CliHost.ColorIsWelcome(context.Host.Environment) && context.WantsColor;
        string line = $"{sign} {text}";
        context.Note(!hasColor ? line : sign == '-' ? $"\e[31m{line}\e[0m" : sign == '+' ? $"\e[32m{line}\e[0m" : line);
    }

    /// <summary>Writes how the configuration changes.</summary>
    public static bool ConfigDiff(CommandContext context, TopicDescription before, TopicDescription after)
    {
        bool differs = false;
        foreach (TopicConfigEntry now in after.Config)
        {
            TopicConfigEntry? was = before.Config.FirstOrDefault(e => e.Key == now.Key);
            if (was is not null && was.Value == now.Value && was.Origin == now.Origin)
            {
                continue;
            }

            differs = true;
            if (was is not null)
            {
                DiffLine(context, '-', $"{was.Key}={was.Value} ({TopicRecords.Origin(was.Origin)})");
            }

            DiffLine(context, '+', $"{now.Key}={now.Value} ({TopicRecords.Origin(now.Origin)})");
        }

        return differs;
    }

    /// <summary>Reads <c>key=value</c> pairs.</summary>
    /// <exception cref="CliException">One has no equals sign, or a key comes twice.</exception>
    public static Dictionary<string, string> ParsePairs(IEnumerable<string> pairs, string option)
    {
        var parsed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                throw CliException.Usage($"{option}: '{pair}' is no KEY=VALUE", "for example retention.ms=86400000");
            }

            if (!parsed.TryAdd(pair[..equals].Trim(), pair[(equals + 1)..].Trim()))
            {
                throw CliException.Usage($"{option}: {pair[..equals]} is given twice");
            }
        }

        return parsed;
    }
}
