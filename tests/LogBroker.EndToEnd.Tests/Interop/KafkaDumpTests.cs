using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Apache Kafka's own dumper reads the files of a stopped broker of ours.</summary>
public sealed partial class KafkaDumpTests
{
    private const int BatchesCount = 60;
    private const int RecordsPerBatch = 20;
    private const string Filler = "a value that takes some room, so that segments are closed; ";

    [Fact]
    public async Task Kafka_prints_every_record_of_our_segments_and_finds_no_fault_in_them_or_their_indexes()
    {
        string dump = Tools.RequirePeer("kafka", "bin", "kafka-dump-log.sh");
        Tools.Require("java");
        using var directory = new TestDirectory();
        string data = directory.File("data");
        await WriteAsync(data);
        string partition = Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(data, "topics"), "orders~*")), "0");
        string[] logs = [.. Directory.GetFiles(partition, "*.log").Order(StringComparer.Ordinal)];
        Assert.True(logs.Length >= 3, $"{logs.Length} segments: none of them is closed");

        var printed = await RunAsync(dump, "--deep-iteration", "--print-data-log", "--files", string.Join(',', logs));
        Assert.Equal(0, printed.ExitCode);
        var lines = printed.Output.Split('\n');
        Assert.Equal(Expected(), lines.Where(line => line.StartsWith("| offset: ", StringComparison.Ordinal)).Select(Record));
        var batches = lines.Where(line => line.StartsWith("baseOffset: ", StringComparison.Ordinal)).ToList();
        Assert.Contains(batches, line => line.Contains("compresscodec: gzip", StringComparison.Ordinal));
        Assert.True(batches.Count > BatchesCount, "epoch rows are batches, too");
        Assert.All(batches, line => Assert.Contains("isvalid: true", line, StringComparison.Ordinal));
        Assert.Equal(logs.Length, lines.Count(line => line.StartsWith("Log starting offset: ", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines, line => line.Contains("unparsed", StringComparison.OrdinalIgnoreCase)
            || line.Contains("invalid bytes", StringComparison.OrdinalIgnoreCase));

        string[] indexes = [.. Directory.GetFiles(partition, "*.index"), .. Directory.GetFiles(partition, "*.timeindex")];
        Assert.True(indexes.Length >= 2 * (logs.Length - 1));
        Assert.Contains(indexes, index => new FileInfo(index).Length > 16);
        var verified = await RunAsync(dump, "--verify-index-only", "--files", string.Join(',', indexes));
        Assert.Equal(0, verified.ExitCode);
        string said = verified.Output + "\n" + verified.Error;
        Assert.DoesNotContain("ismatch", said, StringComparison.Ordinal);
        Assert.DoesNotContain("out of order", said, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("not found", said, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Exception", said, StringComparison.Ordinal);
        Assert.Equal(indexes.Length, said.Split('\n').Count(line => line.StartsWith("Dumping ", StringComparison.Ordinal)));
    }

    private static async Task WriteAsync(string data)
    {
        await using var server = await ServerProcess.StartAsync(data);
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("orders", 1, ("segment.bytes", "65536"), ("index.interval.bytes", "1024"));
        for (int batch = 0; batch < BatchesCount; batch++)
        {
            var ack = await client.ProduceAsync(new ProduceBatch { Topic = "orders", Records = Batch(batch) });
            Assert.Equal(batch * RecordsPerBatch, ack.Receipt.BaseOffset);
        }

        Assert.Equal(0, await server.StopAsync());
    }

    /// <summary>Null and empty keys and values, headers; every third batch is compressed.</summary>
    private static ByteString Batch(int batch)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax, batch % 3 == 2 ? CompressionCodec.Gzip : CompressionCodec.None);
        for (int i = 0; i < RecordsPerBatch; i++)
        {
            int offset = (batch * RecordsPerBatch) + i;
            RecordHeader[] headers = offset % 5 == 0 ? [new RecordHeader("origin", Encoding.UTF8.GetBytes($"h{offset}"))] : [];
            OptionalBytes key = Key(offset) is { } k ? Encoding.UTF8.GetBytes(k) : null;
            OptionalBytes value = Value(offset) is { } v ? Encoding.UTF8.GetBytes(v) : null;
            Assert.True(builder.TryAppend(1_700_000_000_000 + offset, key, value, headers));
        }

        return ByteString.CopyFrom(builder.Finish().Span);
    }

    private static string? Key(int offset) => offset % 7 == 0 ? null : $"key-{offset}";

    private static string? Value(int offset) =>
        offset % 11 == 0 ? null : offset % 13 == 0 ? "" : $"value {offset} {string.Concat(Enumerable.Repeat(Filler, 3))}";

    private static IEnumerable<(int Offset, string Key, string Value, string Headers)> Expected() =>
        Enumerable.Range(0, BatchesCount * RecordsPerBatch).Select(
            i => (i, Key(i) ?? "", Value(i) ?? "", i % 5 == 0 ? "origin" : ""));

    private static (int Offset, string Key, string Value, string Headers) Record(string line)
    {
        var match = RecordLine().Match(line);
        Assert.True(match.Success, line);
        return (
            int.Parse(match.Groups["offset"].Value, CultureInfo.InvariantCulture),
            match.Groups["key"].Value, match.Groups["payload"].Value, match.Groups["headers"].Value);
    }

    private static Task<ProgramResult> RunAsync(string dump, params string[] arguments) =>
        ProgramRun.RunAsync(dump, arguments, new() { ["KAFKA_HEAP_OPTS"] = "-Xmx256m" });

    [GeneratedRegex(
        @"^\| offset: (?<offset>\d+) .*? headerKeys: \[(?<headers>[^\]]*)\](?: key: (?<key>\S*))?(?: payload: ?(?<payload>.*))?$")]
    private static partial Regex RecordLine();
}
