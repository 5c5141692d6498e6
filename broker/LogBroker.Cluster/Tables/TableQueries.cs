using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Asks a compacted partition for the newest values of keys.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Keys">At most <see cref="Limits.TableKeysMax"/>.</param>
public sealed record TableGet(TopicPartition Partition, IReadOnlyList<ReadOnlyMemory<byte>> Keys)
{
    /// <summary>Everything committed before the call is seen; only the leader can.</summary>
    public bool Linearizable { get; init; }

    /// <summary>A replica that does not lead may answer.</summary>
    public bool AllowsFollower { get; init; }
}

/// <summary>Asks a compacted partition for its keys in order of their bytes.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Prefix">What they begin with; empty for all.</param>
/// <param name="After">They come behind this one; null for the beginning.</param>
public sealed record TableScan(TopicPartition Partition, ReadOnlyMemory<byte> Prefix, ReadOnlyMemory<byte>? After)
{
    /// <summary>At most so many, 1 or more.</summary>
    public long EntriesMax { get; init; } = long.MaxValue;

    /// <inheritdoc cref="TableGet.Linearizable"/>
    public bool Linearizable { get; init; }

    /// <inheritdoc cref="TableGet.AllowsFollower"/>
    public bool AllowsFollower { get; init; }
}

/// <summary>The newest record of a key, or that there is none.</summary>
/// <param name="Key">The key.</param>
/// <param name="IsFound">False for a key that was never written, was deleted, or is older than <c>table.ttl.ms</c>.</param>
/// <param name="Value">Its value.</param>
/// <param name="Offset">Of the record; -1 when there is none.</param>
/// <param name="TimestampMs">Of the record; -1 when there is none.</param>
public readonly record struct TableRecord(
    ReadOnlyMemory<byte> Key, bool IsFound, ReadOnlyMemory<byte> Value, long Offset, long TimestampMs)
{
    /// <summary>There is none.</summary>
    public static TableRecord None(ReadOnlyMemory<byte> key) => new(key, false, default, -1, -1);
}

/// <summary>How old a view may be.</summary>
/// <param name="Applied">It holds everything in front of this offset.</param>
/// <param name="HighWatermark">End of what this replica knows to be committed.</param>
/// <param name="BehindMs">Milliseconds since it last held all of that; 0 when it does.</param>
public readonly record struct TableFreshness(Offset Applied, Offset HighWatermark, long BehindMs);

/// <summary>The answer to a <see cref="TableGet"/>, in the order of its keys.</summary>
public sealed record TableAnswer(IReadOnlyList<TableRecord> Entries, TableFreshness Freshness);

/// <summary>A part of the answer to a <see cref="TableScan"/>.</summary>
/// <param name="Entries">Only found ones; may be empty in front of more.</param>
/// <param name="Next">Go on behind this key; null when this was the last page.</param>
/// <param name="Freshness">As of this page: a scan of several pages is not a snapshot.</param>
public sealed record TablePage(IReadOnlyList<TableRecord> Entries, ReadOnlyMemory<byte>? Next, TableFreshness Freshness);
