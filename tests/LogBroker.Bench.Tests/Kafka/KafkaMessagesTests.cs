using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

/// <summary>The responses are those of a broker of 4.3.1, from the correlation id on.</summary>
public sealed class KafkaMessagesTests
{
    private const string MetadataOfOneTopic =
        "00000007000000010000000100093132372e302e302e31000071a4ffff000000010000000100000001740000000004"
        + "0000000000000000000100000001000000010000000100000001"
        + "0000000000010000000100000001000000010000000100000001"
        + "0000000000020000000100000001000000010000000100000001"
        + "0000000000030000000100000001000000010000000100000001";

    private const string OffsetsOfTwoPartitions =
        "000000070000000100017400000002000000010000ffffffffffffffff000000000003da5c000000000000ffffffffffffffff000000000003c39a";

    private const string TopicCreated = "000000070000000000000001000277320000ffff";

    [Fact]
    public void Partitions_have_their_leaders()
    {
        KafkaMetadata metadata = KafkaMessages.ReadMetadata(Convert.FromHexString(MetadataOfOneTopic));
        Assert.Equal(1, metadata.Brokers);
        Assert.Equal(Enumerable.Range(0, 4).Select(i => new KafkaPartition("t", i, 1, 1, false)), metadata.Partitions);
    }

    [Fact]
    public void Offsets_are_those_of_their_partitions() =>
        Assert.Equal(
            [new KafkaOffset("t", 1, 252_508), new KafkaOffset("t", 0, 246_682)],
            KafkaMessages.ReadOffsets(Convert.FromHexString(OffsetsOfTwoPartitions)));

    [Fact]
    public void A_partition_that_answers_with_an_error_has_no_offset()
    {
        string notLeader = OffsetsOfTwoPartitions.Replace("000000010000ffff", "000000010006ffff", StringComparison.Ordinal);
        Assert.Null(KafkaMessages.ReadOffsets(Convert.FromHexString(notLeader))[0].Offset);
    }

    [Fact]
    public void A_created_topic_is_no_error() => KafkaMessages.CheckTopicCreated(Convert.FromHexString(TopicCreated));

    [Fact]
    public void A_refused_topic_is_an_error() =>
        Assert.Contains("w2: error 36", Assert.Throws<BenchException>(() => KafkaMessages.CheckTopicCreated(
            Convert.FromHexString(TopicCreated.Replace("77320000", "77320024", StringComparison.Ordinal)))).Message);

    [Fact]
    public void A_response_that_is_cut_short_is_refused()
    {
        byte[] response = Convert.FromHexString(MetadataOfOneTopic);
        for (int length = 4; length < response.Length; length++)
        {
            Assert.Throws<BenchException>(() => KafkaMessages.ReadMetadata(response[..length]));
        }
    }

    [Fact]
    public void Requests_are_framed_by_their_length()
    {
        Assert.Equal("00000013" + "00030001" + "00000000" + "000562656e6368" + "ffffffff", Hex(KafkaMessages.Metadata()));
        Assert.Equal(
            "0000002a" + "00020001" + "00000000" + "000562656e6368" + "ffffffff" + "00000001" + "000174" + "00000001" + "00000003"
            + "fffffffffffffffe",
            Hex(KafkaMessages.ListOffsets([new KafkaPartition("t", 3, 1, 1, false)], KafkaMessages.EarliestOffset)));
        Assert.Equal(
            "0000003c" + "00130002" + "00000000" + "000562656e6368" + "00000001" + "000174" + "00000002" + "0001" + "00000000"
            + "00000001" + "000e666c7573682e6d65737361676573" + "000131" + "00007530" + "00",
            Hex(KafkaMessages.CreateTopic("t", 2, 1, new Dictionary<string, string> { ["flush.messages"] = "1" })));
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
