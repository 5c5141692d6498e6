using System.Numerics;
using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The candidate: asks whether it would be elected, votes for itself, durably first, and leads with a majority.</summary>
public sealed partial class RaftCore
{
    /// <summary>Ticks after which a pre-vote is asked again when the first came before others knew that the leader is gone.</summary>
    private const int RetryTicks = 3;

    private bool _isPreVoting;
    private bool _mayRetrySoon;
    private ulong _grants; // one bit per voter

    private bool MayCampaign => _self >= 0 && IsReadmitted && !IsLogChanging; // R4, R23

    /// <summary>
    /// R4, R5: the timeout ran out. A wiped replica asks, too, and says what it is: nobody can say yes (R3, R23), but the answers tell
    /// who leads.
    /// </summary>
    private void TimedOut()
    {
        if (Role == RaftRole.Candidate)
        {
            BecomeFollower(NodeId.None); // R6: this epoch is given up
        }

        _isPreVoting = IsReadmitted;
        _grants = 1UL << _self;
        if (_mayRetrySoon)
        {
            _mayRetrySoon = false;
            _timer.Set(RetryTicks);
        }
        else
        {
            _timer.Restart();
        }

        SendToVoters(new VoteRequest(Epoch.Next, AppendedPosition, IsPreVote: true, IsReadmitted));
    }

    /// <summary>
    /// R4, R6: always a higher epoch than the stored one, even when the stored vote is the own. The request waits for R2; the log need
    /// not be flushed first.
    /// </summary>
    private void Campaign()
    {
        Invariant.Require(MayCampaign && !IsLeader);
        Epoch next = Epoch.Next;
#if PLANTED
        next = PlantedBugs.Has(8) && HardState.VotedFor == _config.Self ? Epoch : next;
#endif
        EnterEpoch(new HardState(next, _config.Self, _config.SelfDirectory));
        Role = RaftRole.Candidate;
        Leader = NodeId.None;
        _grants = 0;
        _timer.Restart();
        SendToVoters(new VoteRequest(Epoch, AppendedPosition, IsPreVote: false, IsReadmitted: true));
    }

    /// <summary>R2: the own vote counts when it is durable.</summary>
    private void TakeOwnVote() => TakeVote(_self);

    private void TakeVote(int voter)
    {
        _grants |= 1UL << voter;
        bool hasOwn = (_grants & (1UL << _self)) != 0;
        if (hasOwn && HasMajority())
        {
            BecomeLeader();
        }
    }

    private bool HasMajority() => BitOperations.PopCount(_grants) >= Quorum.Majority(_voters.Length);

    private void ReceiveVoteResult(in RaftSender from, VoteResult result)
    {
        bool isMine = result.CandidateDirectory == _config.SelfDirectory;
#if PLANTED
        isMine |= PlantedBugs.Has(26);
#endif
        if (!isMine)
        {
            return; // R4, S26: it answers a disk that is lost
        }

        int voter = IndexOfVoter(from.Node);
        if (result.IsGranted && result.IsPreVote)
        {
            TakePreVote(voter, result);
        }
        else if (result.IsGranted)
        {
            if (Role == RaftRole.Candidate && result.AskedEpoch == Epoch)
            {
                TakeVote(voter); // R4: for the present epoch only
            }
        }
        else if (result.Epoch == Epoch && result.Leader == from.Node)
        {
            FollowSender(from.Node);
        }
        else if (result.Epoch == Epoch)
        {
            FollowIfLeaderless(result.Leader);
        }
        else if (result.Leader == from.Node)
        {
            // It leads an epoch that this voter cannot go back to: told so, it resigns, and one that serves both is elected.
            Send(from.Node, new VoteResult(Epoch, result.Epoch, false, false, KnownLeader, from.Directory));
        }
    }

    private void TakePreVote(int voter, VoteResult result)
    {
        if (!_isPreVoting || result.AskedEpoch != Epoch.Next)
        {
            return;
        }

        _grants |= 1UL << voter;
        if (HasMajority() && MayCampaign && KnownLeader == NodeId.None)
        {
            Campaign();
        }
    }
}
