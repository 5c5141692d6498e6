using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The candidate: votes for itself, durably first, and leads with a majority.</summary>
public sealed partial class RaftCore
{
    private void Campaign()
    {
        if (!_config.IsVoter || !_config.IsReadmitted)
        {
            return; // R4, R23
        }

        // R4, R6: always a higher epoch than the stored one, even when the stored vote is the own.
        HardState = new HardState(HardState.Epoch.Next, _config.Self, _config.SelfDirectory);
        Role = RaftRole.Candidate;
        Leader = NodeId.None;
        _persistNext = HardState; // R2: the own vote counts only when this is durable
    }

    private void TakeOwnVote()
    {
        int votes = 1;
        if (votes >= Quorum.Majority(_voters.Length))
        {
            BecomeLeader();
        }
    }
}
