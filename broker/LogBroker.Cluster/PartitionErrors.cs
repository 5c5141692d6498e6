using System.Globalization;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Errors of the produce and fetch paths that name a partition.</summary>
internal static class PartitionErrors
{
    public static BrokerError NotLeader(TopicPartition partition, ReplicaView view) => Named(
        partition, ErrorCode.NotLeader, $"partition {partition} has no leader on this node: {view.Detail}");

    /// <summary>As the other, and where to go: the leader, its epoch, and its address when it is known.</summary>
    public static BrokerError NotLeader(TopicPartition partition, ReplicaView view, string? address)
    {
        BrokerError error = NotLeader(partition, view);
        if (view.Leader == NodeId.None)
        {
            return error;
        }

        error = With(error, ("leaderNodeId", view.Leader.ToString()), ("leaderEpoch", view.Epoch.ToString()));
        return address is null ? error : With(error, ("leaderAddress", address));
    }

    public static BrokerError NotYetServing(TopicPartition partition) => Named(
        partition, ErrorCode.OffsetNotAvailable, $"the leader of partition {partition} cannot prove yet that it leads still");

    public static BrokerError Quarantined(TopicPartition partition, LogDamage damage) => With(
        Named(partition, ErrorCode.PartitionQuarantined, $"partition {partition} is quarantined: {damage}"),
        ("file", damage.File),
        ("byte", damage.Position.ToString(CultureInfo.InvariantCulture)));

    public static BrokerError Unknown(TopicPartition partition, bool isTopicKnown) => Named(
        partition,
        ErrorCode.UnknownTopicOrPartition,
        isTopicKnown
            ? $"topic {ShownValue.Of(partition.Topic)} has no partition {partition.Partition}"
            : $"topic {ShownValue.Of(partition.Topic)} does not exist; "
                + $"create it with: logbroker topic create {CommandArgument(partition.Topic)}");

    public static BrokerError UnknownTopic(string topic) => new(
        ErrorCode.UnknownTopicOrPartition, $"topic {ShownValue.Of(topic)} does not exist")
    {
        Metadata = new Dictionary<string, string> { ["topic"] = ShownValue.Of(topic)[1..^1] },
    };

    public static BrokerError OtherTopicId(string topic, TopicId wanted, TopicId actual) => new(
        ErrorCode.UnknownTopicOrPartition, $"topic {ShownValue.Of(topic)} has id {actual}, not {wanted}")
    {
        Metadata = new Dictionary<string, string> { ["topic"] = ShownValue.Of(topic)[1..^1], ["topicId"] = actual.ToString() },
    };

    public static BrokerError Internal(string topic) => new(
        ErrorCode.InternalTopic, $"topic {ShownValue.Of(topic)} belongs to the broker; names that begin with \"__\" are reserved")
    {
        Metadata = new Dictionary<string, string> { ["topic"] = ShownValue.Of(topic)[1..^1] },
    };

    public static BrokerError Busy(TopicPartition partition, int bytes) => Named(
        partition, ErrorCode.Busy, $"the queue of partition {partition} has no room for {bytes} bytes; nothing was written");

    public static BrokerError BusyFetches(int waitersMax) => new(
        ErrorCode.Busy, $"{waitersMax} fetches are parked already; retry later or with wait 0");

    public static BrokerError ShuttingDown(TopicPartition partition) => Named(
        partition, ErrorCode.ShuttingDown, "the node is stopping; nothing was written");

    public static BrokerError TimedOut(TopicPartition partition) => Named(
        partition, ErrorCode.Timeout, $"the batch waited in the queue of partition {partition} until its timeout; nothing was written");

    public static BrokerError CompactedOnly(TopicPartition partition) => Named(
        partition, ErrorCode.InvalidArgument,
        $"records of partition {partition} are not deleted from the front: its cleanup.policy is compact; "
        + "send tombstones, or set compact,delete");

    public static BrokerError OutcomeUnknown(TopicPartition partition, string why) => Named(
        partition, ErrorCode.OutcomeUnknown, $"the batch was appended to partition {partition} but {why}: it may or may not survive");

