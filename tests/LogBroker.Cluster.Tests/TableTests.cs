using System.Text;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Compacted topics read by key: the view is a fold of the log, whatever happens to broker and log.</summary>
public sealed class TableTests
{
    private static readonly TopicPartition Table = new("t", 0);

    [Fact]
    public async Task TheNewestRecordOfEachKeyIsFound()
    {
        await using TestBroker broker = await Open();
        await broker.ProduceOk("t", 0, Keyed.Of(("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("b", null)));
        TableAnswer answer = await Get(broker, "a", "b", "c", "d", "a");
        Assert.Equal(["3", null, "4", null, "3"], answer.Entries.Select(Text));
        Assert.Equal([2, -1, 3, -1, 2], answer.Entries.Select(e => e.Offset));
        Assert.Equal(new TableFreshness(new Offset(5), new Offset(5), 0), answer.Freshness);
        await broker.ProduceOk("t", 0, Keyed.Of(("d", "5"), ("a", "")));
        broker.Pump();
        Assert.Equal(["", "5"], (await Get(broker, "a", "d")).Entries.Select(Text));
        Assert.Equal(["a=", "c=4", "d=5"], await Scan(broker));
    }

    [Fact]
    public async Task AScanGivesKeysInOrderWithAPrefixBehindAKeyAndInPages()
    {
        await using TestBroker broker = await Open();
        (string, string?)[] records = [.. Enumerable.Range(0, 2_500).Select(i => ($"k{i:0000}", (string?)"v"))];
        await broker.ProduceOk("t", 0, Keyed.Of([.. records, ("other", "x"), ("j", "x")]));
        Assert.Equal(2_502, (await Scan(broker)).Count);
        Assert.Equal(records.Select(r => r.Item1 + "=v"), await Scan(broker, "k"));
        Assert.Equal(["k2498=v", "k2499=v"], await Scan(broker, "k", "k2497"));
        Assert.Equal(["j=x", "k0000=v", "k0001=v"], await Scan(broker, entriesMax: 3));
    }

    [Fact]
    public async Task ATopicThatIsNotCompactedIsNoTable()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("t");
        Result<TableAnswer> answer = await broker.Broker.GetTable(new TableGet(Table, [new byte[1]]), CancellationToken.None);
        Assert.Equal(ErrorCode.NotATable, answer.Error!.Code);
        Result<TablePage> page = await broker.Broker.ScanTable(new TableScan(Table, default, default), CancellationToken.None);
        Assert.Equal(ErrorCode.NotATable, page.Error!.Code);
    }

    [Fact]
    public async Task BadQuestionsAreRefused()
    {
        await using TestBroker broker = await Open();
        async Task<ErrorCode> CodeOf(TableGet ask) => (await broker.Broker.GetTable(ask, CancellationToken.None)).Error!.Code;
        var keys = new ReadOnlyMemory<byte>[Limits.TableKeysMax + 1];
        Assert.Equal(ErrorCode.LimitExceeded, await CodeOf(new TableGet(Table, keys)));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await CodeOf(new TableGet(new TopicPartition("t", 9), [])));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await CodeOf(new TableGet(new TopicPartition("u", 0), [])));
        Assert.Equal(ErrorCode.InternalTopic, await CodeOf(new TableGet(new TopicPartition(MetadataLog.TopicName, 0), [])));
        var scan = new TableScan(Table, default, default) { EntriesMax = 0 };
        Assert.Equal(ErrorCode.InvalidArgument, (await broker.Broker.ScanTable(scan, CancellationToken.None)).Error!.Code);
    }

    [Fact]
    public async Task AnAnswerIsBoundedInBytes()
    {
        await using TestBroker broker = await Open(("segment.bytes", "16777216"), ("max.message.bytes", "8388608"));
        string large = new('x', 7_000_000);
        foreach (string key in (string[])["a", "b", "c"])
        {
            await broker.ProduceOk("t", 0, Keyed.Of((key, large)));
        }

        Assert.Equal(2, (await Get(broker, "a", "b")).Entries.Count);
        ReadOnlyMemory<byte>[] keys = ["a"u8.ToArray(), "b"u8.ToArray(), "c"u8.ToArray()];
        Result<TableAnswer> answer = await broker.Broker.GetTable(new TableGet(Table, keys), CancellationToken.None);
        Assert.Equal(ErrorCode.LimitExceeded, answer.Error!.Code);
    }

