using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The follower: what every replica starts as and falls back to.</summary>
public sealed partial class RaftCore
{
    /// <summary>
    /// Steps down on the way out: no more appends, waiting producers are answered with an unknown outcome (R18). This replica leads
    /// again only in a higher epoch (R6).
    /// </summary>
    public void Resign() => BecomeFollower(NodeId.None);

    private void BecomeFollower(NodeId leader)
    {
        _leadershipLost |= Role == RaftRole.Leader;
        _rowNext = null;
        Role = RaftRole.Follower;
        Leader = leader;
    }
}
