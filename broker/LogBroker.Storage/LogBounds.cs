using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// The ends of a partition's log at one moment. Immutable: the owner of the log publishes a new one per change, readers take the
/// latest and never enter the owner's thread. The constructor is the only setter and asserts the order:
/// <c>LogStart ≤ HighWatermark ≤ End</c> and <c>LogStart ≤ Flushed ≤ End</c>, positions likewise. The high watermark may pass the own
/// flushed end, when a majority of others is ahead.
/// </summary>
public sealed class LogBounds
{
    internal LogBounds(LogPosition start, Offset highWatermark, LogPosition durable, LogPosition appended, Offset tailBase, long tailBytes)
    {
        Invariant.RequireAtMost(start.Offset, highWatermark);
        Invariant.RequireAtMost(highWatermark, appended.Offset);
        Invariant.RequireAtMost(start.Offset, durable.Offset);
        Invariant.RequireAtMost(durable.Offset, appended.Offset);
        Invariant.RequireAtMost(start, appended);
        Invariant.RequireAtMost(durable, appended);
        Start = start;
        HighWatermark = highWatermark;
        Durable = durable;
        Appended = appended;
        TailBase = tailBase;
        TailBytes = tailBytes;
    }

    /// <summary>Log start: first offset kept, and the epoch of the record in front of it.</summary>
    public LogPosition Start { get; }

    /// <summary>Position behind the last item that is known to survive a power cut.</summary>
    public LogPosition Durable { get; }

    /// <summary>Position behind the last item.</summary>
    public LogPosition Appended { get; }

    /// <summary>First offset kept.</summary>
    public Offset LogStart => Start.Offset;

    /// <summary>Offset behind the last record that consumers may see.</summary>
    public Offset HighWatermark { get; }

    /// <summary>Offset behind the last record that is known to survive a power cut.</summary>
    public Offset Flushed => Durable.Offset;

    /// <summary>Offset behind the last record.</summary>
    public Offset End => Appended.Offset;

    /// <summary>Base offset of the segment that is appended to; <see cref="Offset.None"/> without segments.</summary>
    internal Offset TailBase { get; }

    /// <summary>Its appended bytes.</summary>
    internal long TailBytes { get; }

    internal LogBounds With(
        LogPosition? start = null,
        Offset? highWatermark = null,
        LogPosition? durable = null,
        LogPosition? appended = null,
        Offset? tailBase = null,
        long? tailBytes = null) => new(
            start ?? Start,
            highWatermark ?? HighWatermark,
            durable ?? Durable,
            appended ?? Appended,
            tailBase ?? TailBase,
            tailBytes ?? TailBytes);
}
