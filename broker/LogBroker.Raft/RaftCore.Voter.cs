using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The voter: gives its vote once per epoch, to a log that is at least its own.</summary>
public sealed partial class RaftCore
{
    private void ReceiveVoteRequest(in RaftSender from, VoteRequest request)
    {
        if (request.IsPreVote && request.Epoch > Epoch && from.Node == Leader)
        {
            LeaderGone(from.Node); // R6: who asks for a higher epoch has left office
        }

        bool isGranted = request.IsPreVote ? WouldGrant(request) : Grants(from, request);
        if (isGranted && !request.IsPreVote && HardState.VotedFor == NodeId.None)
        {
            HardState = HardState with { VotedFor = from.Node, VotedForDirectory = from.Directory };
            _persistNext = HardState; // R2: the reply is held until then
            _isPreVoting = false;
            _timer.Restart();
        }
        else if (!isGranted && !HasAll(request.Appended) && KnownLeader == NodeId.None && MayCampaign)
        {
            _timer.Shorten(1); // nobody can be elected without this log, or a longer one
        }

        Send(from.Node, new VoteResult(Epoch, request.Epoch, isGranted, request.IsPreVote, KnownLeader, from.Directory));
    }

    /// <summary>R23: a wiped replica does not vote, and does not say that it would.</summary>
    private bool MayVote
    {
        get
        {
#if PLANTED
            if (PlantedBugs.Has(23)) { return true; }
#endif
            return IsReadmitted;
        }
    }

    /// <summary>R3: a candidate that claims this position has all that the own log has.</summary>
    private bool HasAll(LogPosition candidate)
    {
#if PLANTED
        if (PlantedBugs.Present > 0) { return PlantedBugs.IsUpToDate(candidate, AppendedPosition, Table); }
#endif
        return candidate >= AppendedPosition;
    }

    /// <summary>R3. The last row counts even when no record stands behind it (S5, S6).</summary>
    private bool Grants(in RaftSender from, VoteRequest request)
    {
        if (!MayVote || !request.IsReadmitted || _self < 0 || request.Epoch != Epoch || Leader != NodeId.None)
        {
            return false;
        }

        bool isFree = HardState.VotedFor == NodeId.None
            || (HardState.VotedFor == from.Node && HardState.VotedForDirectory == from.Directory);
        return isFree && HasAll(request.Appended);
    }

    /// <summary>R5: the same comparison. A leader in office refuses, and who hears from one.</summary>
    private bool WouldGrant(VoteRequest request) =>
        MayVote && request.IsReadmitted && _self >= 0
        && request.Epoch > Epoch && HasAll(request.Appended)
        && KnownLeader == NodeId.None;
}