    [Fact]
    public async Task RecordsOlderThanTheTtlAreNotFoundAndLeaveTheView()
    {
        await using TestBroker broker = await Open(("table.ttl.ms", "60000"));
        await broker.ProduceOk("t", 0, Keyed.At(broker.NowMs, ("a", "1"), ("b", "2")));
        broker.Time.Advance(TimeSpan.FromSeconds(40));
        await broker.ProduceOk("t", 0, Keyed.At(broker.NowMs, ("b", "3")));
        Assert.Equal(["1", "3"], (await Get(broker, "a", "b")).Entries.Select(Text));
        Assert.Equal(2, View(broker).Entries);
        broker.Time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal([null, "3"], (await Get(broker, "a", "b")).Entries.Select(Text));
        broker.Pump();
        Assert.Equal(1, View(broker).Entries);
        Assert.Equal(["b=3"], await Scan(broker));
        broker.Time.Advance(TimeSpan.FromSeconds(40));
        Assert.Empty(await Scan(broker));
        broker.Pump();
        Assert.Equal(0, View(broker).Entries);
        await broker.ProduceOk("t", 0, Keyed.At(broker.NowMs, ("a", "4")));
        broker.Pump();
        Assert.Equal(["a=4"], await Scan(broker));
    }

    [Fact]
    public async Task WhatIsInFrontOfTheLogStartIsGone()
    {
        await using TestBroker broker = await Open(("cleanup.policy", "compact,delete"));
        await broker.ProduceOk("t", 0, Keyed.Of(("a", "1"), ("b", "2"), ("c", "3")));
        Assert.Equal(3, (await Scan(broker)).Count);
        Task<Result<Offset>> deleted = broker.DeleteRecords("t", 2);
        broker.Pump();
        Assert.True((await deleted).IsOk);
        Assert.Equal(["c=3"], await Scan(broker));
        Assert.Equal([null, "3"], (await Get(broker, "a", "c")).Entries.Select(Text));
    }

    [Fact]
    public async Task ADeletedTopicLeavesNothingAndItsNameBeginsAnew()
    {
        await using TestBroker broker = await Open();
        await broker.ProduceOk("t", 0, Keyed.Of(("a", "1")));
        Assert.Single(await Scan(broker));
        Assert.True((await broker.DeleteTopic("t")).IsOk);
        Assert.Empty(broker.Tables.Scan([], [], 10, long.MaxValue));
        await broker.Create("t", 1, ("cleanup.policy", "compact"));
        await broker.ProduceOk("t", 0, Keyed.Of(("b", "1")));
        Assert.Equal(["b=1"], await Scan(broker));
    }

    [Fact]
    public async Task ARestartGoesOnFromTheStoredOffset()
    {
        var log = new RecordingLoggers();
        await using TestBroker broker = TestBroker.New();
        broker.Loggers = log;
        await broker.Open();
        await broker.Create("t", 1, ("cleanup.policy", "compact"));
        await broker.ProduceOk("t", 0, Keyed.Of(("a", "1"), ("b", "2")));
        Assert.Equal(2, (await Scan(broker)).Count);
        await broker.Restart();
        await broker.ProduceOk("t", 0, Keyed.Of(("b", null), ("c", "3")));
        Assert.Equal(["a=1", "c=3"], await Scan(broker));
        Assert.Single(log.Lines, l => l.Contains("is built from offset", StringComparison.Ordinal));
        broker.Tables.Clear([(byte)'m']);
        await broker.Restart();
        Assert.Equal(["a=1", "c=3"], await Scan(broker));
        Assert.Equal(2, log.Lines.Count(l => l.Contains("is built from offset", StringComparison.Ordinal)));
    }

    /// <summary>A topic in memory may lose what it showed: the view kept it, and then other records got the same offsets.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task AViewOfALogThatLostItsTailIsMadeAnew(int recordsAfter)
    {
        await using TestBroker broker = await Open(("durability", "memory"));
        await broker.ProduceOk("t", 0, Keyed.Of(("a", "1")));
        await broker.Restart();
        await broker.ProduceOk("t", 0, Keyed.Of(("a", "lost"), ("b", "lost")));
        Assert.Equal(["a=lost", "b=lost"], await Scan(broker));
        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Equal(new Offset(1), broker.Partition("t").HighWatermark);
        for (int i = 0; i < recordsAfter; i++)
        {
            await broker.ProduceOk("t", 0, Keyed.Of(("c", $"{i}")));
        }

        Assert.Equal(["a=1", $"c={recordsAfter - 1}"], await Scan(broker));
    }

