using System.CommandLine;
using System.CommandLine.Help;

namespace LogBroker.Cli;

/// <summary>The help of a command: what it is for, examples, then everything else.</summary>
internal static class HelpWriter
{
    private const int WidthMax = 110;

    /// <summary>Writes it.</summary>
    public static void Write(TextWriter output, Command command, GlobalOptions globals)
    {
        output.WriteLine(command.Description);
        output.WriteLine();
        IReadOnlyList<(string Line, string Explanation)> examples = command switch
        {
            CliCommand some => some.Examples,
            RootCommand => CommandTree.Examples,
            _ => [],
        };
        if (examples.Count > 0)
        {
            output.WriteLine("Examples:");
            WritePairs(output, [.. examples.Select(e => ("logbroker " + e.Line, e.Explanation))], 60);
            output.WriteLine();
        }

        output.WriteLine("Usage:");
        output.WriteLine("  " + Usage(command));
        output.WriteLine();
        if (command.Subcommands.Count > 0)
        {
            output.WriteLine("Commands:");
            WritePairs(output, [.. Leaves(command).Select(c => (Path(c, command), c.Description ?? ""))], 34);
            output.WriteLine();
        }

        Section(output, "Arguments:", command.Arguments.Select(a => (a.HelpName ?? a.Name, a.Description ?? "")));
        Section(output, "Options:", command.Options.Where(o => !globals.All.Contains(o) && !IsBuiltIn(o)).Select(Shown));
        if ((command as CliCommand)?.Details is { } details)
        {
            output.WriteLine(details);
            output.WriteLine();
        }

        Section(output, "Options of every command:", [.. globals.All.Select(Shown), ("-h, --help", "Show this help.")]);
        if (command is RootCommand)
        {
            output.WriteLine("Exit codes: 0 ok, 1 unexpected, 2 usage, 3 not found, 4 conflict, 5 not allowed, 6 unavailable, 7 timeout,");
            output.WriteLine("            8 done in part, 9 damaged data found, 10 check: warning, 11 check: critical, 130 interrupted.");
        }
    }

    /// <summary>The one-line synopsis.</summary>
    public static string Usage(Command command)
    {
        string arguments = string.Concat(command.Arguments.Select(a =>
        {
            string name = a.HelpName ?? a.Name;
            string many = a.Arity.MaximumNumberOfValues > 1 ? "…" : "";
            return a.Arity.MinimumNumberOfValues == 0 ? $" [{name}{many}]" : $" {name}{many}";
        }));
        string sub = command.Subcommands.Count > 0 ? " COMMAND" : "";
        return Path(command, null) + sub + arguments + " [options]";
    }

    /// <summary>The words that lead to a command, from below <paramref name="root"/> or with the program's name.</summary>
    public static string Path(Command command, Command? root)
    {
        var words = new List<string>();
        for (Command? at = command; at is not null && at != root; at = at.Parents.OfType<Command>().FirstOrDefault())
        {
            words.Insert(0, at is RootCommand ? "logbroker" : at.Name);
        }

        return string.Join(' ', words);
    }

    /// <summary>All commands below that do something.</summary>
    public static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.SelectMany(c => c.Subcommands.Count > 0 ? Leaves(c) : [c]).Where(c => !c.Hidden);

    private static bool IsBuiltIn(Option option) => option is HelpOption or VersionOption || option.Hidden;

    private static (string Name, string Description) Shown(Option option)
    {
        string aliases = string.Join(", ", option.Aliases.Where(a => a.Length == 2).Append(option.Name));
        return ((aliases.StartsWith("--", StringComparison.Ordinal) ? "    " : "") + aliases
            + (option.HelpName is { } value ? " " + value : ""), option.Description ?? "");
    }

    private static void Section(TextWriter output, string title, IEnumerable<(string Name, string Text)> rows)
    {
        (string Name, string Text)[] all = [.. rows];
        if (all.Length > 0)
        {
            output.WriteLine(title);
            WritePairs(output, all, 34);
            output.WriteLine();
        }
    }

    private static void WritePairs(TextWriter output, IReadOnlyList<(string Name, string Text)> rows, int nameColumnsMax)
    {
        int column = Math.Min(nameColumnsMax, rows.Max(r => r.Name.Length)) + 4;
        foreach ((string name, string text) in rows)
        {
            output.Write("  " + name);
            int at = name.Length + 2;
            if (at >= column + 1)
            {
                output.WriteLine();
                at = 0;
            }

            foreach (string line in Wrapped(text, Math.Max(30, WidthMax - column)))
            {
                output.WriteLine(new string(' ', column - at) + line);
                at = 0;
            }

            if (text.Length == 0)
            {
                output.WriteLine();
            }
        }
    }

    private static IEnumerable<string> Wrapped(string text, int columns)
    {
        while (text.Length > columns)
        {
            int space = text.LastIndexOf(' ', columns);
            if (space <= 0)
            {
                break;
            }

            yield return text[..space];
            text = text[(space + 1)..];
        }

        if (text.Length > 0)
        {
            yield return text;
        }
    }
}
