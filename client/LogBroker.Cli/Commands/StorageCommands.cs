using System.CommandLine;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cli;

/// <summary><c>storage segments</c> and <c>verify</c>; the group that holds <c>dump</c> too.</summary>
internal static class StorageCommands
{
    /// <summary>The group.</summary>
    public static CliCommand Create() => new("storage", "Look into a data directory, without a broker and without changing it.")
    {
        Segments(),
        StorageDumpCommand.Create(),
        Verify(),
    };

    private static CliCommand Segments()
    {
        Argument<string> directory = StoragePlace.Argument("A data directory, or a topic's or partition's directory in it.");
        StorageFilter filter = new();
        return new CliCommand("segments", "List the segments of partitions, with what they hold.")
        {
            Arguments = { directory },
            Options = { filter.Topic, filter.Partitions, filter.Internal },
            Examples =
            [
                ("storage segments data", "all topics of a data directory"),
                ("storage segments data --topic orders -p 0", "one partition"),
                ("storage segments data -o json | jq '[.segments[].bytes] | add'", "bytes in all"),
            ],
            Details = "Every batch is read and checked, as in storage verify.",
            Run = (context, ct) =>
            {
                StoragePlace[] places = filter.Find(context, context.Arguments.GetRequiredValue(directory));
                OutputWriter output = context.Output;
                output.BeginList("segments");
                var walk = new StorageWalk(context);
                foreach ((StoragePlace place, SegmentReport segment) in walk.Over(places, ct))
                {
                    output.Item(ToRecord(place, segment));
                }

                output.EndList();
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static CliCommand Verify()
    {
        Argument<string> directory = StoragePlace.Argument("A data directory, or a topic's or partition's directory in it.");
        StorageFilter filter = new() { DefaultsToInternal = true };
        return new CliCommand("verify", "Check every batch and index entry; exit code 9 if something is damaged.")
        {
            Arguments = { directory },
            Options = { filter.Topic, filter.Partitions },
            Examples =
            [
                ("storage verify data", "everything"),
                ("storage verify data --topic orders", "one topic"),
                ("storage verify data -o json | jq .damaged", "for scripts"),
            ],
            Details =
                "Checked are header and checksum of every batch, dense offsets, the order of epochs, and the entries of both indexes.\n"
                + "Notes are what the broker puts right by itself at its next start, such as a torn tail; they are no damage. Beside a\n"
                + "running broker, what it appends meanwhile may show as a note.",
            Run = (context, ct) =>
                Task.FromResult(RunVerify(context, filter.Find(context, context.Arguments.GetRequiredValue(directory)), ct)),
        };
    }

    private static ExitCode RunVerify(CommandContext context, StoragePlace[] places, CancellationToken ct)
    {
        var walk = new StorageWalk(context);
        var findings = new List<OutputRecord>();
        bool isDamaged = false;
        bool isDocument = context.Format == OutputFormat.Json;
        OutputWriter output = context.Output;
        if (!isDocument)
        {
            output.BeginList("findings");
        }

        foreach ((StoragePlace _, SegmentReport segment) in walk.Over(places, ct))
        {
            foreach (VerifyFinding finding in segment.Findings)
            {
                isDamaged |= finding.Severity == VerifySeverity.Damage;
                OutputRecord record = ToRecord(finding);
                findings.Add(record);
                if (!isDocument)
                {
                    output.Item(record);
                }
            }
        }

        if (isDocument)
        {
            output.Single(new OutputRecord
            {
                { "damaged", isDamaged },
                { "partitions", places.Length },
                { "segments", walk.Segments },
                { "records", walk.Records },
                { "bytes", walk.Bytes },
                { "findings", findings.ToArray() },
            });
        }
        else
        {
            output.EndList();
        }

        context.Host.Stdout.Flush();
        string verdict = isDamaged ? "DAMAGED" : findings.Count > 0 ? $"no damage, {HumanSize.Counted(findings.Count, "note")}"
            : "no damage";
        context.Note(
            $"verified {HumanSize.Counted(places.Length, "partition")}, {HumanSize.Counted(walk.Segments, "segment")}, "
            + $"{HumanSize.Counted(walk.Records, "record")}, {HumanSize.Bytes(walk.Bytes)}: {verdict}");
        return isDamaged ? ExitCode.Corruption : ExitCode.Ok;
    }

    private static OutputRecord ToRecord(StoragePlace place, SegmentReport segment) => new()
    {
        { "topic", place.Topic },
        { "partition", place.Partition },
        { "baseOffset", segment.BaseOffset.Value },
        { "nextOffset", segment.NextOffset.Value },
        { "records", segment.Records, HumanSize.Count(segment.Records) },
        { "batches", segment.Batches, HumanSize.Count(segment.Batches) },
        { "bytes", segment.Bytes, HumanSize.Bytes(segment.Bytes) },
        { "fileBytes", segment.FileBytes, null, false },
        { "epochRows", segment.EpochRows, null, false },
        { "lastEpoch", segment.LastEpoch.Value },
        { "maxTimestampMs", segment.MaxTimestampMs, TimestampText.Of(segment.MaxTimestampMs) },
        { "findings", segment.Findings.Count, null, true, false },
        { "file", segment.File },
        { "findings", segment.Findings.Select(ToRecord).ToArray() },
    };

    private static OutputRecord ToRecord(VerifyFinding finding) => new()
    {
        { "severity", finding.Severity == VerifySeverity.Damage ? "damage" : "note" },
        { "file", finding.File },
        { "position", finding.Position },
        { "reason", finding.Reason },
    };
}
