using System.Globalization;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>The topic that holds groups and their committed offsets.</summary>
internal static class OffsetsTopic
{
    /// <summary>Its name, as Kafka's.</summary>
    public const string Name = "__consumer_offsets";

    private const int ReplicasMax = 3;
    private const int SegmentBytes = 100 * 1024 * 1024;
    private const int BatchBytesMax = 16 * 1024 * 1024;

    /// <summary>The topic as it is created, without an id yet: kept for ever, durable, and large batches for large groups.</summary>
    /// <param name="settings">Partitions and defaults.</param>
    /// <param name="nodes">Nodes of the cluster.</param>
    public static TopicInfo Plan(BrokerSettings settings, int nodes)
    {
        int odd = nodes % 2 == 0 ? nodes - 1 : nodes;
        int segmentBytes = Math.Min(SegmentBytes, settings.TopicDefaults.SegmentBytesMax);
        var overrides = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["durability"] = "fsync",
            ["max.message.bytes"] = Text(Math.Min(BatchBytesMax, segmentBytes - EpochRow.Bytes)),
            ["message.timestamp.type"] = "CreateTime",
            ["retention.bytes"] = "-1",
            ["retention.ms"] = "-1",
            ["segment.bytes"] = Text(segmentBytes),
        };
        if (TopicConfigKeys.Find("cleanup.policy") is not null)
        {
            overrides["cleanup.policy"] = "compact";
        }

        Result<TopicConfig> config = TopicConfigKeys.Resolve(settings.TopicDefaults, overrides);
        Invariant.Require(config.IsOk);
        return new TopicInfo(
            Name, default, settings.Groups.OffsetsPartitions, Math.Min(ReplicasMax, odd), overrides, config.Value, RequestId: "");
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
