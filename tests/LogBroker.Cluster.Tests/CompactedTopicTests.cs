using System.Text;
using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Topics with cleanup.policy compact, on one node and on three.</summary>
public sealed class CompactedTopicTests
{
    private static readonly TopicPartition Table = new("table", 0);

    private static readonly (string, string)[] Compacted =
    [
        ("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0"), ("segment.bytes", "65536"),
    ];

    [Fact]
    public async Task TheCleanerKeepsTheNewestRecordOfEachKey()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("table", 1, Compacted);
        Dictionary<string, string> due = await Fill(b => broker.ProduceOk("table", 0, b), batches: 300, keys: 9);
        PartitionLog log = LogOf(broker.Broker);
        long before = log.SizeBytes;
        Clean(broker, log);
        Assert.InRange(log.SizeBytes, 1, before / 2);
        Assert.Equal(due, FoldOf(log));
        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Equal(due, FoldOf(LogOf(broker.Broker)));
    }

    [Fact]
    public async Task ARecordWithoutAKeyIsRefusedCompressedOrNot()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("table", 1, Compacted);
        Assert.Equal(ErrorCode.RecordWithoutKey, (await broker.Produce("table", 0, TestBatches.Of(2))).Error!.Code);
        using var builder = new BatchBuilder(Limits.BatchBytesMax, CompressionCodec.Gzip);
        Assert.True(builder.TryAppend(1_000, Encoding.UTF8.GetBytes("key"), new byte[2_000]));
        Assert.True(builder.TryAppend(1_000, OptionalBytes.Null, new byte[2_000]));
        ProduceOutcome refused = await broker.Produce("table", 0, builder.Finish().ToArray());
        Assert.Equal((ErrorCode.RecordWithoutKey, "1"), (refused.Error!.Code, refused.Error.Metadata["record"]));
        byte[] compressed = TestBatches.Keyed([("a", new string('v', 900)), ("b", null)], codec: CompressionCodec.Gzip);
        Assert.Equal(Offset.Zero, await broker.ProduceOk("table", 0, compressed));
    }

    [Fact]
    public async Task RecordsInFrontAreDeletedOnlyWhereThePolicySaysSo()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("table", 1, Compacted);
        await broker.ProduceOk("table", 0, TestBatches.Keyed([("a", "1"), ("a", "2")]));
        Task<Result<Offset>> refused = broker.DeleteRecords("table", 1);
        broker.Pump();
        Assert.Equal(ErrorCode.InvalidArgument, (await refused).Error!.Code);
        await broker.Create("both", 1, ("cleanup.policy", "delete, compact"));
        Assert.Equal("compact,delete", Show(broker.Broker.DescribeTopic("both").Value.Config));
        await broker.ProduceOk("both", 0, TestBatches.Keyed([("a", "1"), ("a", "2")]));
        Task<Result<Offset>> deleted = broker.DeleteRecords("both", 1);
        broker.Pump();
        Assert.Equal(new Offset(1), (await deleted).Value);
    }

    [Theory]
    [InlineData("cleanup.policy", "compact;delete")]
    [InlineData("cleanup.policy", "")]
    [InlineData("min.cleanable.dirty.ratio", "1.5")]
    [InlineData("min.cleanable.dirty.ratio", "half")]
    [InlineData("delete.retention.ms", "-1")]
    [InlineData("min.compaction.lag.ms", "-5")]
    [InlineData("max.compaction.lag.ms", "0")]
    public async Task ABadSettingIsRefusedByName(string key, string value)
    {
        await using TestBroker broker = await TestBroker.Open();
        Result<TopicDescription> refused = await broker.TryCreate("table", 1, (key, value));
        Assert.Equal(ErrorCode.InvalidConfig, refused.Error!.Code);
        Assert.Contains(key, refused.Error.Message, StringComparison.Ordinal);
        Assert.Equal(
            ErrorCode.InvalidConfig,
            (await broker.TryCreate("table", 1, ("min.compaction.lag.ms", "10s"), ("max.compaction.lag.ms", "5s"))).Error!.Code);
    }

    /// <summary>The windows of producers are in the log as empty batches: a node that lost all it knew still tells a duplicate.</summary>
    [Fact]
    public async Task DuplicatesAreKnownBehindACompactionEvenWithoutTheStateStore()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("table", 1, Compacted);
        byte[][] sent = [.. Enumerable.Range(0, 7).Select(i => TestBatches.Keyed(
            [("k0", $"{i}"), ("k1", $"{i}")], producer: 7, sequence: 2 * i))];
        foreach (byte[] batch in sent)
        {
            await broker.ProduceOk("table", 0, batch);
        }

        await Fill(b => broker.ProduceOk("table", 0, b), batches: 200, keys: 2);
        Clean(broker, LogOf(broker.Broker));
        Assert.DoesNotContain(FoldOf(LogOf(broker.Broker)), e => e.Value == "6");
        broker.State.Wipe();
        await broker.Crash(LossMode.LoseUnsynced);
        for (int i = 2; i < 7; i++)
        {
            ProduceOutcome again = await broker.Produce("table", 0, sent[i]);
            Assert.True(again.Error is null && again.IsDuplicate, $"batch {i}: {again.Error}");
            Assert.Equal(new Offset(2 * i), again.BaseOffset);
        }

        ProduceOutcome next = await broker.Produce("table", 0, TestBatches.Keyed([("a", "7")], producer: 7, sequence: 14));
        Assert.True(next.Error is null && !next.IsDuplicate);
    }

    [Fact]
    public async Task ReplicasCompactOnTheirOwnAndOneThatWasAwayCatchesUpOverWhatIsGone()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("table", 1, Compacted);
        int away = (await cluster.UntilLed(Table) + 1) % 3;
        Dictionary<string, string> due = await Fill(b => ProduceOk(cluster, b), batches: 10, keys: 6);
        await cluster.Kill(away);
        byte[] last = TestBatches.Keyed([("k1", "of a producer")], producer: 77, sequence: 0);
        Offset at = await ProduceOk(cluster, last);
        due = Merge(due, await Fill(b => ProduceOk(cluster, b), batches: 250, keys: 6));
        int[] up = [.. Enumerable.Range(0, 3).Where(n => n != away)];
        await cluster.Until(() => up.All(n => LogOf(cluster.Brokers[n]!).Compactions > 0));
        await cluster.Open(away);
        Offset end = LogOf(cluster.Brokers[cluster.LeaderOf(Table)]!).Bounds.End;
        await cluster.Until(() => LogOf(cluster.Brokers[away]!).Bounds.HighWatermark == end);
        await cluster.Until(() => cluster.Brokers.All(b => LogOf(b!).Bounds.HighWatermark == end));
        Assert.All(cluster.Brokers, b => Assert.Equal(due, FoldOf(LogOf(b!))));

        // The one that never had the producer's record leads, and knows it all the same.
        NodeId to = cluster.Brokers[away]!.NodeId;
        await cluster.LetLead(Table, to);
        ProduceOutcome again = await cluster.Produce(Table, last);
        Assert.True(again.Error is null && again.IsDuplicate, again.Error?.ToString());
        Assert.Equal(at, again.BaseOffset);
        due = Merge(due, await Fill(b => ProduceOk(cluster, b), batches: 120, keys: 6));
        end = LogOf(cluster.Brokers[cluster.LeaderOf(Table)]!).Bounds.End;
        await cluster.Until(() => cluster.Brokers.All(b => LogOf(b!).Compactions > 0 && LogOf(b!).Bounds.HighWatermark == end));
        Assert.All(cluster.Brokers, b => Assert.Equal(due, FoldOf(LogOf(b!))));
    }

    private static async Task<Offset> ProduceOk(ThreeNodes cluster, byte[] batch)
    {
        ProduceOutcome outcome = await cluster.Produce(Table, batch);
        Assert.Null(outcome.Error);
        return outcome.BaseOffset;
    }

    /// <summary>Writes records of a few keys; the newest value of each.</summary>
    private static async Task<Dictionary<string, string>> Fill(Func<byte[], Task<Offset>> produce, int batches, int keys)
    {
        var newest = new Dictionary<string, string>();
        for (int i = 0; i < batches; i++)
        {
            (string Key, string? Value)[] records =
            [
                ($"k{i % keys}", $"{i} {new string('v', 700)}"), ($"k{i * 7 % keys}", $"{i} again {new string('w', 500)}"),
            ];
            _ = await produce(TestBatches.Keyed(records));
            foreach ((string key, string? value) in records)
            {
                newest[key] = value!;
            }
        }

        return newest;
    }

    private static Dictionary<string, string> Merge(Dictionary<string, string> older, Dictionary<string, string> newer)
    {
        var merged = new Dictionary<string, string>(older);
        foreach ((string key, string value) in newer)
        {
            merged[key] = value;
        }

        return merged;
    }

    /// <summary>Lets the clock run until nothing is dirty.</summary>
    private static void Clean(TestBroker broker, PartitionLog log)
    {
        for (int i = 0; i < 100 && (log.Compactions == 0 || log.LookAtDirt(broker.NowMs).IsDue); i++)
        {
            broker.Time.Advance(TimeSpan.FromSeconds(5));
            broker.Pump();
        }

        Assert.True(log.Compactions > 0);
    }

    private static PartitionLog LogOf(Broker broker)
    {
        Assert.Null(broker.Hosted.Find(Table, out HostedPartition hosted));
        return hosted.Replica!.Log;
    }

    private static Dictionary<string, string> FoldOf(PartitionLog log)
    {
        var fold = new Dictionary<string, string>();
        for (Offset at = log.Bounds.LogStart; at < log.Bounds.HighWatermark;)
        {
            Result<LogSlice> read = log.Read(at, new Offset(long.MaxValue), 100_000);
            Assert.True(read.IsOk, read.Error?.ToString());
            using LogSlice slice = read.Value;
            var bytes = new byte[slice.Length];
            slice.CopyTo(0, bytes);
            for (ReadOnlyMemory<byte> rest = bytes; !rest.IsEmpty;)
            {
                Assert.Null(RecordReader.TryOpen(rest, Limits.BatchBytesMax, out RecordReader reader));
                while (reader.MoveNext())
                {
                    string key = Encoding.UTF8.GetString(reader.Current.Key!.Value.Span);
                    fold[key] = Encoding.UTF8.GetString(reader.Current.Value!.Value.Span);
                }

                rest = rest[reader.TotalBytes..];
            }

            Assert.True(slice.NextOffset > at);
            at = slice.NextOffset;
        }

        return fold;
    }

    private static string Show(TopicConfig config) => TopicConfigKeys.Find("cleanup.policy")!.Show(config);
}