    /// <summary>The view stood still until the tombstone was gone, and would have kept the key for ever.</summary>
    [Fact]
    public async Task AKeyThatWasDeletedWhileTheViewWasAwayIsGoneThoughItsTombstoneIs()
    {
        await using TestBroker broker = await Open(Compacting);
        await broker.ProduceOk("t", 0, Keyed.Of(("gone", "1"), ("kept", "1")));
        Assert.Equal(["gone=1", "kept=1"], await Scan(broker));
        await broker.Restart();
        await broker.ProduceOk("t", 0, Keyed.Of(("gone", null)));
        for (int i = 0; i < 40 && await HasRecordAt(broker, 2); i++)
        {
            for (int batch = 0; batch < 80; batch++)
            {
                await broker.ProduceOk("t", 0, Keyed.Of(("other", new string('x', 1_000))));
            }

            broker.Time.Advance(TimeSpan.FromSeconds(30));
            broker.Pump();
        }

        Assert.False(await HasRecordAt(broker, 2));
        Assert.Equal([null, "1"], (await Get(broker, "gone", "kept")).Entries.Select(Text));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task TheViewEqualsAFoldOfTheLog(int seed)
    {
        var random = new Random(seed);
        await using TestBroker broker = await Open(Compacting);
        var fold = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int step = 0; step < 150; step++)
        {
            switch (random.Next(12))
            {
                case 3:
                    broker.Time.Advance(TimeSpan.FromSeconds(random.Next(40)));
                    broker.Pump();
                    break;
                case 0:
                    await broker.Restart();
                    break;
                case 1:
                    await broker.Crash(LossMode.LoseUnsynced, seed + step);
                    break;
                case 2:
                    Assert.Equal(fold.Select(e => $"{e.Key}={e.Value}"), await Scan(broker));
                    Assert.Equal(fold.Count, View(broker).Entries);
                    break;
                default:
                    (string, string?)[] records = [.. Enumerable.Range(0, random.Next(1, 30)).Select(
                        i => ($"k{random.Next(40)}", random.Next(4) == 0 ? null : $"{step}.{i} {new string('v', random.Next(500))}"))];
                    await broker.ProduceOk("t", 0, random.Next(2) == 0 ? Keyed.Of(records) : Keyed.Gzip(records));
                    foreach ((string key, string? value) in records)
                    {
                        _ = value is null ? fold.Remove(key) : (fold[key] = value) is not null;
                    }

                    break;
            }
        }

        Assert.Equal(fold.Select(e => $"{e.Key}={e.Value}"), await Scan(broker));
    }

    [Fact]
    public async Task OnThreeNodesALinearizableReadSeesWhatWasAcknowledgedAndFollowersAnswerWhereTheyMay()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("t", 1, ("cleanup.policy", "compact"));
        ReadOnlyMemory<byte>[] keys = ["a"u8.ToArray()];
        for (int i = 0; i < 50; i++)
        {
            Assert.Null((await cluster.Produce(Table, Keyed.Of(("a", $"{i}")))).Error);
            int leader = await cluster.UntilLed(Table);
            var ask = new TableGet(Table, keys) { Linearizable = true };
            Result<TableAnswer> answer = await cluster.Brokers[leader]!.GetTable(ask, CancellationToken.None);
            Assert.Null(answer.Error);
            Assert.Equal($"{i}", Text(answer.Value.Entries[0]));
        }

        int led = await cluster.UntilLed(Table);
        Broker follower = cluster.Brokers[(led + 1) % 3]!;
        Assert.Equal(ErrorCode.NotLeader, (await follower.GetTable(new TableGet(Table, keys), CancellationToken.None)).Error!.Code);
        var linearizable = new TableGet(Table, keys) { Linearizable = true, AllowsFollower = true };
        Assert.Equal(ErrorCode.NotLeader, (await follower.GetTable(linearizable, CancellationToken.None)).Error!.Code);
        var relaxed = new TableGet(Table, keys) { AllowsFollower = true };
        Result<TableAnswer> seen = default;
        await cluster.Until(() =>
        {
            ValueTask<Result<TableAnswer>> asked = follower.GetTable(relaxed, CancellationToken.None);
            seen = asked.IsCompleted ? asked.Result : default;
            return seen.IsOk && seen.Value is not null && Text(seen.Value.Entries[0]) == "49";
        });

