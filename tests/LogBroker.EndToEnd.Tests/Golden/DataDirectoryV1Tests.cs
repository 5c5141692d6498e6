using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>
/// A data directory of format version 1 that a broker wrote and left in good order is committed beside the tests; this and every later
/// version opens it. tests/golden/data-directory-v1/README.md says what is in it.
/// </summary>
public sealed class DataDirectoryV1Tests
{
    private const int LongCount = 126;
    private const int PackedCount = 40;
    private const int TrimmedCount = 10;
    private const int TrimmedTo = 4;
    private const int PlainCount = 3;
    private const int IdempotentBatch = 4;

    /// <summary>The directory is older than what brokers remember of producers by default.</summary>
    private const string NeverForget = "--Limits:ProducerExpiry=36500d";

    private static string Golden => Path.Combine(RepositoryRoot.Path, "tests", "golden", "data-directory-v1");

    [Fact]
    public async Task Every_record_and_the_state_are_read()
    {
        using var directory = Copy();
        await using var server = await ServerProcess.StartAsync(directory.File("data"), [NeverForget]);
        await using var client = new TestClient(server);
        var topics = await client.CallAsync(BrokerMethods.ListTopics, new ListTopicsRequest());
        Assert.Equal(["long", "packed", "plain", "trimmed"], topics.Topics.Where(t => !t.Internal).Select(t => t.Name).Order());
        string[] segments = Directory.GetFiles(directory.File("data/topics"), "*.log", SearchOption.AllDirectories);
        Assert.True(segments.Length > 6, "only one segment each");
        await CheckRecordsAsync(client, TrimmedTo);
        var refused = await client.FetchAsync("trimmed", 0, 0);
        Assert.Equal("OFFSET_OUT_OF_RANGE", TestClient.Explain(refused.Error).Reason);
        var config = (await client.CallAsync(BrokerMethods.GetTopic, new GetTopicRequest { Name = "plain" })).Config;
        Assert.Equal("memory", config.Single(entry => entry.Key == "durability").Value);
        await CheckProducerAsync(client);
        await CheckGoesOnAsync(server, client);
    }

    [Fact]
    public async Task Without_its_state_store_every_record_is_read_and_the_log_says_what_was_rebuilt()
    {
        using var directory = Copy();
        Directory.Delete(directory.File("data/state"), recursive: true);
        await using var server = await ServerProcess.StartAsync(directory.File("data"), [NeverForget]);
        await using var client = new TestClient(server);
        // The log start was in the state store: what it hid comes back unless its segment is gone.
        await CheckRecordsAsync(client, 0);
        Assert.Contains(server.ErrorLines, line => line.Contains("state", StringComparison.OrdinalIgnoreCase)
            && line.Contains("rebuilt", StringComparison.OrdinalIgnoreCase));
        await CheckProducerAsync(client);
        await CheckGoesOnAsync(server, client);
    }

    /// <summary>
    /// Writes the directory anew; run it by name only when a new format version gets a directory of its own, never over this one.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task Write_the_directory()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        await using (var first = await ServerProcess.StartAsync(data))
        {
            await using var client = new TestClient(first);
            (string, string) keep = ("retention.ms", "-1");
            await client.CreateTopicAsync("long", 1, keep, ("segment.bytes", "65536"), ("index.interval.bytes", "1024"));
            await client.CreateTopicAsync("packed", 2, keep);
            await client.CreateTopicAsync("trimmed", 1, keep);
            await client.CreateTopicAsync("plain", 1, keep, ("durability", "memory"), ("message.timestamp.type", "LogAppendTime"));
            await client.CreateTopicAsync("deleted", 1);
            for (int offset = 0; offset < LongCount / 2; offset += 3)
                await WriteAsync(client, "long", 0, GoldenRecords.Batch("long", offset, 3));
            await first.KillAsync();
        }

