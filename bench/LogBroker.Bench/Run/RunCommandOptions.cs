using System.CommandLine;
using System.Globalization;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Run;

/// <summary>The options of <c>run</c> on the command line.</summary>
internal sealed class RunCommandOptions
{
    private const int RoundsMax = 100;
    private const int SecondsMax = 3600;

    private readonly Option<string?> _workloads = Text("--workloads", "W1,W3", "The workloads; all but W10 and W11 when not given.");
    private readonly Option<string?> _scenarios = Text("--scenarios", "NAME,…", "Single scenarios; 'list' names them.");
    private readonly Option<string?> _systems = Text("--systems", "NAME,…", "logbroker, kafka, nats, redis; all when not given.");
    private readonly Option<string?> _classes = Text("--classes", "A,B", "A: acknowledged = in the page cache; B: = fsynced.");
    private readonly Option<string?> _rounds = Text("--rounds", "N", "How often each is run, in alternating order (default 3).");
    private readonly Option<string?> _seconds = Text("--seconds", "N", "The measured part; not where data is preloaded (default 10).");
    private readonly Option<string?> _warmupSeconds = Text("--warmup-seconds", "N", "The part before it (default 5).");
    private readonly Option<string?> _kafkaHome = Text("--kafka-home", "DIR", "An unpacked Kafka.");
    private readonly Option<string?> _kgoBench = Text("--kgo-bench", "FILE", "The load program with franz-go, beside Kafka's own.");
    private readonly Option<string?> _natsServer = Text("--nats-server", "FILE", "The NATS server.");
    private readonly Option<string?> _nats = Text("--nats", "FILE", "The NATS command line.");
    private readonly Option<string?> _logBrokerServer = Text("--logbroker-server", "FILE", "Another build of LogBroker's server.");
    private readonly Option<string?> _dataDirectory =
        Text("--data-dir", "DIR", "Where the data goes, below a directory of its own (default: the system's place for temporary files).");

    private readonly Option<string?> _out = Text("--out", "FILE", "The result file (default: bench-TIME.json here).");
    private readonly Option<string?> _resume = Text("--resume", "FILE", "Does what this result file does not have yet, with its options.");
    private readonly Option<bool> _quick = Switch("--quick", "W1, W5 and W6, LogBroker and Kafka, one short round: under three minutes.");
    private readonly Option<bool> _countSyncs = Switch("--count-syncs", "Counts fsyncs by strace where a system does not; slows it down.");
    private readonly Option<bool> _keepData = Switch("--keep-data", "Leaves the data directories where they are.");

    /// <summary>All, in the order of the help.</summary>
    public IEnumerable<Option> All =>
    [
        _workloads, _scenarios, _systems, _classes, _rounds, _seconds, _warmupSeconds, _quick, _kafkaHome, _kgoBench, _natsServer, _nats,
        _logBrokerServer, _out, _resume, _countSyncs, _dataDirectory, _keepData,
    ];

    /// <summary>Reads them.</summary>
    /// <exception cref="UsageException">A value cannot be.</exception>
    public RunOptions Read(ParseResult parsed) => new()
    {
        Workloads = Names(parsed, _workloads),
        Scenarios = Names(parsed, _scenarios),
        Systems = Names(parsed, _systems),
        Classes = Classes(parsed),
        Rounds = Number(parsed, _rounds, 1, RoundsMax),
        Seconds = Number(parsed, _seconds, 1, SecondsMax),
        WarmupSeconds = Number(parsed, _warmupSeconds, 0, SecondsMax),
        Quick = parsed.GetValue(_quick),
        CountSyncs = parsed.GetValue(_countSyncs),
        KeepData = parsed.GetValue(_keepData),
        KafkaHome = Existing(parsed, _kafkaHome, Directory.Exists, "directory"),
        KgoBench = Existing(parsed, _kgoBench, File.Exists, "file"),
        NatsServer = Existing(parsed, _natsServer, File.Exists, "file"),
        Nats = Existing(parsed, _nats, File.Exists, "file"),
        LogBrokerServer = Existing(parsed, _logBrokerServer, File.Exists, "file"),
        DataDirectory = Existing(parsed, _dataDirectory, Directory.Exists, "directory"),
        Out = parsed.GetValue(_out),
        Resume = Existing(parsed, _resume, File.Exists, "file"),
    };

    /// <summary>Reads what <see cref="RunOptions.ToArguments"/> wrote; paths are not in it.</summary>
    public RunOptions ReadStored(string arguments)
    {
        var command = new Command("run");
        Option[] paths = [_kafkaHome, _kgoBench, _natsServer, _nats, _logBrokerServer];
        foreach (Option option in All)
        {
            command.Options.Add(option);
        }

        List<string> words = [.. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        foreach (int at in paths.Select(p => words.IndexOf(p.Name)).Where(i => i >= 0).OrderDescending())
        {
            words.RemoveRange(at, 2);
        }

        ParseResult parsed = command.Parse(words);
        return parsed.Errors.Count > 0
            ? throw new UsageException($"--resume: the arguments in the file are not understood: {parsed.Errors[0].Message}")
            : Read(parsed);
    }

    private static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };

    private static Option<bool> Switch(string name, string description) => new(name) { Description = description };

    private static string[]? Names(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        string[] names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length > 0 ? names : throw new UsageException($"{option.Name}: '{text}' names nothing; give {option.HelpName}");
    }

    private DurabilityClass[]? Classes(ParseResult parsed) => Names(parsed, _classes)?.Select(n => n.ToUpperInvariant() switch
    {
        "A" => DurabilityClass.A,
        "B" => DurabilityClass.B,
        _ => throw new UsageException($"--classes: '{n}' is none of A, B"),
    }).Distinct().ToArray();

    private static int? Number(ParseResult parsed, Option<string?> option, int min, int max)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max
            ? number
            : throw new UsageException($"{option.Name}: '{text}' is no whole number from {min} to {max}");
    }

    private static string? Existing(ParseResult parsed, Option<string?> option, Func<string, bool> exists, string what) =>
        parsed.GetValue(option) is not { } path ? null
        : exists(path) ? Path.GetFullPath(path)
        : throw new UsageException($"{option.Name}: there is no {what} '{path}'");
}
