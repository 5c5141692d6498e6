using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The leader: starts its epoch with a row, appends, counts, and raises the high watermark.</summary>
public sealed partial class RaftCore
{
    /// <summary>True when this replica leads its epoch.</summary>
    public bool IsLeader => Role == RaftRole.Leader;

    /// <summary>
    /// True when the leader may accept appends and serve fetches: its row is in the log (R8), and of a lone voter durable, so that no
    /// epoch which anybody has seen can be used again after a loss of the state store (R30, S28).
    /// </summary>
    public bool MayServe =>
        IsLeader && Table.LastEpoch == Epoch && (!_config.IsLoneVoter || Durable.Epoch == Epoch);

    /// <summary>
    /// True when the high watermark has reached the start of the leader's epoch: before that it may be below what an earlier leader
    /// showed, so "latest" and offsets behind it are not answered (R29).
    /// </summary>
    public bool KnowsHighWatermark =>
        MayServe && SelfProgress.Counted is not null && HighWatermark >= Table.LastStart;

    private Progress SelfProgress => _voters[_self];

    /// <summary>The row of a <see cref="RaftReady"/> is in the log (R8).</summary>
    public void RowAppended(EpochRow row)
    {
        Invariant.Require(IsLeader && row.Epoch == Epoch && row.Start == End);
        Invariant.Require(_persisted.Epoch >= row.Epoch); // R2
        Table.Append(row);
        CountSelf();
    }

    /// <summary>Records up to <paramref name="end"/> were appended, stamped with <see cref="Epoch"/> (R10).</summary>
    public void Appended(Offset end)
    {
        Invariant.Require(MayServe);
        Invariant.RequireAtMost(End, end);
        End = end;
        CountSelf();
    }

    private void BecomeLeader()
    {
        for (int i = 0; i < _voters.Length; i++)
        {
            _voters[i] = new Progress(_voters[i].Voter); // R8, S15: nothing counted survives an election
        }

        Role = RaftRole.Leader;
        Leader = _config.Self;
        _rowNext = new EpochRow(Epoch, End); // R8: once in the life of the cluster, by R2 and R6
    }

    /// <summary>
    /// R12: the own count is the durable offset, never the end, and only once the row of this epoch is durable. Topics with
    /// durability=memory count the end instead, but the row as before.
    /// </summary>
    private void CountSelf()
    {
        if (!IsLeader || _self < 0 || Durable.Epoch != Epoch)
        {
            return;
        }

        SelfProgress.Count(CountsAppended ? End : Durable.Offset);
        if (Quorum.Reached(_voters) is { } reached && reached > HighWatermark)
        {
            HighWatermark = reached;
            _highWatermarkNext = reached;
            RequireBoundsOrdered();
        }
    }
}
