using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// What the driver has to carry out, taken once by <see cref="RaftCore.TakeReady"/>. Effects are independent of each other except
/// where a field says so: order between them is kept by the core, which gives out the second step only when it was told that the
/// first is done.
/// </summary>
public readonly record struct RaftReady
{
    /// <summary>
    /// Write this in one synced batch, then report <see cref="RaftCore.HardStatePersisted"/>. May share its sync with other replicas
    /// of the node. Nothing that shows it is given out before the report (R2).
    /// </summary>
    public HardState? Persist { get; init; }

    /// <summary>
    /// Append this row at the end of the log, then report <see cref="RaftCore.RowAppended"/>, and have the log flushed whatever the
    /// durability of the topic (R8, R30).
    /// </summary>
    public EpochRow? AppendRow { get; init; }

    /// <summary>Publish this high watermark: answer producers (R19) and parked fetches (R29).</summary>
    public Offset? HighWatermark { get; init; }

    /// <summary>Leadership was lost: answer every waiting producer with <see cref="ErrorCode.OutcomeUnknown"/> (R18).</summary>
    public bool LeadershipLost { get; init; }

    /// <summary>True when there is nothing to do.</summary>
    public bool IsEmpty => Persist is null && AppendRow is null && HighWatermark is null && !LeadershipLost;
}
