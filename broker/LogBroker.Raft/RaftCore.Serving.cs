using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The leader's side of fetching: judges positions (R14, R15), counts rounds (R22), readmits (R24).</summary>
public sealed partial class RaftCore
{
    private const int ObserversMax = 64;

    private readonly List<Progress> _peers = [];
    private long _round;

    /// <summary>Of a leader: all voters but itself, in order of preference, then observers that fetch. Else empty.</summary>
    public IReadOnlyList<Progress> Peers => _peers;

    /// <summary>The greatest round begun in this epoch that a majority has echoed, the leader among them; 0 for none (R22).</summary>
    public long ConfirmedRound => IsLeader ? Quorum.Confirmed(_voters, _self, _round) : 0;

    /// <summary>
    /// Begins a round: when <see cref="ConfirmedRound"/> reaches it, this leader was still in office after the call (R22). Only of a
    /// leader.
    /// </summary>
    public long BeginRound()
    {
        Invariant.Require(IsLeader);
        return ++_round;
    }

    /// <summary>
    /// True when there is something to say to a peer whose fetch is parked: items, a high watermark (R13), a round (R22) or, unless that
    /// has to wait, its readmission (R24).
    /// </summary>
    public bool IsAnswerDue(Progress peer, bool mayReadmit = true)
    {
        if (!MayServe || !peer.IsParked)
        {
            return false;
        }

        if (_round > peer.ShownRound)
        {
            return true;
        }

        return !peer.IsInFlight
            && ((peer.WantsItems && peer.Position < AppendedPosition)
                || HighWatermark > peer.ShownHighWatermark
                || (mayReadmit && IsReadmissionOwed(peer)));
    }

    /// <summary>True when a peer is to be readmitted and was not told so since its last fetch (R24).</summary>
    public bool IsReadmissionOwed(Progress peer) =>
        MayServe && peer.IsParked && !peer.IsInFlight && !peer.IsReadmissionShown && IsReadmissionDue(peer);

    /// <summary>
    /// The header of an answer at the peer's position. With items the fetch is used up; without it stays parked, and later items at the
    /// same position are taken too (R16). When the log start has overtaken the position the answer is a reset: send no items with it.
    /// </summary>
    public FetchResult Answer(Progress peer, bool withItems, bool mayReadmit = true)
    {
        Invariant.Require(MayServe && peer.IsParked);
        FetchOutcome outcome = Judge(peer.Position, out LogPosition target);
        bool readmit = mayReadmit && outcome == FetchOutcome.Items && IsReadmissionDue(peer);
        if (outcome == FetchOutcome.Items)
        {
            peer.Show(withItems, HighWatermark, _round, readmit);
        }

        FetchResult result = Result(outcome, peer.Position, peer.Directory, target, readmit);
        if (outcome != FetchOutcome.Items)
        {
            peer.Unpark();
        }

        return result;
    }

    /// <summary>The link to a node was lost: what is in flight to it is forgotten; its next fetch says all.</summary>
    public void PeerLost(NodeId node)
    {
        if (FindPeer(node) is not { } peer)
        {
            return;
        }

        peer.Unpark();
        if (!peer.IsVoter)
        {
            _peers.Remove(peer);
        }
    }

    private Progress? FindPeer(NodeId node)
    {
        foreach (Progress peer in _peers)
        {
            if (peer.Voter == node)
            {
                return peer;
            }
        }

        return null;
    }

    private void ReceiveFetch(in RaftSender from, FetchRequest fetch)
    {
        bool isMine = IsLeader && fetch.Epoch == Epoch;
#if PLANTED
        isMine |= PlantedBugs.Has(16) && IsLeader;
#endif
        if (!isMine)
        {
            Send(from.Node, NotLeader(from, fetch)); // R14
            return;
        }

        if (fetch.Durable > fetch.Appended || fetch.SeenRound > _round)
        {
            Breaches++;
            return;
        }

        if (PeerOf(from, fetch) is { } peer)
        {
            peer.Heard(fetch);
            JudgeFetch(peer);
        }
    }

    /// <summary>
    /// The peer that a fetch speaks for, or null when it speaks for a disk that is no more: the newest directory id is the one that is
    /// not readmitted yet, and the older are ignored for the rest of the epoch (R24, S25).
    /// </summary>
    private Progress? PeerOf(in RaftSender from, FetchRequest fetch)
    {
        Progress? peer = FindPeer(from.Node);
        if (peer is null)
        {
            if (_peers.Count >= _voters.Length + ObserversMax)
            {
                return null;
            }

            peer = new Progress(from.Node) { IsVoter = false }; // R25
            _peers.Add(peer);
        }

        if (peer.HasFetched && peer.Directory == from.Directory)
        {
            return peer;
        }

#if PLANTED
        if (PlantedBugs.Has(25) && peer.HasFetched && fetch.IsReadmitted) { return peer; }
#endif
        bool isKnown = peer.HasFetched;
        if (isKnown && (peer.IsFormer(from.Directory) || (peer.IsVoter && fetch.IsReadmitted)))
        {
            return null;
        }

        if (!peer.TryReplaceDirectory(from.Directory))
        {
            return null;
        }

        if (peer.IsVoter && !fetch.IsReadmitted)
        {
            peer.AwaitReadmission(BeginRound());
        }

        return peer;
    }

