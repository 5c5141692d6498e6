using System.CommandLine;
using LogBroker.Client;

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
        var topics =
            new Argument<string[]>("topic") { HelpName = "TOPIC", Description = "One or more topics.", Arity = ArgumentArity.OneOrMore };
        Option<string?> from = Options.Text("--from", null, "POSITION", "Where to begin. Default: start.");
        from.Aliases.Add("--offset");
        Option<string?> until =
            Options.Text("--until", null, "POSITION", "Where to end. Default: the end as it is now; with --follow never.");
        Option<string[]> partitions = Options.Many("--partition", "-p", "N", "Only these partitions: 0, 0,2 or 0-5.");
        Option<long?> count = Options.Number("--count", "-n", "N", "Stop after so many records.", 1);
        Option<bool> follow = Options.Switch("--follow", "-F", "Wait for new records, until Ctrl-C.");
        Option<bool> fromFollowers = Options.Switch(
            "--from-followers", null, "Read from any replica, not from leaders only: the same records, perhaps a moment later.");
        Option<string?> format = Options.Text("--format", "-f", "FORMAT", "How to write a record; see below.");
        Option<string?> delimiter =
            Options.Text("--delimiter", "-D", "DELIM", "What to write behind each record. Default: \\n. As in produce.");
        Option<string?> keyDelimiter =
            Options.Text("--key-delimiter", "-K", "DELIM", "Write the key and this in front of the value. As in produce.");
        return new CliCommand("consume", "Read records.")
        {
            Arguments = { topics },
            Options = { from, until, partitions, count, follow, fromFollowers, format, delimiter, keyDelimiter },
            Examples =
            [
                ("consume orders", "everything there is, then stop"),
                ("consume orders --follow --from end", "what comes from now on"),
                ("consume orders --from @-1h --until @-30m", "by time"),
                ("consume orders -n 10 --from -10 -p 0", "the last ten of a partition"),
                ("consume orders -f '%p:%o %k=%v{json}'", "in a format of your own"),
                ("consume orders -o jsonl > orders.jsonl", "exactly, for produce -i jsonl"),
            ],
            Details = Help,
            Run = (context, ct) =>
            {
                ConsumePlan plan = ConsumePlan.Parse(
                    context.Arguments.GetValue(from),
                    context.Arguments.GetValue(until),
                    context.Arguments.GetRequiredValue(partitions),
                    context.Arguments.GetValue(follow),
                    context.Host.Time);
                string[] names = [.. context.Arguments.GetRequiredValue(topics).Distinct()];
                RecordSink sink = Sink(
                    context,
                    context.Arguments.GetValue(format),
                    context.Arguments.GetValue(delimiter),
                    context.Arguments.GetValue(keyDelimiter),
                    names.Length > 1);
                var options = new ReadOptions { AllowFollowers = context.Arguments.GetValue(fromFollowers) };
                return new ConsumeRun(context, names, plan, options, sink, context.Arguments.GetValue(count)).RunAsync(ct);
            },
        };
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
}
