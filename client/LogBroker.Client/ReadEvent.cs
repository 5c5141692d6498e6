namespace LogBroker.Client;

/// <summary>What a reader can hear.</summary>
public enum ReadEventKind
{
    /// <summary>A record: <see cref="ReadEvent.Record"/>.</summary>
    Record,

    /// <summary>
    /// Everything that was readable in the partition has been handed over; <see cref="ReadEvent.Offset"/> is the next one to come.
    /// Heard once each time the reader has caught up.
    /// </summary>
    CaughtUp,

    /// <summary>
    /// Records in front of the reader were deleted before it got to them: those from <see cref="ReadEvent.PreviousOffset"/> up to,
    /// but not including, <see cref="ReadEvent.Offset"/>, where it goes on.
    /// </summary>
    Truncated,

    /// <summary>
    /// Offsets from <see cref="ReadEvent.PreviousOffset"/> up to, but not including, <see cref="ReadEvent.Offset"/> hold no records
    /// for readers (control records, or compacted away).
    /// </summary>
    Gap,

    /// <summary>The partition was read to its <c>until</c>; <see cref="ReadEvent.Offset"/> is the offset behind the last record.</summary>
    End,
}

/// <summary>A record, or something a reader may want to know about the partition it reads.</summary>
public readonly struct ReadEvent
{
    private ReadEvent(ReadEventKind kind, string topic, int partition, long offset, long previousOffset, in ConsumedRecord record)
    {
        Kind = kind;
        Topic = topic;
        Partition = partition;
        Offset = offset;
        PreviousOffset = previousOffset;
        Record = record;
    }

    /// <summary>What it is.</summary>
    public ReadEventKind Kind { get; }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The partition.</summary>
    public int Partition { get; }

    /// <summary>The record's offset, or as <see cref="ReadEventKind"/> says.</summary>
    public long Offset { get; }

    /// <summary>
    /// For <see cref="ReadEventKind.Truncated"/> and <see cref="ReadEventKind.Gap"/>: the first offset that is missing; else -1.
    /// </summary>
    public long PreviousOffset { get; }

    /// <summary>
    /// The record; only with <see cref="ReadEventKind.Record"/>. Its bytes are valid until the next <c>MoveNextAsync</c>.
    /// </summary>
    public ConsumedRecord Record { get; }

    internal static ReadEvent OfRecord(in ConsumedRecord record) =>
        new(ReadEventKind.Record, record.Topic, record.Partition, record.Offset, -1, record);

    internal static ReadEvent OfControl(ReadEventKind kind, string topic, int partition, long offset, long previousOffset = -1) =>
        new(kind, topic, partition, offset, previousOffset, default);
}
