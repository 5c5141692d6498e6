using System.Diagnostics;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Kafka's own segment dumper reads our closed segments and agrees with our indexes; skipped where there is no Kafka.</summary>
public sealed class KafkaDumpTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("logbroker-kafka-").FullName;

    [Fact]
    public void Kafkas_dumper_reads_our_segments_and_verifies_our_indexes()
    {
        string kafka = Path.Combine(Peers(), "kafka");
        if (!Directory.Exists(kafka))
        {
            Assert.Skip("no Kafka: set LOGBROKER_PEERS to a directory that holds kafka/");
        }

        WriteSegments();
        string[] logs = [.. Directory.GetFiles(_root, "*.log").Order()];
        Assert.True(logs.Length >= 3);
        string dump = Run(kafka, "--deep-iteration", "--print-data-log", "--files", logs[1]);
        Assert.Contains("isvalid: true", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("isvalid: false", dump, StringComparison.Ordinal);
        Assert.Contains("partitionLeaderEpoch: 2", dump, StringComparison.Ordinal);
        foreach (string suffix in (string[])[".index", ".timeindex"])
        {
            string file = Path.ChangeExtension(logs[1], suffix);
            Assert.True(new FileInfo(file).Length > 0);
            string verified = Run(kafka, "--verify-index-only", "--files", file);
            Assert.DoesNotContain("Mismatch", verified, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("Exception", verified, StringComparison.Ordinal);
            Assert.DoesNotContain("Found", verified, StringComparison.Ordinal);
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static string Peers()
    {
        if (Environment.GetEnvironmentVariable("LOGBROKER_PEERS") is { Length: > 0 } given)
        {
            return given;
        }

        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "LogBroker.sln")))
        {
            at = Path.GetDirectoryName(at);
        }

        return Path.Combine(at ?? "/", "..", "shared", "peers");
    }

    private static string Run(string kafka, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(kafka, "bin", "kafka-dump-log.sh"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KAFKA_HEAP_OPTS"] = "-Xmx128m";
        start.Environment["LOG_DIR"] = Path.GetTempPath();
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + errors.GetAwaiter().GetResult());
        return output + errors.GetAwaiter().GetResult();
    }

    private void WriteSegments()
    {
        var guard = new DiskSpaceGuard(new OsDisk(), _root, 0);
        var env = new LogEnvironment(
            new OsDisk(), new MemoryStateStore(), new RecordedFailure(), guard, new StorageMetrics(), TimeProvider.System);
        var id = new PartitionId(new TopicId(Guid.NewGuid()), 0);
        PartitionLog log = PartitionLog.Open(env, id, _root, new TopicConfig { SegmentBytesMax = 40_000 }, new LogOpenOptions(1)).Log!;
        var random = new Random(5);
        for (int epoch = 1; epoch <= 3; epoch++)
        {
            Assert.Null(log.AppendRow(new Epoch(epoch), 1));
            for (int i = 0; i < 40; i++)
            {
                byte[] batch = TestBatches.Of(5, 150, 1_700_000_000_000 + (epoch * 10_000) + (i * 10) + random.Next(-100, 100), i);
                Assert.Null(log.Append([batch], new Epoch(epoch), 1).Error);
            }
        }

        log.Close();
    }
}
