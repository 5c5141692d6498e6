using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// What recovery found (R20): the input from which a <see cref="RaftCore"/> starts. The log was verified, cut and, after an unclean
/// end, written anew and flushed before, so its durable position is its appended position.
/// </summary>
/// <param name="HardState">As stored, or null when the state store has none for this replica.</param>
/// <param name="Rows">
/// The rows of the log in order. The first one is the row its files begin with: the restated row, or (0, 0) where the files begin
/// at offset 0.
/// </param>
/// <param name="LogStart">First offset kept.</param>
/// <param name="End">The offset behind the last record.</param>
/// <param name="HighWatermarkCheckpoint">The last high watermark that was stored, a hint.</param>
public sealed record RecoveredReplica(
    HardState? HardState,
    IReadOnlyList<EpochRow> Rows,
    Offset LogStart,
    Offset End,
    Offset HighWatermarkCheckpoint)
{
    /// <summary>Base offset of the batch that the log start lies in; null where that is the log start itself.</summary>
    public Offset? ItemStart { get; init; }
}
