using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// How far a reader is in one partition. <see cref="Next"/> belongs to the enumerating caller, the rest to the fetch loop that has the
/// partition; the two meet only through the queue of <see cref="FetchedItem"/>.
/// </summary>
internal sealed class PartitionCursor(TopicPartition partition, long from, long until)
{
    public TopicPartition Id => partition;

    public string Topic => partition.Topic;

    public int Partition => partition.Partition;

    /// <summary>Where reading ends; <see cref="long.MaxValue"/> for never.</summary>
    public long Until => until;

    /// <summary>Whose it is, when a group reads it; else null.</summary>
    public HeldPartition? Held { get; init; }

    /// <summary>The next offset to hand over.</summary>
    public long Next { get; set; } = from;

    /// <summary>The next offset to fetch.</summary>
    public long FetchOffset { get; set; } = from;

    /// <summary>True since everything was fetched, until there is more.</summary>
    public bool IsCaughtUp { get; set; }

    /// <summary>True when it was fetched to its end.</summary>
    public bool IsDone { get; set; }

    /// <summary>True when nothing more of it is wanted; set by its reader.</summary>
    public bool IsRemoved
    {
        get => Volatile.Read(ref _isRemoved);
        set => Volatile.Write(ref _isRemoved, value);
    }

    private bool _isRemoved;

    /// <summary>Failed attempts since the last good answer.</summary>
    public int Failures { get; set; }

    /// <summary>When the first of them was; a timestamp of the clock.</summary>
    public long FailingSince { get; private set; }

    /// <summary>True since an offset was refused as out of range, until there is a good answer: the second refusal is believed.</summary>
    public bool IsRangeDoubted { get; set; }

    /// <summary>How often it went to another server without a wait since the last good answer.</summary>
    public int Hops { get; set; }

    /// <summary>Until then only the leader is asked; a timestamp of the clock.</summary>
    public long LeaderOnlyUntil { get; set; }

    /// <summary>A server gave a good answer.</summary>
    public void Succeeded()
    {
        Failures = 0;
        Hops = 0;
        IsRangeDoubted = false;
    }

    public void FailedAgain(long now)
    {
        FailingSince = Failures == 0 ? now : FailingSince;
        Failures++;
    }
}

/// <summary>What a fetch loop has for the enumerating caller: bytes, a control event, or a failure.</summary>
/// <param name="Cursor">The partition; null for a failure of everything.</param>
/// <param name="Part">Batches, or null.</param>
/// <param name="Kind">The control event when there are no batches.</param>
/// <param name="Offset">Of the control event.</param>
/// <param name="Failure">Why reading cannot go on, or null.</param>
internal readonly record struct FetchedItem(
    PartitionCursor? Cursor, FetchedPart? Part, ReadEventKind Kind, long Offset, LogBrokerException? Failure);
