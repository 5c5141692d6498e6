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
    public bool MayServe => IsLeader && Table.LastEpoch == Epoch && (!MustFlushFirst || Durable.Epoch == Epoch);

    /// <summary>
    /// True when the high watermark has reached the start of the leader's epoch: before that it may be below what an earlier leader
    /// showed, so "latest" and offsets behind it are not answered (R29).
    /// </summary>
    public bool KnowsHighWatermark => MayServe && HighWatermark >= Table.LastStart;

    private Progress SelfProgress => _voters[_self];

#if PLANTED
    private bool MustFlushFirst => _config.IsLoneVoter && !PlantedBugs.Has(28);
#else
    private bool MustFlushFirst => _config.IsLoneVoter; // R30
#endif

    /// <summary>The row of a <see cref="RaftReady"/> is in the log (R8).</summary>
    public void RowAppended(EpochRow row)
    {
        Invariant.Require(IsLeader && row.Epoch == Epoch && row.Start == End);
        Invariant.Require(_persisted.Epoch >= row.Epoch); // R2
        Table.Append(row);
        CountSelf();
        SendBeginEpoch();
        JudgeWaiting();
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
#if PLANTED
            if (PlantedBugs.Has(15)) { continue; }
#endif
            _voters[i] = new Progress(_voters[i].Voter); // R8, S15: nothing counted survives an election
        }

        _peers.Clear();
        _peers.AddRange(_voters.Where((_, i) => i != _self));
        Role = RaftRole.Leader;
        Leader = _config.Self;
        _round = 0;
        _unheardTicks = 0;
        _checkRound = 0;
        _timer.Stop();
        _rowNext = new EpochRow(Epoch, End); // R8: once in the life of the cluster, by R2 and R6
#if PLANTED
        if (PlantedBugs.Has(8) && Table.Contains(Epoch)) { _rowNext = null; }
#endif
    }

    /// <summary>R8: repeated to voters that have not fetched in this epoch. Not before the row is in the log (R30: durable).</summary>
    private void SendBeginEpoch()
    {
        _beginTicks = 0;
        if (!MayServe)
        {
            return;
        }

        foreach (Progress peer in _peers)
        {
            if (peer.IsVoter && !peer.HasFetched)
            {
                Send(peer.Voter, new BeginEpoch(Epoch));
            }
        }
    }

    /// <summary>
    /// R12: the own count is the durable offset, never the end, and only once the row of this epoch is durable. Topics with
    /// durability=memory count the end instead, but the row as before.
    /// </summary>
    private void CountSelf()
    {
#if PLANTED
        if (PlantedBugs.Has(1) && IsLeader) { SelfProgress.Count(End); Advance(); }
#endif
        if (!IsLeader || Durable.Epoch != Epoch)
        {
            return;
        }

        SelfProgress.Count(CountsAppended ? End : Durable.Offset);
        Advance();
    }

    /// <summary>
    /// R11: a voter counts what is durable there, provided that the row of this epoch is. An offset alone proves nothing, for the row
    /// takes none (S2, S3, S4).
    /// </summary>
    private void CountPeer(Progress peer, FetchRequest fetch)
    {
        Epoch held = fetch.Durable.Epoch;
        Offset count = CountsAppended ? fetch.Appended.Offset : fetch.Durable.Offset;
#if PLANTED
        PlantedBugs.Count(fetch, Epoch, ref held, ref count);
#endif
        if (peer.IsVoter && peer.IsReadmitted && fetch.IsReadmitted && held == Epoch)
        {
            peer.Count(count);
            Advance();
        }
    }

    /// <summary>R12. May pass the own durable offset, when a majority of others is ahead.</summary>
    private void Advance()
    {
        if (Quorum.Reached(_voters) is { } reached)
        {
            RaiseHighWatermark(reached);
        }
    }
}