    /// <summary>Fetches that came before this leader could serve.</summary>
    private void JudgeWaiting()
    {
        for (int i = 0; i < _peers.Count && MayServe; i++)
        {
            JudgeFetch(_peers[i]);
        }
    }

    private void JudgeFetch(Progress peer)
    {
        if (!MayServe || peer.Unjudged is not { } fetch)
        {
            return;
        }

        peer.Unjudged = null;
        FetchOutcome outcome = Judge(fetch.Appended, out LogPosition target);
        if (outcome == FetchOutcome.Items)
        {
            peer.Park(fetch);
            CountPeer(peer, fetch);
            return;
        }

        // R11: a durable row of this epoch implies that the whole log matches.
        Breaches += outcome == FetchOutcome.Diverging && fetch.Durable.Epoch == Epoch ? 1 : 0;
        peer.Unpark();
        Send(peer.Voter, Result(outcome, fetch.Appended, peer.Directory, target, readmit: false));
    }

    /// <summary>
    /// R15. A batch with many records may lie across the log start: it is served whole, and a reset goes to its base (R26 speaks of batches
    /// of one record).
    /// </summary>
    private FetchOutcome Judge(LogPosition position, out LogPosition target)
    {
        (Epoch q, Offset o) = (position.Epoch, position.Offset);
        target = default;
        if (q < Table.First.Epoch)
        {
            target = Table.StartPosition(_itemStart);
            return FetchOutcome.Reset; // (a)
        }

        if (!Table.Contains(q))
        {
            Epoch below = Table.GreatestBelow(q)!.Value;
            target = new LogPosition(below, Table.EndOf(below, End));
            return FetchOutcome.Diverging; // (b)
        }

        bool isBehindEnd = o > Table.EndOf(q, End);
#if PLANTED
        isBehindEnd &= !PlantedBugs.Has(14);
#endif
        if (isBehindEnd)
        {
            target = new LogPosition(q, Table.EndOf(q, End));
            return FetchOutcome.Diverging; // (c) S14: knowing the epoch is not enough
        }

        if (o < _itemStart)
        {
            target = Table.StartPosition(_itemStart);
            return FetchOutcome.Reset; // (d)
        }

        return FetchOutcome.Items; // (e)
    }

    /// <summary>The log start moved: who is parked in front of it is told to begin anew (R15 d).</summary>
    private void ResetPeersLeftBehind()
    {
        for (int i = 0; i < _peers.Count && MayServe; i++)
        {
            Progress peer = _peers[i];
            if (peer.IsParked && !peer.IsInFlight && Judge(peer.Position, out _) != FetchOutcome.Items)
            {
                Send(peer.Voter, Answer(peer, withItems: false));
            }
        }
    }

    /// <summary>
    /// R24: (a) every other voter, itself readmitted, has echoed a round begun after the wiped replica came back; with five voters a
    /// majority would not do. (b) Without it, a majority has this epoch's row and all below the high watermark durable. (c) So has it.
    /// </summary>
    private bool IsReadmissionDue(Progress peer)
    {
        if (!peer.IsVoter || peer.IsReadmitted || peer.Durable.Epoch != Epoch)
        {
            return false;
        }

        int having = 0;
        for (int i = 0; i < _voters.Length; i++)
        {
            Progress voter = _voters[i];
            if (voter == peer)
            {
                continue;
            }

            bool hasEchoed = i == _self || (voter.IsReadmitted && voter.EchoedRound >= peer.ReadmissionRound);
#if PLANTED
            hasEchoed |= PlantedBugs.Has(24);
#endif
            if (!hasEchoed)
            {
                return false; // (a)
            }

            having += voter.Counted >= HighWatermark ? 1 : 0;
        }

        Offset held = CountsAppended ? peer.Position.Offset : peer.Durable.Offset;
        return having >= Quorum.Majority(_voters.Length) && held >= HighWatermark; // (b), (c)
    }

    private FetchResult NotLeader(in RaftSender to, FetchRequest fetch) => new(
        Epoch, FetchOutcome.NotLeader, fetch.Appended, to.Directory, default, 0, default, default, false, KnownLeader);

    private FetchResult Result(
        FetchOutcome outcome, LogPosition echoed, DirectoryId requester, LogPosition target, bool readmit) => new(
            Epoch, outcome, echoed, requester, target, _round, HighWatermark, LogStart, readmit, Leader);
}
