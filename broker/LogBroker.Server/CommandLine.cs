using System.CommandLine;
using LogBroker.Cluster;

namespace LogBroker.Server;

/// <summary>
/// The command line of logbrokerd: flags for every configuration key, and the commands under <c>config</c>. Everything is made from
/// <see cref="ConfigTable"/>. Faults are one line each on stderr.
/// </summary>
internal sealed class CommandLine
{
    private readonly Option<string> _file = new("--config")
    {
        Description = "Read configuration from this JSON file.",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Dictionary<Option<string>, ConfigKey> _flags = [];
    private readonly RootCommand _root =
        new("A durable, partitioned log broker. Without flags it keeps its data in ./data and serves this machine only.");

    private readonly Func<BrokerOptions, Task<int>> _serve;

    private CommandLine(Func<BrokerOptions, Task<int>> serve)
    {
        _serve = serve;
        _root.Options.Add(_file);
        foreach (var key in ConfigTable.All)
        {
            var option = FlagOf(key);
            _flags.Add(option, key);
            _root.Options.Add(option);
        }

        _root.SetAction((parsed, _) => Serve(parsed));
        _root.Subcommands.Add(ConfigCommand());
        _root.Options.OfType<VersionOption>().Single().Action = new ShowVersion();
    }

    /// <summary>Parses and runs; <paramref name="serve"/> is called when a broker is asked for. Returns the exit code.</summary>
    public static Task<int> Run(string[] args, Func<BrokerOptions, Task<int>> serve)
    {
        var line = new CommandLine(serve);
        // The broker has its own signal handling, and says itself what went wrong.
        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        var configuration = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        var parsed = line._root.Parse(line.Canonical(args), configuration);
        if (parsed.Errors.Count == 0)
            return parsed.InvokeAsync(invocation);
        Console.Error.WriteLine("logbrokerd: " + line.Explain(parsed) + "; see logbrokerd --help");
        return Task.FromResult(ServerExit.Usage);
    }

    private static Option<string> FlagOf(ConfigKey key) =>
        new(key.ShortFlag ?? key.Flag, key.ShortFlag is null ? [] : [key.Flag])
        {
            Description = key.Documentation + $" [default: {(key.Default.Length == 0 ? "empty" : key.Default)}]",
            HelpName = key.HelpName ?? key.Type switch
            {
                ConfigType.Flag => "true|false",
                ConfigType.Choice => string.Join('|', key.Choices),
                ConfigType.Endpoint => "HOST:PORT",
                ConfigType.Path => "DIR",
                ConfigType.Bytes => "SIZE",
                ConfigType.Duration => "TIME",
                ConfigType.Integer => "N",
                ConfigType.Percent => "PERCENT",
                ConfigType.Url => "URL",
                _ => "TEXT",
            },
            Arity = key.Type is ConfigType.Flag ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
            Recursive = true,
        };

    /// <summary>Flags in the spelling of the table, and <c>--a:b=c</c> as two words: the parser itself would split at the colon.</summary>
    private string[] Canonical(string[] args)
    {
        var words = new List<string>(args.Length);
        foreach (string arg in args)
        {
            int equals = arg.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? arg : arg[..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal) || !_flags.Values.Any(key => Matches(key, name)))
            {
                words.Add(arg);
                continue;
            }

            words.Add(name.ToLowerInvariant());
            if (equals >= 0)
                words.Add(arg[(equals + 1)..]);
        }

        return [.. words];
    }

    private static bool Matches(ConfigKey key, string flag) =>
        flag.Equals(key.Flag, StringComparison.OrdinalIgnoreCase) || flag.Equals(key.ShortFlag, StringComparison.Ordinal);

    private string Explain(ParseResult parsed)
    {
        string? unknown = parsed.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-'));
        if (unknown is null)
            return parsed.Errors[0].Message.TrimEnd('.');
        var known = _flags.Values.SelectMany(key => (string[])[key.Flag, key.ShortFlag ?? key.Flag])
            .Concat(["--config", "--help", "--version"]);
        string name = unknown.Split('=')[0];
        string? nearest = NearestName.Of(name, known);
        return $"unknown flag {Protocol.ShownValue.Of(name)}" + (nearest is null ? "" : $"; did you mean {nearest}?");
    }

