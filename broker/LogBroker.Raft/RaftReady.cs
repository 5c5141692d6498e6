using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// What the driver has to carry out, taken once by <see cref="RaftCore.TakeReady"/>. Effects are independent of each other except
/// where a field says so: order between them is kept by the core, which gives out the second step only when it was told that the
/// first is done.
/// </summary>
public readonly record struct RaftReady
{
    private readonly IReadOnlyList<RaftEnvelope>? _messages;

    /// <summary>
    /// Write this in one synced batch, then report <see cref="RaftCore.HardStatePersisted"/>. May share its sync with other replicas
    /// of the node, and other events may come in between; states are stored in the order given. Nothing that shows it is given out
    /// before the report (R2).
    /// </summary>
    public HardState? Persist { get; init; }

    /// <summary>
    /// Append this row at the end of the log, then report <see cref="RaftCore.RowAppended"/>, and have the log flushed whatever the
    /// durability of the topic (R8, R30). It may be tried again later, for as long as leadership was not lost.
    /// </summary>
    public EpochRow? AppendRow { get; init; }

    /// <summary>Publish this high watermark: answer producers (R19) and parked fetches (R29).</summary>
    public Offset? HighWatermark { get; init; }

    /// <summary>
    /// Leadership was lost: forget a row that is still to be appended and answer every waiting producer with
    /// <see cref="ErrorCode.OutcomeUnknown"/> (R18).
    /// </summary>
    public bool LeadershipLost { get; init; }

    /// <summary>Send these, in any order; all may be sent now (R2). Losing one is allowed.</summary>
    public IReadOnlyList<RaftEnvelope> Messages
    {
        get => _messages ?? [];
        init => _messages = value;
    }

    /// <summary>
    /// Cut the log as the leader's answer diverging (d, o) says (R17), durably, then report <see cref="RaftCore.Truncated"/>. No result
    /// is taken before.
    /// </summary>
    public LogPosition? Truncate { get; init; }

    /// <summary>
    /// Begin the log anew at this log start (R26, reset), durably, then report <see cref="RaftCore.ResetDone"/>. No result is taken
    /// before.
    /// </summary>
    public LogPosition? Reset { get; init; }

    /// <summary>Store, synced, that this replica is readmitted, then report <see cref="RaftCore.ReadmissionStored"/> (R24).</summary>
    public bool StoreReadmitted { get; init; }

    /// <summary>Role, leader or epoch changed: publish a new view.</summary>
    public bool LeaderChanged { get; init; }

    /// <summary>True when there is nothing to do.</summary>
    public bool IsEmpty =>
        Persist is null && AppendRow is null && HighWatermark is null && !LeadershipLost && Messages.Count == 0
        && Truncate is null && Reset is null && !StoreReadmitted && !LeaderChanged;
}
