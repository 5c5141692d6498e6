using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>What an acknowledgement of a topic's records means.</summary>
public enum TopicDurability
{
    /// <summary>Fsynced before it is acknowledged.</summary>
    Fsync = 0,

    /// <summary>In the page cache before it is acknowledged; a power cut may lose it.</summary>
    Memory = 1,
}

/// <summary>Whose clock a record's timestamp is.</summary>
public enum TopicTimestampType
{
    /// <summary>The producer's.</summary>
    CreateTime = 0,

    /// <summary>The broker's, at append.</summary>
    LogAppendTime = 1,
}

/// <summary>
/// The effective configuration of one topic, all defaults filled in. Immutable; keys and units as in docs/configuration.md.
/// </summary>
public sealed record TopicConfig
{
    /// <summary>retention.ms: records appended longer ago may be deleted; -1 keeps them for ever. Default 7 days.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary>retention.bytes: oldest segments beyond this size of a partition may be deleted; -1 is no bound.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>segment.bytes: a segment is rolled before it grows beyond this.</summary>
    public int SegmentBytesMax { get; init; } = Limits.SegmentBytesDefault;

    /// <summary>segment.ms: a segment is rolled when its first record was appended longer ago. Default 7 days.</summary>
    public long SegmentAgeMsMax { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary>max.message.bytes: largest batch, header included.</summary>
    public int BatchBytesMax { get; init; } = Limits.BatchBytesDefault;

    /// <summary>message.timestamp.type.</summary>
    public TopicTimestampType TimestampType { get; init; }

    /// <summary>durability.</summary>
    public TopicDurability Durability { get; init; }

    /// <summary>table.ttl.ms: older records are not found by key; -1 is no bound.</summary>
    public long TableTtlMs { get; init; } = -1;

    /// <summary>index.interval.bytes: bytes of log between two index entries.</summary>
    public int IndexIntervalBytes { get; init; } = 4096;
}