    private EffectiveConfig? Load(ParseResult parsed, out IReadOnlyList<ConfigFault> faults)
    {
        var written = new List<WrittenValue>();
        foreach (var (option, key) in _flags)
        {
            if (parsed.GetResult(option) is not { Implicit: false } result)
                continue;
            string text = result.Tokens.Count == 0 ? "true" : result.Tokens[^1].Value;
            written.Add(new WrittenValue(key.Name, text, ConfigOrigin.Flag, "flag " + (result.IdentifierToken?.Value ?? key.Flag)));
        }

        return ConfigLoader.Load(parsed.GetValue(_file), Environment.GetEnvironmentVariables(), written, out faults);
    }

    private BrokerOptions? LoadOptions(ParseResult parsed)
    {
        if (Load(parsed, out var faults) is { } config
            && BrokerOptions.From(config, Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"), out faults) is { } options)
            return options;
        foreach (var fault in faults)
            Console.Error.WriteLine($"logbrokerd: configuration: {fault}");
        return null;
    }

    private async Task<int> Serve(ParseResult parsed)
    {
        if (LoadOptions(parsed) is not { } options)
            return ServerExit.Configuration;
        try
        {
            return await _serve(options);
        }
        catch (Exception e)
        {
            // Nobody foresaw it: the whole of it, in one line.
            Console.Error.WriteLine("logbrokerd: " + e.ToString().ReplaceLineEndings(" "));
            return ServerExit.Failed;
        }
    }

    private Command ConfigCommand()
    {
        var json = new Option<bool>("--json") { Description = "Write one JSON document." };
        var list = new Command("list", "Shows every key with its value and where it comes from.") { json };
        list.SetAction(parsed => ShowConfig(parsed, (text, config) => ConfigText.List(text, config, parsed.GetValue(json))));
        var name = new Argument<string>("KEY") { Description = "Section:Key, or a topic configuration key." };
        var explain = new Command("explain", "Explains one key.") { name };
        explain.SetAction(parsed => Explain(parsed, parsed.GetRequiredValue(name)));
        var validate = new Command("validate", "Checks the configuration without starting.");
        validate.SetAction(parsed =>
        {
            if (LoadOptions(parsed) is null)
                return ServerExit.Configuration;
            Console.Out.WriteLine("the configuration is valid");
            return ServerExit.Ok;
        });
        var docs = new Command("docs", "Writes the reference of all keys as Markdown.");
        docs.SetAction(_ => Console.Out.Write(ConfigDocument.Markdown()));
        return new Command("config", "Shows, explains and checks the configuration.") { list, explain, validate, docs };
    }

    private int ShowConfig(ParseResult parsed, Action<TextWriter, EffectiveConfig> show)
    {
        if (Load(parsed, out var faults) is { } config)
        {
            show(Console.Out, config);
            return ServerExit.Ok;
        }

        foreach (var fault in faults)
            Console.Error.WriteLine($"logbrokerd: configuration: {fault}");
        return ServerExit.Configuration;
    }

    private int Explain(ParseResult parsed, string name)
    {
        var key = ConfigTable.Find(name) ?? ConfigTable.Find("TopicDefaults:" + name);
        if (key is not null)
            return ShowConfig(parsed, (text, config) => ConfigText.Explain(text, config[key]));
        string? nearest = NearestName.Of(name, ConfigTable.All.SelectMany(known => (string[])[known.Name, known.TopicKey ?? known.Name]));
        Console.Error.WriteLine($"logbrokerd: no configuration key {Protocol.ShownValue.Of(name)}"
            + (nearest is null ? "" : $"; did you mean {nearest}?"));
        return ServerExit.Usage;
    }

    private sealed class ShowVersion : System.CommandLine.Invocation.SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine("logbrokerd " + ServerVersion.Text);
            return ServerExit.Ok;
        }
    }
}
