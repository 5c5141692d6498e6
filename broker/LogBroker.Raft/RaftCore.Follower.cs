using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The follower: what every replica starts as and falls back to. Fetches, takes results, cuts its log.</summary>
public sealed partial class RaftCore
{
    private const int DroppedRetryTicks = 2;
    private const int RefusedRetryTicks = 10;

    private long _seenRound;
    private bool _fetchDue;
    private LogPosition? _wished; // items were asked for at this position
    private int _retryTicks;
    private LogPosition? _retryAt;
    private bool _isRefusing;
    private bool _isTaking;
    private LogPosition? _cut;
    private LogPosition? _reset;
    private LogPosition? _truncateNext;
    private LogPosition? _resetNext;
    private bool _storeReadmittedNext;
    private bool _isStoringReadmission;

    /// <summary>The log is being changed by the driver: until it has reported, nothing is taken and the position is not claimed.</summary>
    private bool IsLogChanging => _isTaking || _cut is not null || _reset is not null;

    /// <summary>
    /// The leader as this replica would vouch for it: itself, or one that it hears. A leader that is not heard is asked no more, and
    /// hides no candidate (R5).
    /// </summary>
    private NodeId KnownLeader => IsLeader || _isLeaderHeard ? Leader : NodeId.None;

    /// <summary>
    /// Takes a leader's answer. True when the driver has to append the items that came with it, if any, and then, always, to call
    /// <see cref="ItemsTaken"/>.
    /// </summary>
    public bool Receive(in RaftSender from, FetchResult result)
    {
        if (!Admit(from, result) || result.RequesterDirectory != _config.SelfDirectory)
        {
            return false;
        }

        if (result.Outcome == FetchOutcome.NotLeader)
        {
            ReceiveNotLeader(from.Node, result);
            return false;
        }

        // R16: of exactly this epoch and this leader.
        if (Role != RaftRole.Follower || from.Node != Leader)
        {
            return false;
        }

        if (result.Round > _seenRound)
        {
            _seenRound = result.Round; // R22: also of a result that is dropped for its position
            _fetchDue = true;
        }

        if (IsLogChanging)
        {
            return false;
        }

        bool isHere = result.Echoed == AppendedPosition;
#if PLANTED
        isHere |= PlantedBugs.Has(13) && result.Echoed.Offset == End;
#endif
        if (!isHere)
        {
            // R16, S13: both parts. Fetched anew unless what is on its way comes first, so that copies do not breed.
            RetryIn(DroppedRetryTicks, AppendedPosition);
            return false;
        }

        return Take(result);
    }

    /// <summary>
    /// The items of a result are in the log.
    /// </summary>
    /// <param name="result">The result that <see cref="Receive(in RaftSender, FetchResult)"/> let in.</param>
    /// <param name="rows">Rows appended, in order, without restated ones (R9 c).</param>
    /// <param name="end">The end of the log now.</param>
    /// <param name="isRefused">The log could not take all that came: the rest is asked for later, not at once.</param>
    public void ItemsTaken(FetchResult result, IReadOnlyList<EpochRow> rows, Offset end, bool isRefused)
    {
        Invariant.Require(_isTaking);
        _isTaking = false;
        LogPosition before = AppendedPosition;
        foreach (EpochRow row in rows)
        {
            Invariant.Require(row.Epoch <= Epoch && row.Start >= before.Offset && row.Start <= end); // R10
            Table.Append(row);
        }

        Invariant.RequireAtMost(End, end);
        End = end;
        RaiseHighWatermark(Offset.Min(result.HighWatermark, End)); // R13
        _fetchDue |= AppendedPosition != before;
        if (isRefused)
        {
            _isRefusing = true;
            RetryIn(RefusedRetryTicks, null);
        }
    }

    /// <summary>
    /// A <see cref="RaftReady.Truncate"/> was carried out (R17).
    /// </summary>
    /// <param name="appended">The appended position now.</param>
    /// <param name="durable">The durable position now, a prefix of it.</param>
    public void Truncated(LogPosition appended, LogPosition durable)
    {
        Invariant.Require(_cut is { } ordered && appended <= ordered); // lower where a batch of several records lies across the cut
        Invariant.RequireAtMost(HighWatermark, appended.Offset);
        Invariant.RequireAtMost(durable, appended);
        _cut = null;
        Table.Truncate(appended);
        End = appended.Offset;
        Durable = durable;
        RequireBoundsOrdered();
        AskAnew();
    }

    /// <summary>A <see cref="RaftReady.Reset"/> was carried out: the log is empty and begins at <paramref name="start"/> (R26).</summary>
    public void ResetDone(LogPosition start)
    {
        Invariant.Require(_reset == start);
        _reset = null;
#if PLANTED
        IReadOnlyList<EpochRow> old = [.. Table.Rows];
#endif
        Table.Reset(new EpochRow(start.Epoch, start.Offset)); // S17, S18: the position is the pair
#if PLANTED
        PlantedBugs.Reset(Table, old, start);
#endif
        LogStart = start.Offset;
        _itemStart = start.Offset;
        End = start.Offset;
        Durable = AppendedPosition;
        RaiseHighWatermark(start.Offset); // R13
        AskAnew();
    }

