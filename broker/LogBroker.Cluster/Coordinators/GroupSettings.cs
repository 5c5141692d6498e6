namespace LogBroker.Cluster;

/// <summary>What consumer groups may do and for how long their offsets are kept. Immutable.</summary>
public sealed record GroupSettings
{
    /// <summary>Partitions of <c>__consumer_offsets</c> when it is created.</summary>
    public int OffsetsPartitions { get; init; } = 50;

    /// <summary>How long offsets are kept after their group became empty, in milliseconds.</summary>
    public long OffsetsRetentionMs { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary>Milliseconds between looks at offsets that may go.</summary>
    public long OffsetsCheckMs { get; init; } = 10L * 60 * 1000;

    /// <summary>Members that one group may have.</summary>
    public int MembersMax { get; init; } = 5_000;

    /// <summary>How long a commit waits for a majority, in milliseconds.</summary>
    public int CommitMsMax { get; init; } = 5_000;
}
