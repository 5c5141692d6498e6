using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace LogBroker.Cli;

/// <summary>Makes options and arguments whose complaints a person understands.</summary>
internal static class Options
{
    /// <summary>An option with a text.</summary>
    public static Option<string?> Text(string name, string? alias, string helpName, string description)
    {
        var option = new Option<string?>(name, alias is null ? [] : [alias]) { Description = description, HelpName = helpName };
        option.Validators.Add(OnlyOnce);
        return option;
    }

    /// <summary>An option that may be given many times.</summary>
    public static Option<string[]> Many(string name, string? alias, string helpName, string description) =>
        new(name, alias is null ? [] : [alias])
        {
            Description = description + " May be repeated.",
            HelpName = helpName,
            DefaultValueFactory = _ => [],
        };

    /// <summary>An option with a whole number of at least <paramref name="min"/>.</summary>
    public static Option<long?> Number(string name, string? alias, string helpName, string description, long min, long max = long.MaxValue)
    {
        var option = new Option<long?>(name, alias is null ? [] : [alias])
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => WholeNumber(result, name, min, max),
        };
        option.Validators.Add(OnlyOnce);
        return option;
    }

    /// <summary>A switch.</summary>
    public static Option<bool> Switch(string name, string? alias, string description) =>
        new(name, alias is null ? [] : [alias]) { Description = description };

    /// <summary>One of a few words.</summary>
    public static Option<string?> Choice(string name, string? alias, string helpName, string description, params string[] words)
    {
        Option<string?> option = Text(name, alias, helpName, description);
        option.Validators.Add(result =>
        {
            string? value = result.Tokens.Count > 0 ? result.Tokens[^1].Value : null;
            if (value is not null && !words.Contains(value))
            {
                string? near = Suggestions.Nearest(value, words);
                result.AddError($"{name}: '{value}' is none of {string.Join(", ", words)}"
                    + (near is null ? "" : $"; did you mean '{near}'?"));
            }
        });
        return option;
    }

    /// <summary>The topic that a command is about.</summary>
    public static Argument<string> Topic() => new("topic") { HelpName = "TOPIC", Description = "The topic." };

    /// <summary>The topics that a command is about.</summary>
    public static Argument<string[]> Topics() =>
        new("topic") { HelpName = "TOPIC", Description = "One or more topics.", Arity = ArgumentArity.OneOrMore };

    private static void OnlyOnce(OptionResult result)
    {
        if (result.IdentifierTokenCount > 1)
        {
            result.AddError($"{result.Option.Name} is given {result.IdentifierTokenCount} times");
        }
    }

    private static long? WholeNumber(ArgumentResult result, string name, long min, long max)
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && value >= min
            && value <= max)
        {
            return value;
        }

        result.AddError(max == long.MaxValue
            ? $"{name}: '{text}' is no whole number of at least {min}"
            : $"{name}: '{text}' is no whole number from {min} to {max}");
        return null;
    }
}
