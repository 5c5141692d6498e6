using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>Leaving office: on the way out, by hand-over, or for want of a majority (R18).</summary>
public sealed partial class RaftCore
{
    private EndEpoch? _farewell;

    /// <summary>A readmitted voter that has all of this leader's log durably, so may succeed at once (R18); or none.</summary>
    public NodeId CaughtUpPeer
    {
        get
        {
            foreach (Progress peer in _peers)
            {
                if (IsCaughtUp(peer))
                {
                    return peer.Voter;
                }
            }

            return NodeId.None;
        }
    }

    /// <summary>True when this voter has all of this leader's log durably (R18).</summary>
    public bool IsCaughtUp(NodeId node) => FindPeer(node) is { } peer && IsCaughtUp(peer);

    /// <summary>
    /// Steps down: no more appends, waiting producers are answered with an unknown outcome, and the voters are told who should follow.
    /// This replica leads again only in a higher epoch (R6, R18). Nothing for one that does not lead.
    /// </summary>
    public void Resign() => Resign(NodeId.None);

    /// <summary>As <see cref="Resign()"/>, with a successor that is asked first.</summary>
    public void Resign(NodeId successor)
    {
        if (!IsLeader)
        {
            return;
        }

        List<NodeId> successors = [.. _peers
            .Where(p => p.IsVoter && p.IsReadmitted && (p.Counted is not null || p.Voter == successor))
            .OrderByDescending(p => p.Voter == successor)
            .ThenByDescending(p => p.Position)
            .Select(p => p.Voter)];
        _farewell = new EndEpoch(Epoch, successors);
        SendToVoters(_farewell);
        _endedEpoch = Epoch;
        BecomeFollower(NodeId.None);
    }

    private bool IsCaughtUp(Progress peer) => peer.IsVoter && peer.IsReadmitted && peer.Counted == End;

    /// <summary>R18: the first successor campaigns at once and asks nobody before; the others in turn.</summary>
    private void ReceiveEndEpoch(NodeId from, EndEpoch end)
    {
        if (Leader != NodeId.None && Leader != from)
        {
            Breaches++;
            return;
        }

        if (_endedEpoch == Epoch)
        {
            return; // said before
        }

        _endedEpoch = Epoch;
        BecomeFollower(NodeId.None);
        if (end.Successors.Count > 0 && end.Successors[0] == _config.Self && MayCampaign)
        {
            Campaign();
        }
        else if (end.Successors.Count > 0)
        {
            CampaignInTurn(end.Successors, except: from);
        }
        else
        {
            CampaignInTurn(_config.Voters, except: from);
        }
    }
}
