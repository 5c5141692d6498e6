using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>One partition that a member holds, from its assignment until it is let go of. Read and changed under the lock of
/// <see cref="Holdings"/>.</summary>
internal sealed class HeldPartition(TopicPartition id)
{
    public TopicPartition Id => id;

    /// <summary>What is being read; null while it is not: not prepared yet, paused, stalled, or given up.</summary>
    public PartitionCursor? Cursor { get; set; }

    /// <summary>True since it is known what the group has committed.</summary>
    public bool IsBegun { get; set; }

    /// <summary>The next offset to hand out; -1 until it is known.</summary>
    public long Position { get; set; } = -1;

    /// <summary>Everything in front of this offset was handled; -1 until it is known.</summary>
    public long Proven { get; set; } = -1;

    /// <summary>The leader epoch of the record in front of it; -1 when it is not known.</summary>
    public int ProvenEpoch { get; set; } = -1;

    /// <summary>What the group has stored; -1 for nothing.</summary>
    public long Committed { get; set; } = -1;

    /// <summary>The end as the last answer said; -1 until there was one.</summary>
    public long HighWatermark { get; set; } = -1;

    public bool IsPaused { get; set; }

    /// <summary>True since the group wants it back: nothing more is handed out.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>True when others may have it already: nothing can be committed any more.</summary>
    public bool IsLost { get; set; }

    /// <summary>True when reading it failed and it waits for the next ask.</summary>
    public bool IsStalled { get; set; }

    /// <summary>True when it may be read, once its position is known.</summary>
    public bool IsReadable => !IsPaused && !IsGivenUp && !IsLost;
}

/// <summary>An offset on its way to the coordinator.</summary>
/// <param name="Held">The partition.</param>
/// <param name="Offset">The next offset to read.</param>
/// <param name="LeaderEpoch">Of the record in front of it; -1 when it is not known.</param>
internal readonly record struct PendingCommit(HeldPartition Held, long Offset, int LeaderEpoch);