        await cluster.Kill(led);
        Assert.Null((await cluster.Produce(Table, Keyed.Of(("a", "after")))).Error);
        int next = await cluster.UntilLed(Table);
        Result<TableAnswer> moved = await cluster.Brokers[next]!.GetTable(
            new TableGet(Table, keys) { Linearizable = true }, CancellationToken.None);
        Assert.Equal("after", Text(moved.Value.Entries[0]));
    }

    private static (string, string)[] Compacting =>
        [("min.cleanable.dirty.ratio", "0"), ("segment.bytes", "65536"), ("delete.retention.ms", "60000")];

    private static async Task<bool> HasRecordAt(TestBroker broker, long offset)
    {
        using FetchAnswer answer = await broker.FetchOk("t", 0, new Offset(offset));
        var bytes = new byte[answer.Items[0].Slice.Length];
        answer.Items[0].Slice.CopyTo(0, bytes);
        Assert.Null(RecordReader.TryOpen(bytes, Limits.BatchBytesMax, out RecordReader reader));
        bool isFound = false;
        while (reader.MoveNext())
        {
            isFound |= reader.Current.Offset.Value == offset;
        }

        return isFound;
    }

    internal static string? Text(TableRecord record) => record.IsFound ? Encoding.UTF8.GetString(record.Value.Span) : null;

    internal static async Task<TestBroker> Open(params (string Key, string Value)[] config)
    {
        TestBroker broker = await TestBroker.Open();
        bool hasPolicy = config.Any(c => c.Key == "cleanup.policy");
        await broker.Create("t", 1, hasPolicy ? config : [("cleanup.policy", "compact"), .. config]);
        return broker;
    }

    internal static async Task<TableAnswer> Get(TestBroker broker, params string[] keys)
    {
        ReadOnlyMemory<byte>[] asked = [.. keys.Select(k => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(k))];
        ValueTask<Result<TableAnswer>> answer = broker.Broker.GetTable(new TableGet(Table, asked), CancellationToken.None);
        broker.Pump();
        Result<TableAnswer> got = await answer;
        Assert.Null(got.Error);
        return got.Value;
    }

    private static TableView View(TestBroker broker)
    {
        Assert.Null(broker.Broker.Hosted.Find(Table, out HostedPartition partition));
        return partition.Replica!.Table;
    }

    private static async Task<List<string>> Scan(TestBroker broker, string prefix = "", string after = "", int entriesMax = int.MaxValue)
    {
        var found = new List<string>();
        ReadOnlyMemory<byte>? behind = after.Length == 0 ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(after);
        var ask = new TableScan(Table, Encoding.UTF8.GetBytes(prefix), behind) { EntriesMax = entriesMax };
        while (true)
        {
            ValueTask<Result<TablePage>> asked = broker.Broker.ScanTable(ask, CancellationToken.None);
            broker.Pump();
            TablePage page = (await asked).Value;
            found.AddRange(page.Entries.Select(e => $"{Encoding.UTF8.GetString(e.Key.Span)}={Text(e)}"));
            if (page.Next is not { } next || found.Count >= entriesMax)
            {
                return found;
            }

            ask = ask with { After = next };
        }
    }
}

/// <summary>Batches of records with keys; a null value is a tombstone.</summary>
internal static class Keyed
{
    public static byte[] Of(params (string Key, string? Value)[] records) => Build(CompressionCodec.None, 1_000, records, -1);

    public static byte[] Gzip(params (string Key, string? Value)[] records) => Build(CompressionCodec.Gzip, 1_000, records, -1);

    public static byte[] At(long timestampMs, params (string Key, string? Value)[] records) =>
        Build(CompressionCodec.None, timestampMs, records, -1);

    /// <summary>A batch of producer 7, epoch 0.</summary>
    public static byte[] Numbered(int sequence, params (string Key, string? Value)[] records) =>
        Build(CompressionCodec.None, 1_000, records, sequence);

    private static byte[] Build(CompressionCodec codec, long timestampMs, (string Key, string? Value)[] records, int sequence)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax, codec);
        foreach ((string key, string? value) in records)
        {
            OptionalBytes bytes = value is null ? OptionalBytes.Null : (ReadOnlySpan<byte>)Encoding.UTF8.GetBytes(value);
            Assert.True(builder.TryAppend(timestampMs, (ReadOnlySpan<byte>)Encoding.UTF8.GetBytes(key), bytes));
        }

        return sequence < 0 ? builder.Finish().ToArray() : builder.Finish(new ProducerId(7), 0, sequence).ToArray();
    }
}
