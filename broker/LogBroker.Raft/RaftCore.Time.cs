using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>Time, which comes as ticks, and what is known of the life of nodes (R28).</summary>
public sealed partial class RaftCore
{
    /// <summary>Ticks between two candidates of one partition when the leader's process has ended: no vote is split.</summary>
    private const int StaggerTicks = 6;

    /// <summary>Ticks between two <see cref="BeginEpoch"/> to a voter that has not fetched.</summary>
    private const int BeginEpochTicks = 4;

    private bool _isLeaderHeard;
    private Epoch _endedEpoch = new(-1); // its leader said that it is over
    private NodeId _goneLeader; // of the present epoch: others may still believe in it
    private int _unheardTicks;
    private long _checkRound;
    private int _beginTicks;

    /// <summary>
    /// False when a tick at which the leader and all voters are heard would change nothing; such ticks may be left out.
    /// </summary>
    public bool NeedsTick
    {
        get
        {
            if (IsLeader)
            {
                return _unheardTicks > 0 || _peers.Exists(p => p.IsVoter && !p.HasFetched);
            }

            bool isQuiet = Leader != NodeId.None && _isLeaderHeard && !_timer.IsRunning && !_isPreVoting;
            return _retryTicks > 0 || (_self >= 0 && !isQuiet);
        }
    }

    /// <summary>Time passes for a lone voter.</summary>
    public void Tick() => Tick(new RaftTick(IsLeaderHeard: false, VotersHeard: 1));

    /// <summary>
    /// Time passes. A follower whose leader is not heard counts up to its election timeout (R4, R5); a leader without a majority
    /// resigns (R7). A lone voter without a leader campaigns at once: nobody else can lead.
    /// </summary>
    public void Tick(in RaftTick tick)
    {
        if (IsLeader)
        {
            TickLeader(tick);
            return;
        }

        TickRetry();
        _isLeaderHeard = Leader != NodeId.None && tick.IsLeaderHeard;
        if (_isLeaderHeard)
        {
            _timer.Stop();
            _isPreVoting = false;
        }
        else if (_config.IsLoneVoter)
        {
            if (MayCampaign && Role == RaftRole.Follower)
            {
                Campaign();
            }
        }
        else if (_self >= 0 && !IsLogChanging && _timer.Tick())
        {
            TimedOut();
        }
    }

    /// <summary>
    /// The process of a node ended, or it leads this partition no more for sure (R28). If it led, replicas campaign soon, one after the
    /// other in order of preference.
    /// </summary>
    public void LeaderGone(NodeId node)
    {
        if (IsLeader || Leader != node || node == NodeId.None)
        {
            return;
        }

        BecomeFollower(NodeId.None);
        _goneLeader = node;
        CampaignInTurn(_config.Voters, except: node);
    }

    /// <summary>
    /// There never was a leader here, so no timeout is waited for: replicas campaign soon, one after the other in order of preference.
    /// Nothing where there is an epoch already.
    /// </summary>
    public void CampaignSoon()
    {
        if (Role == RaftRole.Follower && Epoch == Epoch.None && Leader == NodeId.None)
        {
            CampaignInTurn(_config.Voters, except: NodeId.None);
        }
    }

    /// <summary>
    /// A node says that it leads this epoch: its heartbeats list what it leads (R28). As <see cref="BeginEpoch"/>, but repeated without
    /// a reason.
    /// </summary>
    public void LeaderHeard(NodeId leader, Epoch epoch)
    {
        if (leader == _config.Self || IndexOfVoter(leader) < 0 || IsImplausible(epoch))
        {
            return;
        }

        if (epoch > Epoch)
        {
            Adopt(epoch);
        }

        if (epoch == Epoch)
        {
            FollowSender(leader);
        }
        else
        {
            Send(leader, new VoteResult(Epoch, epoch, false, false, KnownLeader, default)); // R1
        }
    }

    private void TickLeader(in RaftTick tick)
    {
        // R7: a round is begun so that an old echo proves nothing.
        if (tick.VotersHeard >= Quorum.Majority(_voters.Length) || (_checkRound > 0 && ConfirmedRound >= _checkRound))
        {
            _unheardTicks = 0;
            _checkRound = 0;
        }
        else
        {
            _checkRound = _checkRound > 0 ? _checkRound : BeginRound();
            if (++_unheardTicks >= _config.ElectionTicksMin)
            {
                Resign();
                return;
            }
        }

        if (++_beginTicks >= BeginEpochTicks)
        {
            SendBeginEpoch();
        }
    }

    /// <summary>The first of an order, this one's place in it decides after how many ticks it asks for votes.</summary>
    private void CampaignInTurn(IReadOnlyList<NodeId> order, NodeId except)
    {
        int before = 0;
        foreach (NodeId node in order)
        {
            if (node == _config.Self)
            {
                break;
            }

            before += node == except ? 0 : 1;
        }

        _mayRetrySoon = true;
        _timer.Set(1 + (before * StaggerTicks));
    }
}