    public static BrokerError OffsetMismatch(TopicPartition partition, long expected, Offset actual) => With(
        Named(
            partition,
            ErrorCode.OffsetMismatch,
            $"the next offset of partition {partition} is {actual}, not {expected}; nothing was written"),
        ("expected", expected.ToString(CultureInfo.InvariantCulture)),
        ("actual", actual.ToString()));

    public static BrokerError KeyVersionMismatch(TopicPartition partition, long expected, long actual) => With(
        Named(
            partition,
            ErrorCode.KeyVersionMismatch,
            actual < 0
                ? $"partition {partition} has no record of the key, and one at offset {expected} was expected; nothing was written"
                : expected < 0
                    ? $"partition {partition} has a record of the key at offset {actual}, and none was expected; nothing was written"
                    : $"the key's newest record in partition {partition} has offset {actual}, not {expected}; nothing was written"),
        ("expected", expected.ToString(CultureInfo.InvariantCulture)),
        ("actual", actual.ToString(CultureInfo.InvariantCulture)));

    public static BrokerError NotATable(TopicPartition partition) => Named(
        partition,
        ErrorCode.NotATable,
        $"topic {ShownValue.Of(partition.Topic)} is not compacted, so it has no newest record of a key; "
            + "cleanup.policy must have compact");

    public static BrokerError NotOneKey(TopicPartition partition, int records) => Named(
        partition,
        ErrorCode.InvalidArgument,
        $"expected_key_version: the batch must have exactly one record, with a key; it has {records}");

    public static BrokerError TableBehind(TopicPartition partition, TableView table)
    {
        TableFreshness freshness = table.Freshness;
        return With(
            Named(
                partition,
                ErrorCode.Busy,
                $"the table of partition {partition} is at offset {freshness.Applied} of {freshness.HighWatermark}"
                    + (table.Fault is { } fault ? $": it cannot follow its log: {fault}" : " and is being brought up to it")),
            ("applied", freshness.Applied.ToString()),
            ("highWatermark", freshness.HighWatermark.ToString()));
    }

    public static BrokerError? CheckEpoch(TopicPartition partition, Epoch asked, Epoch current)
    {
        if (asked == Epoch.None || asked == current)
        {
            return null;
        }

        BrokerError error = asked < current
            ? Named(partition, ErrorCode.FencedEpoch, $"partition {partition} is at leader epoch {current}; the request is for {asked}")
            : Named(partition, ErrorCode.UnknownEpoch, $"partition {partition} is at leader epoch {current}; the request knows {asked}");
        return With(error, ("leaderEpoch", current.ToString()), ("requestEpoch", asked.ToString()));
    }

    public static BrokerError OffsetNotAvailable(TopicPartition partition) => Named(
        partition, ErrorCode.OffsetNotAvailable, $"the leader of partition {partition} does not know its high watermark yet");

    public static BrokerError OutOfRange(TopicPartition partition, long offset, Offset logStart, Offset highWatermark)
    {
        string why = offset < logStart.Value && offset >= 0
            ? $"offset {offset} of partition {partition} was deleted; the earliest is {logStart}"
            : $"offset {offset} of partition {partition} is outside {logStart} to {highWatermark}";
        return With(
            Named(partition, ErrorCode.OffsetOutOfRange, why),
            ("offset", offset.ToString(CultureInfo.InvariantCulture)),
            ("logStart", logStart.ToString()),
            ("highWatermark", highWatermark.ToString()));
    }

    private static BrokerError Named(TopicPartition partition, ErrorCode code, string message) => new(code, message)
    {
        Metadata = new Dictionary<string, string>
        {
            ["topic"] = ShownValue.Of(partition.Topic)[1..^1],
            ["partition"] = partition.Partition.ToString(CultureInfo.InvariantCulture),
        },
    };

    private static BrokerError With(BrokerError error, params ReadOnlySpan<(string Key, string Value)> more)
    {
        var metadata = new Dictionary<string, string>(error.Metadata);
        foreach ((string key, string value) in more)
        {
            metadata[key] = value;
        }

        return error with { Metadata = metadata };
    }

    private static string CommandArgument(string topic) => TopicName.Check(topic) is null ? topic : "TOPIC";
}
