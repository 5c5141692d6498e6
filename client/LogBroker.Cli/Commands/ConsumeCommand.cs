using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>consume</c>: its options; <see cref="ConsumeRun"/> does the work.</summary>
internal static class ConsumeCommand
{
    private const string Help =
        """
        Positions (--from, --until):
          start, end, 47 (an offset), +10 (behind the start), -10 (in front of the end), @2026-02-14, @2026-02-14T08:30:00Z,
          @1771027200000 (milliseconds), @-1h (ago: ms s m h d w). A range A:B in --from says both; --until is exclusive.
          PARTITION=OFFSET pairs, such as 0=120,1=98, name a place for each partition.
        Format (-f):
          %t topic, %p partition, %o offset, %k key, %v value, %s size of the value, %h headers, %d date, %T date in milliseconds,
          %n number, %% percent; %k %v %h take {json} {hex} {base64} behind them; \n \t \0 \xHH are escapes. A newline is added
          unless the format ends in an escape; end it with \c for nothing.
        """;

    /// <summary>The command.</summary>
    public static CliCommand Create()
    {
        var words = new Words();
        return new CliCommand("consume", "Read records.")
        {
            Arguments = { words.Topics },
            Options =
            {
                words.From, words.Until, words.Partitions, words.Count, words.Follow, words.FromFollowers, words.Group,
                words.SessionTimeout, words.Format, words.Delimiter, words.KeyDelimiter,
            },
            Examples =
            [
                ("consume orders", "everything there is, then stop"),
                ("consume orders --follow --from end", "what comes from now on"),
                ("consume orders --from @-1h --until @-30m", "by time"),
                ("consume orders -n 10 --from -10 -p 0", "the last ten of a partition"),
                ("consume orders -g billing", "shares the partitions with the other members of a group, and commits"),
                ("consume orders -f '%p:%o %k=%v{json}'", "in a format of your own"),
                ("consume orders -o jsonl > orders.jsonl", "exactly, for produce -i jsonl"),
            ],
            Details = Help,
            Run = (context, ct) => RunAsync(context, words, ct),
        };
    }

    private static Task<ExitCode> RunAsync(CommandContext context, Words words, CancellationToken ct)
    {
        string? group = context.Arguments.GetValue(words.Group);
        string[] partitions = context.Arguments.GetRequiredValue(words.Partitions);
        if (group is not null && (context.Arguments.GetValue(words.Until) is not null || partitions.Length > 0))
        {
            throw CliException.Usage("-g gives each member its partitions and has no end: leave out --until and --partition");
        }

        string[] names = [.. context.Arguments.GetRequiredValue(words.Topics).Distinct()];
        string? from = context.Arguments.GetValue(words.From);
        var options = new ReadOptions { AllowFollowers = context.Arguments.GetValue(words.FromFollowers) };
        string? session = context.Arguments.GetValue(words.SessionTimeout);
        if (group is null && session is not null)
        {
            throw CliException.Usage("--session-timeout is for members of a group: add -g GROUP");
        }

        ConsumerOptions? member = group is null ? null : GroupOptions(group, names, from, session, options);
        ConsumePlan plan = ConsumePlan.Parse(
            from,
            context.Arguments.GetValue(words.Until),
            partitions,
            member is not null || context.Arguments.GetValue(words.Follow),
            context.Host.Time);
        RecordSink sink = Sink(
            context,
            context.Arguments.GetValue(words.Format),
            context.Arguments.GetValue(words.Delimiter),
            context.Arguments.GetValue(words.KeyDelimiter),
            names.Length > 1);
        long? count = context.Arguments.GetValue(words.Count);
        return member is not null
            ? new GroupConsumeRun(context, member, sink, count).RunAsync(ct)
            : new ConsumeRun(context, names, plan, options, sink, count).RunAsync(ct);
    }

