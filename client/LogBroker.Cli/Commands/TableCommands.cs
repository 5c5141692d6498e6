using System.CommandLine;
using System.Text;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>table get</c> and <c>table scan</c>: compacted topics by key.</summary>
internal static class TableCommands
{
    /// <summary>The group.</summary>
    public static CliCommand Create() => new("table", "Read compacted topics by key.")
    {
        Get(),
        Scan(),
    };

    private static Option<bool> Linearizable() => Options.Switch(
        "--linearizable", "-l", "See everything that was acknowledged before; the leader proves that it leads.");

    private static Option<bool> FromFollowers() => Options.Switch(
        "--from-followers", null, "Read from any replica, not from leaders only; perhaps a moment older.");

    private static CliCommand Get()
    {
        Argument<string> topic = Options.Topic();
        var keys = new Argument<string[]>("key") { HelpName = "KEY", Description = "One or more keys.", Arity = ArgumentArity.OneOrMore };
        Option<bool> linearizable = Linearizable();
        Option<bool> fromFollowers = FromFollowers();
        return new CliCommand("get", "Show the newest value of keys.")
        {
            Arguments = { topic, keys },
            Options = { linearizable, fromFollowers },
            Examples =
            [
                ("table get stock apples", "key, value, partition, offset, time"),
                ("table get stock apples pears -o json", "several, with how fresh the answer is"),
                ("table get stock apples | cut -f2", "the value alone"),
            ],
            Details = "Exit code 3 when a key is not there; the others are shown all the same.",
            Run = async (context, ct) =>
            {
                TableReadOptions options = Read(context, linearizable, fromFollowers);
                string[] asked = context.Arguments.GetRequiredValue(keys);
                await using LogBrokerClient client = context.CreateClient();
                await using Table<ReadOnlyMemory<byte>, byte[]?> table =
                    client.OpenTable(context.Arguments.GetRequiredValue(topic), Serde.Memory, Serde.Bytes, options);
                IReadOnlyList<TableEntry<ReadOnlyMemory<byte>, byte[]?>> found = await table.GetManyAsync(
                    [.. asked.Select(k => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(k))], cancellationToken: ct);
                context.Output.List("entries", found.Where(e => e.HasValue).Select(Entry));
                string[] missing = [.. asked.Zip(found).Where(p => !p.Second.HasValue).Select(p => p.First)];
                foreach (string key in missing)
                {
                    context.Note($"there is no key {ShownValue.Of(key)}");
                }

                return missing.Length == 0 ? ExitCode.Ok : ExitCode.NotFound;
            },
        };
    }

    private static CliCommand Scan()
    {
        Argument<string> topic = Options.Topic();
        Option<string?> prefix = Options.Text("--prefix", "-x", "TEXT", "Only keys that begin with this.");
        Option<long?> count = Options.Number("--count", "-n", "N", "Stop after so many keys.", 1);
        Option<bool> linearizable = Linearizable();
        Option<bool> fromFollowers = FromFollowers();
        return new CliCommand("scan", "Show keys and their newest values, partition by partition in the order of the keys.")
        {
            Arguments = { topic },
            Options = { prefix, count, linearizable, fromFollowers },
            Examples =
            [
                ("table scan stock", "all keys"),
                ("table scan stock --prefix fruit/ -n 10", "the first ten that begin so"),
                ("table scan stock -o jsonl", "with offsets, times and freshness"),
            ],
            Run = async (context, ct) =>
            {
                TableReadOptions options = Read(context, linearizable, fromFollowers);
                await using LogBrokerClient client = context.CreateClient();
                await using Table<ReadOnlyMemory<byte>, byte[]?> table =
                    client.OpenTable(context.Arguments.GetRequiredValue(topic), Serde.Memory, Serde.Bytes, options);
                OutputWriter output = context.Output;
                output.BeginList("entries");
                long left = context.Arguments.GetValue(count) ?? long.MaxValue;
                await foreach (TableEntry<ReadOnlyMemory<byte>, byte[]?> entry in table.ScanAsync(
                    context.Arguments.GetValue(prefix) ?? "", cancellationToken: ct))
                {
                    output.Item(Entry(entry));
                    if (--left == 0)
                    {
                        break;
                    }
                }

                output.EndList();
                return ExitCode.Ok;
            },
        };
    }

    private static TableReadOptions Read(CommandContext context, Option<bool> linearizable, Option<bool> fromFollowers)
    {
        var options = new TableReadOptions
        {
            Linearizable = context.Arguments.GetValue(linearizable),
            AllowFollowers = context.Arguments.GetValue(fromFollowers),
        };
        return options is { Linearizable: true, AllowFollowers: true }
            ? throw CliException.Usage("--linearizable and --from-followers contradict each other")
            : options;
    }

    private static OutputRecord Entry(TableEntry<ReadOnlyMemory<byte>, byte[]?> entry)
    {
        var record = new OutputRecord();
        Add(record, "key", entry.Key);
        Add(record, "value", entry.Value ?? []);
        record.Add("partition", entry.Partition);
        record.Add("offset", entry.Offset);
        long timestampMs = entry.Timestamp?.ToUnixTimeMilliseconds() ?? -1;
        record.Add("timestampMs", timestampMs, TimestampText.Of(timestampMs));
        record.Add("appliedOffset", entry.Freshness.AppliedOffset, null, false);
        record.Add("highWatermark", entry.Freshness.HighWatermark, null, false);
        record.Add("behindMs", (long)entry.Freshness.Behind.TotalMilliseconds, null, false);
        return record;
    }

    /// <summary>Bytes that are no text are base64 under another name in JSON, and hexadecimal digits elsewhere.</summary>
    private static void Add(OutputRecord record, string name, ReadOnlyMemory<byte> bytes)
    {
        if (RecordJson.IsText(bytes.Span))
        {
            record.Add(name, Encoding.UTF8.GetString(bytes.Span));
            return;
        }

        record.Add(name, "0x" + Convert.ToHexStringLower(bytes.Span), inJson: false);
        record.Add(name + "Base64", Convert.ToBase64String(bytes.Span), inTable: false);
    }
}
