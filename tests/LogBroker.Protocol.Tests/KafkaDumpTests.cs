using System.Diagnostics;

namespace LogBroker.Protocol.Tests;

/// <summary>
/// Kafka's own segment dumper reads what we build: every codec, padded gzip, epoch rows, LogAppendTime. Needs a Kafka
/// distribution and Java.
/// </summary>
public sealed class KafkaDumpTests
{
    [Fact]
    public async Task Kafka_reads_every_record_and_finds_every_checksum_valid()
    {
        string tool = Path.Combine(Peers(), "kafka", "bin", "kafka-dump-log.sh");
        Assert.SkipUnless(File.Exists(tool), $"no Kafka at {tool}: set LOGBROKER_PEERS");
        Assert.SkipUnless(JavaIsThere(), "no java on the PATH");
        string directory = Directory.CreateTempSubdirectory("logbroker-kafka-dump-").FullName;
        try
        {
            string segment = Path.Combine(directory, "00000000000000000000.log");
            await File.WriteAllBytesAsync(segment, Segment(), TestContext.Current.CancellationToken);
            string dump = await Dump(tool, segment, directory);

            Assert.DoesNotContain("isvalid: false", dump, StringComparison.Ordinal);
            Assert.Equal(5, Count(dump, "isvalid: true"));
            Assert.Equal(1, Count(dump, "isControl: true"));
            Assert.Equal(2, Count(dump, "compresscodec: gzip"));
            Assert.Equal(1 + 40 + 1 + 2, Count(dump, "| offset: "));
            Assert.Contains("| offset: 0 CreateTime: 1700000000000 keySize: -1 valueSize: -1", dump, StringComparison.Ordinal);
            Assert.Contains("key: k39 payload: value 39 of a batch that shrinks", dump, StringComparison.Ordinal);
            Assert.Contains("| offset: 41 CreateTime: 1700000000000 keySize: 1 valueSize: 50000", dump, StringComparison.Ordinal);
            Assert.Contains("| offset: 43 LogAppendTime: 1700000009999 keySize: 2 valueSize: 2", dump, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static byte[] Segment()
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        Assert.True(builder.TryAppend(Batches.Now, OptionalBytes.Null, OptionalBytes.Null, [new RecordHeader("h", null)]));
        byte[] tombstone = builder.Finish(new ProducerId(7), 0, 0).ToArray();

        byte[] gzip = Batches.OfValues(
            CompressionCodec.Gzip, [.. Enumerable.Range(0, 40).Select(i => $"value {i} of a batch that shrinks")]);

        using var padder = new BatchBuilder(Limits.BatchBytesDefault, CompressionCodec.Gzip);
        Assert.True(padder.TryAppend(Batches.Now, "z"u8, new byte[50_000]));
        byte[] padded = padder.Finish().ToArray();

        byte[] appendTime = Batches.OfValues("v0", "v1");
        BatchHeader.StampAppendTime(appendTime, 1700000009999);

        var row = new byte[EpochRow.Bytes];
        new EpochRow(new Epoch(3), new Offset(1)).WriteTo(row);

        var next = Offset.Zero;
        var segment = new List<byte>();
        foreach (byte[] batch in (byte[][])[tombstone, row, gzip, padded, appendTime])
        {
            BatchHeader.StampBaseOffset(batch, next);
            BatchHeader.StampLeaderEpoch(batch, new Epoch(3));
            segment.AddRange(batch);
            next = new RecordBatch(batch).NextOffset;
        }

        return [.. segment];
    }

    private static async Task<string> Dump(string tool, string segment, string directory)
    {
        var start = new ProcessStartInfo(tool, ["--deep-iteration", "--print-data-log", "--files", segment])
        {
            RedirectStandardOutput = true,
            Environment = { ["KAFKA_HEAP_OPTS"] = "-Xmx128m", ["LOG_DIR"] = directory },
        };
        using Process process = Process.Start(start)!;
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
            return output;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static bool JavaIsThere() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => d.Length > 0 && File.Exists(Path.Combine(d, "java")));

    private static string Peers() =>
        Environment.GetEnvironmentVariable("LOGBROKER_PEERS") ?? Path.Combine(Repository.Root, "..", "shared", "peers");
}