    /// <summary>A group's place is what it has committed; <c>--from</c> only says where a new one begins.</summary>
    private static ConsumerOptions GroupOptions(string group, string[] topics, string? from, string? session, ReadOptions read) => new()
    {
        GroupId = GroupCommands.CheckedGroup(group),
        Topics = topics,
        SessionTimeout = SessionTime(session),
        Read = read with { UnreachableTimeout = Timeout.InfiniteTimeSpan },
        AutoOffsetReset = from switch
        {
            null or "start" => AutoOffsetReset.Earliest,
            "end" => AutoOffsetReset.Latest,
            _ => throw CliException.Usage(
                $"--from: with -g a new group begins at start or end, not at '{from}'",
                $"see: logbroker group reset {group} --to {from}"),
        },
    };

    private static TimeSpan SessionTime(string? text)
    {
        TimeSpan time = text is null ? TimeSpan.FromSeconds(45) : DurationText.Parse(text, "--session-timeout");
        return time >= TimeSpan.FromSeconds(6) && time <= TimeSpan.FromMinutes(30)
            ? time
            : throw CliException.Usage($"--session-timeout: {text} is not from 6s to 30m");
    }

    private static RecordSink Sink(CommandContext context, string? format, string? delimiter, string? keyDelimiter, bool showsTopic)
    {
        bool hasDelimiter = delimiter is not null || keyDelimiter is not null;
        if ((format is not null && hasDelimiter) || (context.HasOutputFormat && (format is not null || hasDelimiter)))
        {
            throw CliException.Usage("-f, -D with -K, and -o exclude each other");
        }

        Stream stdout = context.Host.Stdout;
        if (format is not null)
        {
            return new FormattedRecordSink(stdout, RecordFormat.Parse(format));
        }

        // Records are lines for other programs: that is what produce reads.
        return hasDelimiter || (!context.HasOutputFormat && !context.Host.StdoutIsTerminal)
            ? new DelimitedRecordSink(
                stdout,
                Escapes.Delimiter(delimiter ?? "\\n", "-D"),
                keyDelimiter is null ? null : Escapes.Delimiter(keyDelimiter, "-K"))
            : context.Format switch
            {
                OutputFormat.Json => new JsonRecordSink(stdout, isDocument: true),
                OutputFormat.Jsonl => new JsonRecordSink(stdout, isDocument: false),
                OutputFormat.Tsv => new TsvRecordSink(stdout),
                _ => new TableRecordSink(context.Host, showsTopic),
            };
    }

    /// <summary>What may stand on the command line.</summary>
    private sealed class Words
    {
        public Argument<string[]> Topics { get; } =
            new("topic") { HelpName = "TOPIC", Description = "One or more topics.", Arity = ArgumentArity.OneOrMore };

        public Option<string?> From { get; } = FromOption();

        public Option<string?> Until { get; } =
            Options.Text("--until", null, "POSITION", "Where to end. Default: the end as it is now; with --follow never.");

        public Option<string[]> Partitions { get; } = Options.Many("--partition", "-p", "N", "Only these partitions: 0, 0,2 or 0-5.");

        public Option<long?> Count { get; } = Options.Number("--count", "-n", "N", "Stop after so many records.", 1);

        public Option<bool> Follow { get; } = Options.Switch("--follow", "-F", "Wait for new records, until Ctrl-C.");

        public Option<bool> FromFollowers { get; } = Options.Switch(
            "--from-followers", null, "Read from any replica, not from leaders only: the same records, perhaps a moment later.");

        public Option<string?> Group { get; } = Options.Text(
            "--group", "-g", "GROUP", "Read as a member of a group, from where it has committed, until Ctrl-C or -n.");

        public Option<string?> SessionTimeout { get; } = Options.Text(
            "--session-timeout", null, "TIME", "With -g: after this silence the member is dead. Default 45s; 6s to 30m.");

        public Option<string?> Format { get; } = Options.Text("--format", "-f", "FORMAT", "How to write a record; see below.");

        public Option<string?> Delimiter { get; } =
            Options.Text("--delimiter", "-D", "DELIM", "What to write behind each record. Default: \\n. As in produce.");

        public Option<string?> KeyDelimiter { get; } =
            Options.Text("--key-delimiter", "-K", "DELIM", "Write the key and this in front of the value. As in produce.");

        private static Option<string?> FromOption()
        {
            Option<string?> from = Options.Text("--from", null, "POSITION", "Where to begin. Default: start.");
            from.Aliases.Add("--offset");
            return from;
        }
    }
}
