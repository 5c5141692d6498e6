using System.CommandLine;
using System.Text;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>produce</c>: its options; <see cref="ProduceRun"/> does the work.</summary>
internal sealed class ProduceCommand
{
    private const string Help =
        """
        One record per line, or per piece between the delimiters of -D; an empty line is a record with an empty value. The last
        delimiter of the input may be missing. A delimiter may have the escapes \n \r \t \0 \\ \xHH.
        With -i jsonl each line is an object as consume -o jsonl writes it: key, value (or keyBase64, valueBase64), headers,
        timestampMs; topic and offset are ignored, and so is partition without --keep-partitions.
        Lost connections and broker restarts are survived for 2 minutes, or as long as --timeout says, without losing, doubling or
        reordering records. How many were acknowledged is said on stderr; -o jsonl writes a receipt per record.
        """;

    private readonly Argument<string> _topic = Options.Topic();
    private readonly Argument<string?> _file = new("file")
    {
        HelpName = "FILE|-",
        Description = "The input; - or nothing is stdin.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _delimiter = Options.Text("--delimiter", "-D", "DELIM", "What ends a record. Default: \\n.");
    private readonly Option<string?> _input = Options.Choice("--input", "-i", "FORMAT", "lines (default) or jsonl.", "lines", "jsonl");
    private readonly Option<string?> _keyDelimiter = Options.Text("--key-delimiter", "-K", "DELIM", "What stands between key and value.");
    private readonly Option<string?> _keyRegex = Options.Text(
        "--key-regex", null, "REGEX", "Takes the key out of the record: the first group, or the whole match. ^ and $ match at lines.");

    private readonly Option<string?> _key = Options.Text("--key", "-k", "KEY", "The key of every record.");
    private readonly Option<string[]> _headers = Options.Many("--header", "-H", "KEY:VALUE", "A header of every record.");
    private readonly Option<long?> _partition = Options.Number("--partition", "-p", "N", "The partition of every record.", 0, int.MaxValue);
    private readonly Option<bool> _tombstone = Options.Switch(
        "--tombstone", null, "Send null values, which delete keys: of -k alone, without input; else each record is a key.");

    private readonly Option<string?> _rate = Options.Text("--rate", null, "RATE", "At most so many records: 500, 5k/s, 300/m.");
    private readonly Option<string?> _acks = Options.Choice(
        "--acks", null, "ACKS", "quorum (default), leader or none.", "quorum", "leader", "none");

    private readonly Option<string?> _compression = Options.Choice(
        "--compression", "-z", "CODEC", "none (default) or gzip.", "none", "gzip");

    private readonly Option<bool> _keepPartitions =
        Options.Switch("--keep-partitions", null, "With -i jsonl: into the partition that the line names.");
    private readonly Option<long?> _skip =
        Options.Number("--skip", null, "N", "Skip the first records of the input, as a resume hint says.", 0);

    /// <summary>The command.</summary>
    public static CliCommand Create()
    {
        var it = new ProduceCommand();
        return new CliCommand("produce", "Write records.")
        {
            Arguments = { it._topic, it._file },
            Options =
            {
                it._delimiter, it._input, it._keyDelimiter, it._keyRegex, it._key, it._headers, it._partition, it._tombstone,
                it._rate, it._acks, it._compression, it._keepPartitions, it._skip,
            },
            Examples =
            [
                ("produce orders < orders.txt", "one record per line"),
                ("produce orders orders.csv -K , --rate 5k/s", "key in front of the first comma, 5,000 records a second"),
                ("produce orders -k 42 -H source:web", "key 42, a header, values from the terminal"),
                ("produce packages Packages -D '\\n\\n' --key-regex '^Package: (.*)$'", "stanzas with an empty line between them"),
                ("produce orders -i jsonl < orders.jsonl", "what consume -o jsonl has written"),
                ("produce orders -k 42 --tombstone", "delete key 42"),
            ],
            Details = Help,
            Run = it.RunAsync,
        };
    }

    private async Task<ExitCode> RunAsync(CommandContext context, CancellationToken ct)
    {
        ParseResult arguments = context.Arguments;
        var options = new ProducerOptions
        {
            Acks = arguments.GetValue(_acks) switch { "leader" => Acks.Leader, "none" => Acks.None, _ => Acks.Quorum },
            Compression = arguments.GetValue(_compression) == "gzip" ? Compression.Gzip : Compression.None,
            DeliveryTimeout = context.Timeout ?? TimeSpan.FromMinutes(2),
        };
        RecordRate? rate = arguments.GetValue(_rate) is { } rateText ? RecordRate.Parse(rateText) : null;
        RecordTemplate template = Template(arguments);
        CheckCombinations(arguments, template);
        (Stream? input, long? length) = Open(context, template);
        await using (input)
        {
            IRecordSource source = Source(arguments, template, input);
            bool isTyped = context.Host.StdinIsTerminal && input == context.Host.Stdin;
            string topic = arguments.GetRequiredValue(_topic);
            return await new ProduceRun(context, topic, source, length, isTyped, arguments.GetValue(_skip) ?? 0)
                .RunAsync(options, rate, ct);
        }
    }

    private RecordTemplate Template(ParseResult arguments) => new()
    {
        Key = arguments.GetValue(_key) is { } key ? Encoding.UTF8.GetBytes(key) : null,
        Headers = arguments.GetRequiredValue(_headers) is { Length: > 0 } headers ? [.. headers.Select(RecordTemplate.ParseHeader)] : null,
        Partition = (int?)arguments.GetValue(_partition),
        IsTombstone = arguments.GetValue(_tombstone),
    };

    private void CheckCombinations(ParseResult arguments, RecordTemplate template)
    {
        int keys = (template.Key is null ? 0 : 1) + (arguments.GetValue(_keyDelimiter) is null ? 0 : 1)
            + (arguments.GetValue(_keyRegex) is null ? 0 : 1);
        if (keys > 1)
        {
            throw CliException.Usage("-k, -K and --key-regex exclude each other");
        }

        bool isJsonl = arguments.GetValue(_input) == "jsonl";
        if (isJsonl && (arguments.GetValue(_delimiter) ?? arguments.GetValue(_keyDelimiter) ?? arguments.GetValue(_keyRegex)) is not null)
        {
            throw CliException.Usage("-i jsonl has its own delimiters and keys", "leave out -D, -K and --key-regex");
        }

        if (!isJsonl && arguments.GetValue(_keepPartitions))
        {
            throw CliException.Usage("--keep-partitions needs -i jsonl");
        }
    }

    /// <summary>The input and its length, if it is a file; null when no input is needed.</summary>
    private (Stream? Input, long? Length) Open(CommandContext context, RecordTemplate template)
    {
        string? path = context.Arguments.GetValue(_file);
        if (path is null && template is { IsTombstone: true, Key: not null })
        {
            return (null, null);
        }

        if (path is null or "-")
        {
            if (context.Host.StdinIsTerminal)
            {
                context.Note("type records, one per line; Ctrl-D ends");
            }

            return (context.Host.Stdin, null);
        }

        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan);
            return (file, file.CanSeek ? file.Length : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ExitCode exit = e is FileNotFoundException or DirectoryNotFoundException ? ExitCode.NotFound : ExitCode.Unexpected;
            throw new CliException(exit, $"cannot read {path}: {e.Message}");
        }
    }

    private IRecordSource Source(ParseResult arguments, RecordTemplate template, Stream? input)
    {
        if (input is null)
        {
            return new SingleRecordSource(
                new ProducerRecord(new ReadOnlyMemory<byte>(template.Key), null)
                {
                    Partition = template.Partition,
                    Headers = template.Headers,
                });
        }

        var chunks = new ChunkReader(input, Escapes.Delimiter(arguments.GetValue(_delimiter) ?? "\\n", "-D"));
        if (arguments.GetValue(_input) == "jsonl")
        {
            return new JsonlRecordSource(chunks, template, arguments.GetValue(_keepPartitions));
        }

        string? keyDelimiter = arguments.GetValue(_keyDelimiter);
        string? keyRegex = arguments.GetValue(_keyRegex);
        return new DelimitedRecordSource(
            chunks,
            template,
            keyDelimiter is null ? null : Escapes.Delimiter(keyDelimiter, "-K"),
            keyRegex is null ? null : DelimitedRecordSource.CompileKeyRegex(keyRegex));
    }
}
