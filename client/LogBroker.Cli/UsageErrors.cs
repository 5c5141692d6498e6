using System.CommandLine;
using System.CommandLine.Parsing;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>Says what is wrong with a command line: one line, the nearest word that would have been right, how it is used.</summary>
internal static class UsageErrors
{
    /// <summary>Writes it and returns the exit code.</summary>
    public static ExitCode Write(TextWriter stderr, ParseResult parsed, CommandTree tree)
    {
        Command command = parsed.CommandResult.Command;
        string? unknown = UnknownOption(parsed) ?? parsed.UnmatchedTokens.FirstOrDefault();
        string message = unknown is null ? Worded(Foremost(parsed).Message) : Unknown(unknown, command, tree);
        stderr.WriteLine("logbroker: " + message);
        stderr.WriteLine("usage: " + HelpWriter.Usage(command));
        stderr.WriteLine($"try '{HelpWriter.Path(command, null)} --help'");
        return ExitCode.Usage;
    }

    /// <summary>What was typed wrongly says more than what is missing.</summary>
    private static ParseError Foremost(ParseResult parsed) =>
        parsed.Errors.FirstOrDefault(e => e.SymbolResult is OptionResult { IdentifierToken: not null }) ?? parsed.Errors[0];

    /// <summary>The parser takes an unknown option for an argument; nobody means that, unless <c>--</c> says so.</summary>
    public static string? UnknownOption(ParseResult parsed)
    {
        if (parsed.Tokens.Any(t => t.Type == TokenType.DoubleDash))
        {
            return null;
        }

        IEnumerable<string> arguments = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens)
            .Select(t => t.Value);
        return arguments.Concat(parsed.UnmatchedTokens).FirstOrDefault(t => t.StartsWith('-') && t.Length > 1);
    }

    private static string Unknown(string token, Command command, CommandTree tree)
    {
        bool isOption = token.StartsWith('-') && token.Length > 1;
        string word = isOption ? token.Split('=')[0] : token;
        IEnumerable<string> candidates = isOption
            ? command.Options.Concat(tree.Globals.All).SelectMany(o => o.Aliases.Append(o.Name))
                .Where(n => n.StartsWith("--", StringComparison.Ordinal))
            : command.Subcommands.Select(c => c.Name);
        string? near = Suggestions.Nearest(word, candidates);
        string what = isOption ? "unknown option" : command.Subcommands.Count > 0 ? "unknown command" : "unexpected argument";
        return $"{what} {ShownValue.Of(word)}" + (near is null ? "" : $"; did you mean '{near}'?");
    }

    private static string Worded(string message)
    {
        string text = message.TrimEnd('.').Replace("\r", "").Replace('\n', ' ').Trim();
        return text switch
        {
            "Required command was not provided" => "which command?",
            _ when text.StartsWith("Required argument missing for command", StringComparison.Ordinal) => "an argument is missing",
            _ when text.StartsWith("Required argument missing for option: ", StringComparison.Ordinal) =>
                $"option {text[(text.IndexOf(": ", StringComparison.Ordinal) + 2)..].Trim('\'')} needs a value",
            _ => text,
        };
    }
}