    /// <summary>A <see cref="RaftReady.StoreReadmitted"/> is durable: from now on this replica votes and counts (R24).</summary>
    public void ReadmissionStored()
    {
        IsReadmitted = true;
        _isStoringReadmission = false;
        _fetchDue = true;
    }

    /// <summary>
    /// Sends the present fetch again, with its wish: a link came up, or nothing was heard for long. A leader that resigned says so again
    /// (R18).
    /// </summary>
    public void Refresh()
    {
        AskAnew();
        if (_farewell is { } farewell && farewell.Epoch == Epoch && Leader == NodeId.None)
        {
            SendToVoters(farewell);
        }
    }

    private bool Take(FetchResult result)
    {
        if (result.Readmit && !IsReadmitted && !_isStoringReadmission)
        {
            _isStoringReadmission = true;
            _storeReadmittedNext = true;
        }

        switch (result.Outcome)
        {
            case FetchOutcome.Diverging:
#if PLANTED
                if (PlantedBugs.Has(12)) { RaiseHighWatermark(Offset.Min(result.HighWatermark, End)); }
#endif
                OrderCut(result.Target);
                return false;
            case FetchOutcome.Reset:
                // R26: a greater position, and nothing below the high watermark goes.
                Invariant.RequireAtMost(HighWatermark, result.Target.Offset);
                Invariant.Require(result.Target > AppendedPosition);
                _reset = result.Target;
                _resetNext = result.Target;
                return false;
            default:
                _isTaking = true;
                return true;
        }
    }

    /// <summary>R17. The high watermark of such a result is not taken (R13, S12).</summary>
    private void OrderCut(LogPosition target)
    {
        Invariant.RequireAtMost(Table.First.Epoch, target.Epoch);
        LogPosition cut = Table.CutAt(target.Epoch, target.Offset, End);
        Invariant.RequireAtMost(HighWatermark, cut.Offset);
        Invariant.Require(cut < AppendedPosition);
        _cut = cut;
        _truncateNext = target;
    }

    /// <summary>The one that was believed to lead answers that it does not: by R6 it never will in this epoch.</summary>
    private void ReceiveNotLeader(NodeId from, FetchResult result)
    {
        if (result.Epoch != Epoch)
        {
            return;
        }

        if (from == Leader && result.Leader != from)
        {
            LeaderGone(from);
        }

        FollowIfLeaderless(result.Leader);
    }

    private void ReceiveBeginEpoch(NodeId from)
    {
        if (FollowSender(from))
        {
            AskAnew(); // it is repeated because no fetch was heard
        }
    }

    /// <summary>A node says itself that it leads the present epoch. False when that cannot be so.</summary>
    private bool FollowSender(NodeId leader)
    {
        _goneLeader = NodeId.None; // it knows best
        if (Leader != NodeId.None && Leader != leader)
        {
            Breaches++; // OneLeaderPerEpoch
            return false;
        }

        FollowIfLeaderless(leader);
        return Leader == leader;
    }

    /// <summary>Somebody vouches for a leader of the present epoch, who may not know yet that it is gone.</summary>
    private void FollowIfLeaderless(NodeId leader)
    {
        bool isOver = _endedEpoch == Epoch || leader == _goneLeader;
        if (Leader != NodeId.None || leader == _config.Self || isOver || IndexOfVoter(leader) < 0)
        {
            return;
        }

        BecomeFollower(leader);
        _isLeaderHeard = true;
        _timer.Stop();
        AskAnew();
    }

    private void BecomeFollower(NodeId leader)
    {
        if (IsLeader)
        {
            _leadershipLost = true; // R18
            _rowNext = null;
            _peers.Clear();
            _timer.Restart();
        }

        Role = RaftRole.Follower;
        Leader = leader;
        _isLeaderHeard = false;
        _isPreVoting = false;
    }

    private void AskAnew()
    {
        _fetchDue = true;
        _wished = null;
        _retryTicks = 0;
        _isRefusing = false;
    }

    private void RetryIn(int ticks, LogPosition? at)
    {
        if (_retryTicks == 0 || at is null)
        {
            _retryTicks = ticks;
            _retryAt = at;
        }
    }

    private void TickRetry()
    {
        if (_retryTicks > 0 && --_retryTicks == 0 && (_retryAt is not { } at || at == AppendedPosition))
        {
            AskAnew();
        }
    }

    /// <summary>At most one fetch at a time, with the state of the moment. It shows the epoch, which is durable first (R2).</summary>
    private void AddFetch()
    {
        if (!_fetchDue || Role != RaftRole.Follower || Leader == NodeId.None || IsLogChanging || !_persisted.Covers(HardState))
        {
            return;
        }

        bool wantsItems = !_isRefusing && _wished != AppendedPosition;
        _wished = wantsItems ? AppendedPosition : _wished;
        _fetchDue = false;
        Send(Leader, new FetchRequest(Epoch, AppendedPosition, Durable, HighWatermark, _seenRound, IsReadmitted, wantsItems));
    }
}
