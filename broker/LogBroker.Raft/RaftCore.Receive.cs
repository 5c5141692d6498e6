using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>Messages: who is let in, and what comes of the epoch they show (R1).</summary>
public sealed partial class RaftCore
{
    /// <summary>An epoch further ahead than this is nonsense: that many elections take years.</summary>
    private const int EpochJumpMax = 1_000_000;

    /// <summary>
    /// Takes a message other than a <see cref="FetchResult"/>. May be late, repeated or out of order. One of a node that is no voter
    /// never changes the epoch.
    /// </summary>
    public void Receive(in RaftSender from, RaftMessage message)
    {
        Invariant.Require(message is not FetchResult);
        if (!Admit(from, message))
        {
            return;
        }

        switch (message)
        {
            case FetchRequest fetch:
                ReceiveFetch(from, fetch);
                break;
            case VoteRequest request:
                ReceiveVoteRequest(from, request);
                break;
            case VoteResult result:
                ReceiveVoteResult(from, result);
                break;
            case BeginEpoch:
                ReceiveBeginEpoch(from.Node);
                break;
            case EndEpoch end:
                ReceiveEndEpoch(from.Node, end);
                break;
        }
    }

    /// <summary>
    /// R1: adopts a higher epoch of a voter and answers a lower one. False when the message has no other effect. Pre-votes show an
    /// epoch that nobody has, and are let through; so is the answer to one, which may come from a voter that is behind.
    /// </summary>
    private bool Admit(in RaftSender from, RaftMessage message)
    {
        if (from.Node == _config.Self || from.Node == NodeId.None || message.Epoch < Epoch.None)
        {
            return false;
        }

        if (IsImplausible(message.Epoch))
        {
            return false;
        }

        bool isVoter = IndexOfVoter(from.Node) >= 0;
        if (!isVoter && message is not FetchRequest)
        {
            return false;
        }

        if (message is VoteRequest { IsPreVote: true })
        {
            return true;
        }

        if (message.Epoch > Epoch && isVoter)
        {
            bool wasAsking = message is VoteResult && _isPreVoting;
            Adopt(message.Epoch);
            if (wasAsking)
            {
                _timer.Shorten(RetryTicks); // it was behind; now it can ask again
            }
        }
#if PLANTED
        else if (PlantedBugs.Has(16) && message is FetchRequest && IsLeader) { return true; }
#endif
        else if (message.Epoch < Epoch && message is not VoteResult { IsPreVote: true })
        {
            Fence(from, message);
            return false;
        }

        return true;
    }

    private bool IsImplausible(Epoch epoch)
    {
        if ((long)epoch.Value - Epoch.Value <= EpochJumpMax)
        {
            return false;
        }

        ImplausibleEpochs++;
        return true;
    }

    private void Fence(in RaftSender from, RaftMessage message)
    {
        switch (message)
        {
            case FetchRequest fetch:
                Send(from.Node, NotLeader(from, fetch));
                break;
            case VoteRequest or BeginEpoch or EndEpoch:
                Send(from.Node, new VoteResult(Epoch, message.Epoch, false, false, KnownLeader, from.Directory));
                break;
        }
    }

    /// <summary>R1: a new epoch begins with neither vote nor leader.</summary>
    private void Adopt(Epoch epoch)
    {
        Invariant.Require(epoch > Epoch);
        EnterEpoch(new HardState(epoch, NodeId.None, default));
        BecomeFollower(NodeId.None);
    }

    private void EnterEpoch(HardState state)
    {
        HardState = state;
        _persistNext = state;
        _outbox.DropHeld(_persisted);
        _seenRound = 0; // R22
        _isPreVoting = false;
        _goneLeader = NodeId.None;
    }
}
