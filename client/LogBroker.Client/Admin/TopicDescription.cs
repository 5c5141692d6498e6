namespace LogBroker.Client;

/// <summary>A topic as it was when it was asked for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TopicId">32 lower-case hex digits; another one when a topic is deleted and created again.</param>
/// <param name="Partitions">Its partitions, by number.</param>
/// <param name="Config">Its effective configuration.</param>
/// <param name="IsInternal">True for topics of the broker itself.</param>
/// <param name="ReplicationFactor">Replicas of each partition.</param>
public sealed record TopicDescription(
    string Name,
    string TopicId,
    IReadOnlyList<PartitionDescription> Partitions,
    IReadOnlyList<TopicConfigEntry> Config,
    bool IsInternal,
    int ReplicationFactor);

/// <summary>A partition as it was when it was asked for.</summary>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="LeaderNodeId">The node that leads it; 0 for none.</param>
/// <param name="LeaderEpoch">The number of that leadership.</param>
/// <param name="ReplicaNodeIds">The nodes that have a copy.</param>
/// <param name="LogStartOffset">The oldest record that is still there.</param>
/// <param name="HighWatermark">The offset behind the last record that can be read.</param>
/// <param name="SizeBytes">Bytes of its log.</param>
/// <param name="State">Whether it serves.</param>
/// <param name="Detail">What is wrong, in one sentence; empty when it is online.</param>
public sealed record PartitionDescription(
    int Partition,
    int LeaderNodeId,
    int LeaderEpoch,
    IReadOnlyList<int> ReplicaNodeIds,
    long LogStartOffset,
    long HighWatermark,
    long SizeBytes,
    PartitionState State,
    string Detail);

/// <summary>Whether a partition serves; numbers as on the wire.</summary>
public enum PartitionState
{
    /// <summary>A broker that this version does not understand.</summary>
    Unspecified = 0,

    /// <summary>It has a leader and serves.</summary>
    Online = 1,

    /// <summary>It has no leader.</summary>
    Leaderless = 2,

    /// <summary>Damaged records were found; it serves nothing until an operator decides.</summary>
    Quarantined = 3,
}

/// <summary>One entry of a topic's configuration.</summary>
/// <param name="Key">The key, such as <c>retention.ms</c>.</param>
/// <param name="Value">The value.</param>
/// <param name="Origin">Who set it.</param>
/// <param name="Documentation">What it is for.</param>
public sealed record TopicConfigEntry(string Key, string Value, ConfigOrigin Origin, string Documentation);

/// <summary>Who set a configuration value; numbers as on the wire.</summary>
public enum ConfigOrigin
{
    /// <summary>A broker that this version does not understand.</summary>
    Unspecified = 0,

    /// <summary>Nobody: the built-in default.</summary>
    Default = 1,

    /// <summary>The broker's configuration.</summary>
    Broker = 2,

    /// <summary>The topic's own configuration.</summary>
    Topic = 3,
}
