using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster.Tests;

/// <summary>The format of metadata records, pinned, and what the records add up to.</summary>
public sealed class MetadataRecordTests
{
    private static readonly TopicId Id = new(new Guid("00112233-4455-6677-8899-aabbccddeeff"));

    private static readonly MetadataRecord[] All =
    [
        new MetadataRecord.TopicCreated(Id, "orders", 3, 1, new Dictionary<string, string> { ["retention.ms"] = "5" }, "r"),
        new MetadataRecord.ConfigChanged(Id, new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" }),
        new MetadataRecord.PartitionsAdded(Id, 7),
        new MetadataRecord.TopicDeleted(Id),
        new MetadataRecord.ProducerIdsTaken(new ProducerId(0x0102030405060708), 1000),
    ];

    private static readonly string[] Golden =
    [
        "010100112233445566778899AABBCCDDEEFF00066F7264657273000000030001000100" + "0C726574656E74696F6E2E6D73000135000172",
        "010200112233445566778899AABBCCDDEEFF0002000161000131000162000132",
        "010300112233445566778899AABBCCDDEEFF00000007",
        "010400112233445566778899AABBCCDDEEFF",
        "01050102030405060708000003E8",
    ];

    [Fact]
    public void TheBytesAreThese()
    {
        for (int i = 0; i < All.Length; i++)
        {
            Assert.Equal(Golden[i], Convert.ToHexString(All[i].Write()));
        }
    }

    [Fact]
    public void EveryRecordIsReadBackAndEveryCutOneIsRefused()
    {
        foreach (MetadataRecord record in All)
        {
            byte[] value = record.Write();
            Assert.Equal(value, MetadataRecord.Read(value).Value.Write());
            for (int length = 0; length < value.Length; length++)
            {
                Assert.False(MetadataRecord.Read(value.AsSpan(0, length)).IsOk);
            }

            Assert.False(MetadataRecord.Read([.. value, 0]).IsOk);
        }
    }

    [Fact]
    public void AnotherVersionOrKindIsRefusedByName()
    {
        Assert.Contains("version 2", MetadataRecord.Read([2, 1]).Error!.Message, StringComparison.Ordinal);
        Assert.Contains("kind 99", MetadataRecord.Read([1, 99]).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RecordsAddUpToTopics()
    {
        var state = new MetadataState(new TopicConfig());
        foreach (MetadataRecord record in All[..3])
        {
            state.Apply(record);
        }

        TopicInfo topic = state.Catalog.Find("orders")!;
        Assert.Equal(7, topic.PartitionCount);
        Assert.Equal(["a", "b"], topic.Overrides.Keys.Order());
        Assert.Equal(new ProducerId(1), state.NextProducerId);
        state.Apply(All[4]);
        Assert.Equal(new ProducerId(0x0102030405060708 + 1000), state.NextProducerId);
        state.Apply(All[3]);
        Assert.Empty(state.Catalog.Topics);
        Assert.Equal("orders", state.Deleted[Id]);
        state.Apply(All[2]);
        state.Apply(All[3]);
        Assert.Empty(state.Catalog.Topics);
    }

    [Theory]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("1.5 KiB", 1536)]
    [InlineData("64kb", 64_000)]
    [InlineData("10", 10)]
    [InlineData("-1", -1)]
    [InlineData("2m", 2L << 20)]
    [InlineData("1_000", 1000)]
    public void SizesAreReadAsPeopleWriteThem(string text, long bytes)
    {
        Assert.True(HumanUnits.TryParseBytes(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("7d", 604_800_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("250ms", 250)]
    [InlineData("2m", 120_000)]
    [InlineData("2min", 120_000)]
    public void DurationsAreReadAsPeopleWriteThem(string text, long milliseconds)
    {
        Assert.True(HumanUnits.TryParseMilliseconds(text, out long parsed));
        Assert.Equal(milliseconds, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1 parsec")]
    [InlineData("1.0001ms")]
    [InlineData("99999999999999999999d")]
    [InlineData("1e3")]
    [InlineData("--1")]
    public void OtherTextIsNoDuration(string text) => Assert.False(HumanUnits.TryParseMilliseconds(text, out _));

    [Fact]
    public void EveryKeyShowsWhatItTakes()
    {
        foreach (TopicConfigKey key in TopicConfigKeys.All)
        {
            string shown = key.Show(new TopicConfig());
            Assert.Equal(new TopicConfig(), key.Apply(new TopicConfig(), shown).Value);
            Assert.NotEmpty(key.Documentation);
        }

        Assert.Equal(TopicConfigKeys.All.Select(k => k.Key).Order(StringComparer.Ordinal), TopicConfigKeys.All.Select(k => k.Key));
    }
}
