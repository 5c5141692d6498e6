using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What a broker is opened with. Immutable; validated by <see cref="Check"/>.</summary>
public sealed record BrokerSettings
{
    /// <summary>The data directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>This node's id, written into a new data directory and demanded of an existing one.</summary>
    public NodeId NodeId { get; init; } = new(1);

    /// <summary>The cluster, when it is known; a new data directory gets this one, or a new one.</summary>
    public ClusterId? ClusterId { get; init; }

    /// <summary>Source of new ids; simulations give their own.</summary>
    public Func<Guid> NewId { get; init; } = Guid.NewGuid;

    /// <summary>Bytes of the disk that producers may not use up; null for the default of <see cref="DiskSpaceGuard"/>.</summary>
    public long? DiskHeadroomBytes { get; init; }

    /// <summary>Threads that run partitions; 0 means one per core.</summary>
    public int PartitionLoops { get; init; }

    /// <summary>Partitions of a topic whose creator does not say.</summary>
    public int PartitionsDefault { get; init; } = 3;

    /// <summary>Configuration of topics where they do not override it.</summary>
    public TopicConfig TopicDefaults { get; init; } = new();

    /// <summary>Size of a segment of the metadata log in bytes.</summary>
    public int MetadataSegmentBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of batches that may wait in the queue of one partition; more is <see cref="ErrorCode.Busy"/>.</summary>
    public long ProduceQueueBytesMax { get; init; } = 64L * 1024 * 1024;

    /// <summary>Batches that may wait in the queue of one partition; more is <see cref="ErrorCode.Busy"/>.</summary>
    public int ProduceQueueBatchesMax { get; init; } = 16 * 1024;

    /// <summary>Bytes of batches that may wait in all queues; more is <see cref="ErrorCode.Busy"/>.</summary>
    public long ProduceBytesMax { get; init; } = 256L * 1024 * 1024;

    /// <summary>Parked fetches; more are <see cref="ErrorCode.Busy"/>.</summary>
    public int FetchWaitersMax { get; init; } = 100_000;

    /// <summary>Bytes of log written at once.</summary>
    public int GroupAppendBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>Idempotent producers remembered per partition; the one that was silent longest makes room.</summary>
    public int ProducersPerPartitionMax { get; init; } = 10_000;

    /// <summary>How long an idempotent producer that appends nothing is remembered, in milliseconds of running time.</summary>
    public long ProducerExpiryMs { get; init; } = 24L * 3600 * 1000;

    /// <summary>Milliseconds between looks at retention and segment age.</summary>
    public int RetentionCheckMs { get; init; } = 60_000;

    /// <summary>Milliseconds between two looks at which logs are to be compacted.</summary>
    public int CleanerIntervalMs { get; init; } = 15_000;

    /// <summary>
    /// Bytes of memory for the keys of one compaction, 24 per key: more keys are compacted in several passes.
    /// </summary>
    public long CleanerMapBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>Bytes per second that compactions read and write at most; 0 is no bound.</summary>
    public long CleanerBytesPerSecond { get; init; }

    /// <summary>How far in the future of the broker's clock the timestamps of records may lie, in milliseconds.</summary>
    public long TimestampFutureMsMax { get; init; } = Limits.TimestampAheadMsMax;

    /// <summary>Bytes appended between two producer snapshots: what a start has to read at most, besides the open segment.</summary>
    internal long SnapshotIntervalBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Consumer groups.</summary>
    public GroupSettings Groups { get; init; } = new();

    /// <summary>The cluster this node takes part in, or null for a node alone.</summary>
    public ClusterSettings? Cluster { get; init; }

    internal DataDirectoryOptions DirectoryOptions => new(NodeId, ClusterId)
    {
        NewId = NewId,
        Voters = Cluster is null ? [] : [.. Cluster.Nodes.Select(n => n.Node).OrderBy(n => n.Value)],
    };

    /// <summary>The first setting that makes no sense, or null.</summary>
    public BrokerError? Check()
    {
        (string Name, long Value, long Min, long Max)[] ranges =
        [
            ("NodeId", NodeId.Value, 1, int.MaxValue),
            ("PartitionLoops", PartitionLoops, 0, 1024),
            ("PartitionsDefault", PartitionsDefault, 1, Limits.PartitionsPerTopicMax),
            ("MetadataSegmentBytes", MetadataSegmentBytes, Limits.SegmentBytesMin, int.MaxValue),
            ("ProduceQueueBytesMax", ProduceQueueBytesMax, Limits.BatchBytesMax, long.MaxValue),
            ("ProduceQueueBatchesMax", ProduceQueueBatchesMax, 1, int.MaxValue),
            ("ProduceBytesMax", ProduceBytesMax, Limits.BatchBytesMax, long.MaxValue),
            ("FetchWaitersMax", FetchWaitersMax, 1, int.MaxValue),
            ("GroupAppendBytesMax", GroupAppendBytesMax, 1, 1 << 30),
            ("ProducersPerPartitionMax", ProducersPerPartitionMax, 1, 10_000_000),
            ("ProducerExpiryMs", ProducerExpiryMs, 1, long.MaxValue),
            ("TimestampFutureMsMax", TimestampFutureMsMax, 0, long.MaxValue / 2),
            ("RetentionCheckMs", RetentionCheckMs, 1, int.MaxValue),
            ("Groups.OffsetsPartitions", Groups.OffsetsPartitions, 1, Limits.PartitionsPerTopicMax),
            ("Groups.OffsetsRetentionMs", Groups.OffsetsRetentionMs, 1, long.MaxValue / 2),
            ("Groups.OffsetsCheckMs", Groups.OffsetsCheckMs, 1, long.MaxValue / 2),
            ("Groups.MembersMax", Groups.MembersMax, 1, 100_000),
            ("Groups.CommitMsMax", Groups.CommitMsMax, 1, int.MaxValue),
            ("CleanerIntervalMs", CleanerIntervalMs, 1, int.MaxValue),
            ("CleanerMapBytes", CleanerMapBytes, 1024, 1L << 34),
            ("CleanerBytesPerSecond", CleanerBytesPerSecond, 0, long.MaxValue),
        ];
        foreach ((string name, long value, long min, long max) in ranges)
        {
            if (value < min || value > max)
            {
                return new BrokerError(ErrorCode.InvalidArgument, $"setting {name} is {value}, outside {min} to {max}");
            }
        }

        return null;
    }
}
