using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>Records of committed offsets, byte by byte where Kafka's tools read them.</summary>
public sealed class OffsetRecordTests
{
    private static readonly TopicId Topic = new(Guid.ParseExact("000102030405060708090a0b0c0d0e0f", "N"));

    [Fact]
    public void LayoutIsKafkas()
    {
        byte[] key = OffsetRecord.Key("g", new TopicPartition("tp", 3));
        Assert.Equal("0001" + "000167" + "00027470" + "00000003", Convert.ToHexStringLower(key));
        byte[] value = OffsetRecord.Value(new CommittedEntry(258, -1, "m", 772, Topic));
        Assert.Equal(
            "0004" + "0000000000000102" + "ffffffff" + "026d" + "0000000000000304" + "010010" + "000102030405060708090a0b0c0d0e0f",
            Convert.ToHexStringLower(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("why")]
    [InlineData("größer")]
    public void WhatIsWrittenIsRead(string metadata)
    {
        var partition = new TopicPartition("topic", 70_000);
        Assert.Equal(partition, OffsetRecord.PartitionOf(OffsetRecord.Key("grüppe", partition)));
        Assert.Equal((OffsetRecord.KeyVersion, "grüppe"), OffsetRecord.HeadOf(OffsetRecord.Key("grüppe", partition)));
        foreach (string text in new[] { metadata, metadata + new string('x', 4_000) })
        {
            var entry = new CommittedEntry(long.MaxValue, 7, text, 1, Topic);
            Assert.Equal(entry, OffsetRecord.Read(OffsetRecord.Value(entry)));
        }
    }

    [Fact]
    public void BytesThatAreCutAreNotRead()
    {
        byte[] key = OffsetRecord.Key("g", new TopicPartition("t", 0));
        byte[] value = OffsetRecord.Value(new CommittedEntry(1, 2, "m", 3, Topic));
        for (int bytes = 0; bytes < key.Length; bytes++)
        {
            Assert.Null(OffsetRecord.PartitionOf(key.AsSpan(0, bytes)));
        }

        for (int bytes = 0; bytes < value.Length; bytes++)
        {
            Assert.Null(OffsetRecord.Read(value.AsSpan(0, bytes)));
        }

        Assert.Null(OffsetRecord.PartitionOf(new GroupRecord.TargetEpochSet("g", 1).WriteKey()));
    }
}