        await using (var second = await ServerProcess.StartAsync(data))
        {
            await using var client = new TestClient(second);
            for (int offset = LongCount / 2; offset < LongCount; offset += 3)
                await WriteAsync(client, "long", 0, GoldenRecords.Batch("long", offset, 3));
            await WriteAsync(client, "packed", 0, GoldenRecords.Batch("packed", 0, PackedCount, CompressionCodec.Gzip));
            var producer = new ProducerId((await client.CallAsync(BrokerMethods.InitProducer, new InitProducerRequest())).ProducerId);
            for (int offset = 0; offset < PackedCount; offset += IdempotentBatch)
            {
                var batch = GoldenRecords.Batch("packed", offset, IdempotentBatch, producer: producer, sequence: offset);
                await WriteAsync(client, "packed", 1, batch);
            }

            await WriteAsync(client, "trimmed", 0, GoldenRecords.Batch("trimmed", 0, TrimmedTo));
            await WriteAsync(client, "trimmed", 0, GoldenRecords.Batch("trimmed", TrimmedTo, TrimmedCount - TrimmedTo));
            var trim = new DeleteRecordsRequest { Topic = "trimmed" };
            trim.Partitions.Add(new DeleteRecordsPartition { BeforeOffset = TrimmedTo });
            await client.CallAsync(BrokerMethods.DeleteRecords, trim);
            await WriteAsync(client, "plain", 0, GoldenRecords.Batch("plain", 0, PlainCount));
            await client.CallAsync(BrokerMethods.DeleteTopic, new DeleteTopicRequest { Name = "deleted" });
            Assert.Equal(0, await second.StopAsync());
        }

        foreach (string log in Directory.GetFiles(Path.Combine(data, "state"), "LOG*"))
            File.Delete(log); // RocksDB's diary, which nothing reads
        CopyTree(data, Golden);
    }

    private static async Task WriteAsync(TestClient client, string topic, int partition, Google.Protobuf.ByteString records)
    {
        var ack = await client.ProduceAsync(new ProduceBatch { Topic = topic, Partition = partition, Records = records });
        Assert.True(ack.Error is null, ack.Error?.ToString());
    }

    private static async Task CheckRecordsAsync(TestClient client, int trimmedFrom)
    {
        await CheckAsync(client, "long", 0, 0, LongCount);
        await CheckAsync(client, "packed", 0, 0, PackedCount);
        await CheckAsync(client, "packed", 1, 0, PackedCount);
        await CheckAsync(client, "trimmed", 0, trimmedFrom, TrimmedCount);
        await CheckAsync(client, "plain", 0, 0, PlainCount);
    }

    private static async Task CheckAsync(TestClient client, string topic, int partition, int from, int to)
    {
        var records = new List<string>();
        while (records.Count < to - from)
        {
            var fetched = await client.FetchAsync(topic, partition, from + records.Count);
            Assert.True(fetched.Error is null, $"{topic}: {fetched.Error}");
            Assert.Equal((from, to), (fetched.LogStartOffset, fetched.HighWatermark));
            var more = GoldenRecords.Read(fetched.Batches.Memory);
            Assert.NotEmpty(more);
            records.AddRange(more);
        }

        Assert.Equal(GoldenRecords.Expected(topic, from, to), records);
    }

    /// <summary>The last batch again is a duplicate with its first offset: the producer is remembered.</summary>
    private static async Task CheckProducerAsync(TestClient client)
    {
        const int Last = PackedCount - IdempotentBatch;
        var fetched = await client.FetchAsync("packed", 1, Last);
        var producer = new RecordBatch(fetched.Batches.Span).ProducerId;
        var again = GoldenRecords.Batch("packed", Last, IdempotentBatch, producer: producer, sequence: Last);
        var ack = await client.ProduceAsync(new ProduceBatch { Topic = "packed", Partition = 1, Records = again });
        Assert.True(ack.Error is null, ack.Error?.ToString());
        Assert.Equal((Last, true), (ack.Receipt.BaseOffset, ack.Receipt.Duplicate));
        var other = await client.CallAsync(BrokerMethods.InitProducer, new InitProducerRequest());
        Assert.NotEqual(producer.Value, other.ProducerId);
    }

    private static async Task CheckGoesOnAsync(ServerProcess server, TestClient client)
    {
        var ack = await client.ProduceAsync("long", 0, "new");
        Assert.Equal(LongCount, ack.Receipt.BaseOffset);
        Assert.True(ack.Receipt.LeaderEpoch > 2, "the epoch is above every row of the log");
        Assert.Equal(0, await server.StopAsync());
    }

    private static TestDirectory Copy()
    {
        var directory = new TestDirectory();
        CopyTree(Golden, directory.File("data"));
        File.Delete(directory.File("data/README.md"));
        return directory;
    }

    private static void CopyTree(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (string inner in Directory.GetDirectories(from))
            CopyTree(inner, Path.Combine(to, Path.GetFileName(inner)));
    }
}
