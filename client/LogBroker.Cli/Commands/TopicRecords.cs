using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>Topics as output, with the names of the proto.</summary>
internal static class TopicRecords
{
    /// <summary>A line of <c>topic list</c>.</summary>
    public static OutputRecord Summary(TopicDescription topic)
    {
        long records = topic.Partitions.Sum(p => p.HighWatermark - p.LogStartOffset);
        long bytes = topic.Partitions.Sum(p => p.SizeBytes);
        return new OutputRecord
        {
            { "name", topic.Name },
            { "partitions", topic.Partitions.Count, null, true, false },
            { "replicationFactor", topic.ReplicationFactor },
            { "records", records, HumanSize.Count(records), true, false },
            { "sizeBytes", bytes, HumanSize.Bytes(bytes), true, false },
            { "topicId", topic.TopicId, null, false },
            { "internal", topic.IsInternal, null, false },
            { "partitions", topic.Partitions.Select(Partition).ToArray() },
        };
    }

    /// <summary>A whole topic, as <c>topic describe</c> and every change to one show it.</summary>
    public static OutputRecord Whole(TopicDescription topic) => new()
    {
        { "name", topic.Name },
        { "topicId", topic.TopicId },
        { "replicationFactor", topic.ReplicationFactor },
        { "internal", topic.IsInternal },
        { "partitions", topic.Partitions.Select(Partition).ToArray() },
        { "config", topic.Config.Select(Config).ToArray() },
    };

    /// <summary>A configuration key of a topic.</summary>
    public static OutputRecord Config(TopicConfigEntry entry) => new()
    {
        { "key", entry.Key },
        { "value", entry.Value },
        { "origin", Origin(entry.Origin) },
        { "documentation", entry.Documentation, null, false },
    };

    /// <summary>Who set a value, in a word.</summary>
    public static string Origin(ConfigOrigin origin) => origin switch
    {
        ConfigOrigin.Default => "default",
        ConfigOrigin.Broker => "broker",
        ConfigOrigin.Topic => "topic",
        _ => "unknown",
    };

    private static OutputRecord Partition(PartitionDescription partition) => new()
    {
        { "partition", partition.Partition },
        { "leaderNodeId", partition.LeaderNodeId },
        { "leaderEpoch", partition.LeaderEpoch },
        { "replicaNodeIds", partition.ReplicaNodeIds },
        { "logStartOffset", partition.LogStartOffset },
        { "highWatermark", partition.HighWatermark },
        { "sizeBytes", partition.SizeBytes, HumanSize.Bytes(partition.SizeBytes) },
        { "state", partition.State.ToString().ToLowerInvariant() },
        { "detail", partition.Detail },
    };
}
