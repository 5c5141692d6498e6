using System.CommandLine;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cli;

/// <summary><c>storage dump</c>: batches, or the records in them, straight from segment files.</summary>
internal static class StorageDumpCommand
{
    /// <summary>The command.</summary>
    public static CliCommand Create()
    {
        Argument<string> directory = StoragePlace.Argument("A data directory, a topic's or partition's directory in it, or one .log file.");
        StorageFilter filter = new();
        Option<bool> records = Options.Switch("--records", "-r", "Dump records; without it batches and epoch rows.");
        Option<long?> from = Options.Number("--from", null, "OFFSET", "Begin at this offset.", 0);
        Option<long?> until = Options.Number("--until", null, "OFFSET", "End in front of this offset.", 0);
        Option<long?> count = Options.Number("--count", "-n", "N", "Stop after so many.", 1);
        Option<string?> format = Options.Text("--format", "-f", "FORMAT", "How to write a record, as in consume; implies --records.");
        return new CliCommand("dump", "Show the batches or records of segments.")
        {
            Arguments = { directory },
            Options = { filter.Topic, filter.Partitions, filter.Internal, records, from, until, count, format },
            Examples =
            [
                ("storage dump data --topic orders -p 0", "batches and epoch rows of a partition"),
                ("storage dump data --topic orders --records -o jsonl", "records, as consume -o jsonl writes them"),
                ("storage dump data/topics/orders~1a2b3c4d/0/00000000000000000000.log --from 47 -n 1", "one batch"),
            ],
            Run = (context, ct) =>
            {
                string? formatText = context.Arguments.GetValue(format);
                var range = new DumpRange(
                    context.Arguments.GetValue(from) ?? 0,
                    context.Arguments.GetValue(until) ?? long.MaxValue,
                    context.Arguments.GetValue(count) ?? long.MaxValue);
                IEnumerable<(StoragePlace Place, string File)> files =
                    Files(context, filter, context.Arguments.GetRequiredValue(directory));
                if (formatText is not null && context.HasOutputFormat)
                {
                    throw CliException.Usage("-f and -o exclude each other");
                }

                return Task.FromResult(context.Arguments.GetValue(records) || formatText is not null
                    ? DumpRecords(context, files, range, RecordSinkFor(context, formatText), ct)
                    : DumpBatches(context, files, range, ct));
            },
        };
    }

    private static RecordSink RecordSinkFor(CommandContext context, string? format) => format is not null
        ? new FormattedRecordSink(context.Host.Stdout, RecordFormat.Parse(format))
        : context.Format switch
        {
            OutputFormat.Json => new JsonRecordSink(context.Host.Stdout, isDocument: true),
            OutputFormat.Jsonl => new JsonRecordSink(context.Host.Stdout, isDocument: false),
            OutputFormat.Tsv => new TsvRecordSink(context.Host.Stdout),
            _ => new TableRecordSink(context.Host, showsTopic: true),
        };

    private static IEnumerable<(StoragePlace Place, string File)> Files(CommandContext context, StorageFilter filter, string path)
    {
        if (File.Exists(path))
        {
            return [(StoragePlace.Of(Path.GetDirectoryName(Path.GetFullPath(path))!), path)];
        }

        return filter.Find(context, path).SelectMany(
            place => System.IO.Directory.EnumerateFiles(place.Directory, "*.log").Order(StringComparer.Ordinal),
            (place, file) => (place, file));
    }

    private static ExitCode DumpBatches(
        CommandContext context, IEnumerable<(StoragePlace Place, string File)> files, DumpRange range, CancellationToken ct)
    {
        OutputWriter output = context.Output;
        output.BeginList("batches");
        long count = 0;
        foreach ((StoragePlace place, string file) in files)
        {
            foreach (DumpedBatch dumped in LogVerifier.Dump(new OsDisk(), file))
            {
                ct.ThrowIfCancellationRequested();
                if (range.Holds(dumped.Batch) && count < range.CountMax)
                {
                    count++;
                    output.Item(ToRecord(place, dumped));
                }
            }
        }

        output.EndList();
        return ExitCode.Ok;
    }

    private static ExitCode DumpRecords(
        CommandContext context, IEnumerable<(StoragePlace Place, string File)> files, DumpRange range, RecordSink sink,
            CancellationToken ct)
    {
        foreach ((StoragePlace place, string file) in files)
        {
            foreach (DumpedBatch dumped in LogVerifier.Dump(new OsDisk(), file))
            {
                ct.ThrowIfCancellationRequested();
                if (!range.Holds(dumped.Batch) || dumped.Batch.IsControl || sink.Count >= range.CountMax)
                {
                    continue;
                }

                if (WriteRecords(place, dumped, range, sink) is { } fault)
                {
                    sink.Complete();
                    throw new CliException(ExitCode.Corruption, $"{file} at byte {dumped.Position}: {fault.Message}");
                }
            }
        }

        sink.Complete();
        return ExitCode.Ok;
    }

    private static BrokerError? WriteRecords(StoragePlace place, DumpedBatch dumped, DumpRange range, RecordSink sink)
    {
        if (RecordReader.TryOpen(dumped.Bytes, 8 * Limits.BatchBytesMax, out RecordReader reader) is { } unreadable)
        {
            return unreadable;
        }

        while (sink.Count < range.CountMax && reader.MoveNext())
        {
            LogRecord record = reader.Current;
            if (record.Offset.Value >= range.From && record.Offset.Value < range.Until)
            {
                sink.Write(ShownRecord.Of(place.Topic, place.Partition, record));
            }
        }

        return reader.Error;
    }

    private static OutputRecord ToRecord(StoragePlace place, DumpedBatch dumped)
    {
        RecordBatch batch = dumped.Batch;
        return new OutputRecord
        {
            { "topic", place.Topic },
            { "partition", place.Partition },
            { "position", dumped.Position },
            { "kind", batch.IsEpochRow ? "epoch" : batch.IsControl ? "control" : batch.IsEmpty ? "empty" : "data" },
            { "baseOffset", batch.BaseOffset.Value },
            { "records", batch.RecordsCount },
            { "bytes", batch.TotalBytes },
            { "leaderEpoch", batch.LeaderEpoch.Value },
            { "codec", batch.Codec.ToString().ToLowerInvariant() },
            { "timestampType", batch.TimestampType.ToString() },
            { "maxTimestampMs", batch.MaxTimestampMs, TimestampText.Of(batch.MaxTimestampMs) },
            { "producerId", batch.IsEpochRow ? -1 : batch.ProducerId.Value },
            { "producerEpoch", batch.IsEpochRow ? -1 : (int)batch.ProducerEpoch },
            { "baseSequence", batch.IsEpochRow ? -1 : batch.BaseSequence },
            { "crc", batch.Crc.ToString("x8", System.Globalization.CultureInfo.InvariantCulture) },
        };
    }

    /// <summary>What of a segment to dump.</summary>
    private sealed record DumpRange(long From, long Until, long CountMax)
    {
        /// <summary>True when a batch has offsets in the range; an epoch row counts as its start.</summary>
        public bool Holds(RecordBatch batch) =>
            batch.BaseOffset.Value < Until && Math.Max(batch.NextOffset.Value, batch.BaseOffset.Value + 1) > From;
    }
}
