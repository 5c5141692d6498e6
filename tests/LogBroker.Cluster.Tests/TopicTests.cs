using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Topics: what is refused, what is idempotent, what a restart keeps. Rows 1 to 11 and 41 of the bad-input table.</summary>
public sealed class TopicTests
{
    [Theory]
    [InlineData("", "empty")]
    [InlineData(".", "'.' and '..' are not allowed")]
    [InlineData("..", "'.' and '..' are not allowed")]
    [InlineData("../../etc/passwd", "position 2")]
    [InlineData("a/b", "position 1")]
    [InlineData("a\\b", "position 1")]
    [InlineData("C:x", "position 1")]
    [InlineData("a\0b", "\\u0000")]
    [InlineData("a\nb", "\\u000A")]
    [InlineData("tоpic", "\\u043E")]
    [InlineData("a\u202Eb", "\\u202E")]
    public async Task Rows1To5_BadNames(string name, string says)
    {
        await using TestBroker broker = await TestBroker.Open();
        BrokerError error = (await broker.TryCreate(name)).Error!;
        Assert.Equal(ErrorCode.InvalidTopic, error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Single(broker.Broker.Topics.Topics);
        Assert.Contains("\\uD800", (await broker.TryCreate("a\uD800")).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row4_LengthsOfNames()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create(new string('a', 249));
        await broker.Create(new string('a', 248) + "b");
        Assert.Contains("250 > 249", (await broker.TryCreate(new string('a', 250))).Error!.Message, StringComparison.Ordinal);
        await broker.ProduceOk(new string('a', 249), 0, TestBatches.Of(1));
        await broker.Restart();
        Assert.Single(await broker.ReadAll(new string('a', 249)));
    }

    [Fact]
    public async Task Row6_InternalNamesAreReserved()
    {
        await using TestBroker broker = await TestBroker.Open();
        const string Metadata = "__cluster_metadata";
        Assert.Equal(ErrorCode.InternalTopic, (await broker.TryCreate("__mine")).Error!.Code);
        Assert.Equal(ErrorCode.InternalTopic, (await broker.DeleteTopic(Metadata)).Error!.Code);
        Assert.Equal(ErrorCode.InternalTopic, (await broker.AddPartitions(Metadata, 2)).Error!.Code);
        var alter = new AlterTopicCommand(Metadata, new Dictionary<string, string> { ["retention.ms"] = "0" }, [], false);
        Assert.Equal(ErrorCode.InternalTopic, (await broker.Broker.AlterTopic(alter, CancellationToken.None)).Error!.Code);
        Assert.Equal(ErrorCode.InternalTopic, (await broker.DeleteRecords(Metadata, -1)).Error!.Code);
        Assert.True(broker.Broker.DescribeTopic(Metadata).IsOk);
    }

    [Fact]
    public async Task Row7_NamesThatDifferOnlyInDotAndUnderscoreCollide()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a_b.c");
        BrokerError error = (await broker.TryCreate("a.b_c")).Error!;
        Assert.Equal(ErrorCode.TopicCollision, error.Code);
        Assert.Contains("a_b.c", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, 0, ErrorCode.InvalidPartitions)]
    [InlineData(int.MaxValue, 0, ErrorCode.InvalidPartitions)]
    [InlineData(10_001, 0, ErrorCode.InvalidPartitions)]
    [InlineData(1, -1, ErrorCode.InvalidReplicationFactor)]
    [InlineData(1, 2, ErrorCode.InvalidReplicationFactor)]
    [InlineData(1, 4, ErrorCode.InvalidReplicationFactor)]
    public async Task Rows8And9_CountsOutOfRange(int partitions, int replicas, ErrorCode code)
    {
        await using TestBroker broker = await TestBroker.Open();
        var command = new CreateTopicCommand("a", partitions, replicas, new Dictionary<string, string>(), "", false);
        BrokerError error = (await broker.Broker.CreateTopic(command, CancellationToken.None)).Error!;
        Assert.Equal(code, error.Code);
        Assert.Contains("1 to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row10_CreatingAgainIsAnErrorUnlessItIsTheSameRequest()
    {
        await using TestBroker broker = await TestBroker.Open();
        var command = new CreateTopicCommand("a", 2, 1, new Dictionary<string, string> { ["segment.bytes"] = "1MiB" }, "r-1", false);
        TopicDescription first = (await broker.Broker.CreateTopic(command, CancellationToken.None)).Value;
        await broker.Restart();
        var same = command with { Config = new Dictionary<string, string> { ["segment.bytes"] = "1048576" } };
        TopicDescription again = (await broker.Broker.CreateTopic(same, CancellationToken.None)).Value;
        Assert.Equal(first.Id, again.Id);
        Assert.Equal(2, again.Partitions.Count);
        CreateTopicCommand[] others =
            [command with { RequestId = "r-2" }, command with { RequestId = "" }, command with { Partitions = 3 }];
        foreach (CreateTopicCommand other in others)
        {
            Assert.Equal(ErrorCode.TopicAlreadyExists, (await broker.Broker.CreateTopic(other, CancellationToken.None)).Error!.Code);
        }
    }

    [Fact]
    public async Task Row11_AllFaultsOfAConfigurationAreListedAtOnce()
    {
        await using TestBroker broker = await TestBroker.Open();
        BrokerError error = (await broker.TryCreate(
            "a", 1, ("retention.m", "7d"), ("retention.bytes", "-5"), ("segment.bytes", "1"), ("segment.ms", "3 lightyears"), ("durability", "maybe")))
            .Error!;
        Assert.Equal(ErrorCode.InvalidConfig, error.Code);
        Assert.Contains("\"retention.m\"; did you mean retention.ms?", error.Message, StringComparison.Ordinal);
        Assert.Contains("retention.bytes: \"-5\" is out of range: -1 or at least 0 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("segment.bytes: \"1\" is out of range: 65536 to", error.Message, StringComparison.Ordinal);
        Assert.Contains("segment.ms: \"3 lightyears\" is not a duration", error.Message, StringComparison.Ordinal);
        Assert.Contains("durability: \"maybe\" is not fsync or memory", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, error.Metadata.Count);
    }

    [Fact]
    public async Task ValidateOnlyChecksAndChangesNothing()
    {
        await using TestBroker broker = await TestBroker.Open();
        var create = new CreateTopicCommand("a", 2, 0, new Dictionary<string, string>(), "", true);
        Assert.True((await broker.Broker.CreateTopic(create, CancellationToken.None)).IsOk);
        Assert.False(broker.Broker.DescribeTopic("a").IsOk);
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(5));
        var alter = new AlterTopicCommand("a", new Dictionary<string, string> { ["retention.ms"] = "1h" }, [], true);
        Assert.Equal(3_600_000, (await broker.Broker.AlterTopic(alter, CancellationToken.None)).Value.Config.RetentionMs);
        Assert.True((await broker.AddPartitions("a", 7, true)).IsOk);
        Assert.True((await broker.DeleteTopic("a", validateOnly: true)).IsOk);
        Assert.Equal(new Offset(5), (await broker.DeleteRecords("a", -1, true)).Value);
        TopicDescription now = broker.Broker.DescribeTopic("a").Value;
        Assert.Empty(now.Overrides);
        Assert.Single(now.Partitions);
        Assert.Equal(5, (await broker.ReadAll("a")).Count);
    }

    [Fact]
    public async Task ConfigurationIsAlteredAndUnset()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 1, ("retention.ms", "1h"), ("max.message.bytes", "500"));
        Assert.Equal(ErrorCode.RecordTooLarge, (await broker.Produce("a", 0, TestBatches.Of(1, 600))).Error!.Code);
        var alter = new AlterTopicCommand("a", new Dictionary<string, string> { ["max.message.bytes"] = "1kib" }, ["retention.ms"], false);
        TopicDescription altered = (await broker.Broker.AlterTopic(alter, CancellationToken.None)).Value;
        Assert.Equal(["max.message.bytes"], altered.Overrides.Keys);
        broker.Pump();
        await broker.ProduceOk("a", 0, TestBatches.Of(1, 600));
        await broker.Restart();
        Assert.Equal(1024, broker.Broker.Topics.Find("a")!.Config.BatchBytesMax);
        var bad = new AlterTopicCommand("a", new Dictionary<string, string> { ["segment.ms"] = "x" }, ["nope", "segment.ms"], false);
        BrokerError error = (await broker.Broker.AlterTopic(bad, CancellationToken.None)).Error!;
        Assert.Equal(["nope", "segment.ms"], error.Metadata.Keys.Order());
        BrokerError unknown = (await broker.Broker.AlterTopic(bad with { Name = "b" }, CancellationToken.None)).Error!;
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, unknown.Code);
    }

    [Fact]
    public async Task PartitionsGrowAndNeverShrink()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 2);
        await broker.ProduceOk("a", 1, TestBatches.Of(3));
        Assert.Equal(4, (await broker.AddPartitions("a", 4)).Value.Partitions.Count);
        await broker.ProduceOk("a", 3, TestBatches.Of(1));
        Assert.Equal(4, (await broker.AddPartitions("a", 4)).Value.Partitions.Count);
        foreach (int wrong in new[] { 3, 0, -1, 10_001 })
        {
            Assert.Equal(ErrorCode.InvalidPartitions, (await broker.AddPartitions("a", wrong)).Error!.Code);
        }

        await broker.Restart();
        Assert.Equal(3, (await broker.ReadAll("a", 1)).Count);
        Assert.Single(await broker.ReadAll("a", 3));
    }

    [Fact]
    public async Task ADeletedTopicIsGoneWithItsFilesAndItsNameIsFree()
    {
        await using TestBroker broker = await TestBroker.Open();
        TopicDescription first = await broker.Create("a", 2);
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 0));
        using FetchAnswer held = await broker.FetchOk("a", 0, Offset.Zero);
        TopicId other = new(Guid.NewGuid());
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await broker.DeleteTopic("a", other)).Error!.Code);
        Assert.Equal(first.Id, (await broker.DeleteTopic("a", first.Id)).Value);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await broker.DeleteTopic("a")).Error!.Code);
        Assert.DoesNotContain(broker.Disk.AllFiles, f => f.Contains("/a~", StringComparison.Ordinal));
        Assert.Empty(broker.State.Scan(StateKey.OfTopic(first.Id)));
        Assert.Single(TestBroker.Records(held.Items[0].Slice)); // a lease outlives the topic
        Assert.NotEqual(first.Id, (await broker.Create("a")).Id);
        Assert.Empty(await broker.ReadAll("a"));
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 0));
        await broker.Restart();
        Assert.Single(await broker.ReadAll("a"));
    }

    [Fact]
    public async Task Row41_RecordsAreDeletedUpToTheHighWatermarkAndNoFurther()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.Create("memory", 1, ("durability", "memory"));
        foreach (string topic in new[] { "a", "memory" })
        {
            await broker.ProduceOk(topic, 0, TestBatches.Of(10));
            Assert.Equal(ErrorCode.OffsetOutOfRange, (await broker.DeleteRecords(topic, 11)).Error!.Code);
            Assert.Equal(ErrorCode.OffsetOutOfRange, (await broker.DeleteRecords(topic, -2)).Error!.Code);
            Assert.Equal(new Offset(4), (await broker.DeleteRecords(topic, 4)).Value);
            Assert.Equal(new Offset(4), (await broker.DeleteRecords(topic, 2)).Value);
            Assert.Equal(new Offset(10), (await broker.DeleteRecords(topic, -1)).Value);
            Assert.Equal(new Offset(10), broker.Partition(topic).HighWatermark);
        }

        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Equal(new Offset(10), broker.Partition("a").LogStart);
        Assert.Equal(new Offset(10), await broker.ProduceOk("a", 0, TestBatches.Of(1)));
    }

    [Fact]
    public async Task RetentionDeletesOldSegmentsByAppendTimeOnly()
    {
        await using TestBroker broker = await TestBroker.Open(with: s => s with { RetentionCheckMs = 1_000 });
        await broker.Create("a", 1, ("retention.ms", "1h"));
        await broker.Create("memory", 1, ("retention.bytes", "100000"), ("durability", "memory"));
        for (int i = 0; i < 6; i++)
        {
            await broker.ProduceOk("a", 0, TestBatches.Of(1, 40_000, timestampMs: 1));
            await broker.ProduceOk("memory", 0, TestBatches.Of(1, 40_000));
        }

        broker.Time.Advance(TimeSpan.FromMinutes(1));
        broker.Pump();
        Assert.Equal(6, (await broker.ReadAll("a")).Count);
        broker.Time.Advance(TimeSpan.FromMinutes(1));
        broker.Pump();
        Assert.InRange((await broker.ReadAll("memory")).Count, 2, 4);
        broker.Time.Advance(TimeSpan.FromHours(2));
        broker.Pump();
        Assert.Empty(await broker.ReadAll("a"));
        Assert.Equal(new Offset(6), broker.Partition("a").LogStart);
        Assert.Equal(new Offset(6), await broker.ProduceOk("a", 0, TestBatches.Of(1)));
    }
}
