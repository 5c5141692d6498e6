using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>
/// A random life of a partition from one seed: messages are lost, repeated, late and out of order, processes end and lose what was not
/// flushed, disks are replaced, hard states and cuts take their time. Every step is followed by all invariants; at the end the world
/// heals and has to agree.
/// </summary>
internal sealed class Walk
{
    private const int PacketsMax = 24;
    private const int ItemsMax = 40;

    private readonly Random _random;
    private readonly World _world;
    private int _records;
    private bool _hasNodeLiveness;

    public Walk(ulong seed, int voters, int observers)
    {
        _random = new Random((int)seed);
        _world = new World(
            [.. Enumerable.Range(1, voters).Select(v => new NodeId(v))],
            [.. Enumerable.Range(6, observers).Select(o => new NodeId(o))],
            seed)
        {
            IsNoting = false,
            ItemsPerAnswer = 1 + (int)(seed % 3),
        };
    }

    public World World => _world;

    public int Cuts => _world.Replicas.Sum(r => r.Cuts);

    public int Resets => _world.Replicas.Sum(r => r.Resets);

    public int Readmissions => _world.Replicas.Sum(r => r.Readmissions);

    public int Crashes { get; private set; }

    /// <summary>What a trace would show: equal for equal seeds.</summary>
    public HashCode Trace { get; private set; }

    private List<Replica> Up => [.. _world.Replicas.Where(r => r.IsUp)];

    public void Step()
    {
        int dice = _random.Next(1000);
        List<Replica> up = Up;
        Replica any = up.Count > 0 ? Pick(up) : Pick(_world.Replicas);
        if (dice < 480)
        {
            DoNetwork(dice);
        }
        else if (!any.IsUp || dice >= 965)
        {
            DoProcess(any, dice);
        }
        else if (dice < 800)
        {
            DoWork(any, dice);
        }
        else
        {
            DoRare(any, dice);
        }

        Observe(any);
    }

    /// <summary>
    /// Everything works again. False when replicas did not agree within so many ticks. With node liveness (R28) they are told who leads
    /// what; without it they only hear that nodes are alive, and find out by asking.
    /// </summary>
    public bool Heals(int ticks, bool hasNodeLiveness = true)
    {
        _hasNodeLiveness = hasNodeLiveness;
        foreach (Replica replica in _world.Replicas)
        {
            (replica.HoldsPersists, replica.HoldsCuts) = (false, false);
            if (!replica.IsUp)
            {
                replica.Start();
            }

            PersistAll(replica);
            replica.Cut();
            replica.Core.Refresh();
            _world.Settle(replica);
        }

        for (int tick = 0; tick < ticks; tick++)
        {
            foreach (Replica replica in _world.Replicas)
            {
                TickTruly(replica);
                if (tick % 20 == 10)
                {
                    replica.Core.Refresh();
                }

                _world.Settle(replica);
            }

            DeliverAndFlush();
            if (tick > 40 && Agree())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Each replica on a line.</summary>
    public string Describe() => string.Join('\n', _world.Replicas.Select(r => !r.IsUp ? $"{r.Name} down {r.Log}" :
        $"{r.Name} {r.Core.Role} {r.Core.Epoch}, leader {Replica.NameOf(r.Core.Leader)}, hw {r.Core.HighWatermark}, "
        + $"{(r.Core.IsReadmitted ? "" : "wiped, ")}{(r.Core.NeedsTick ? "ticking, " : "")}{r.Log}"));

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private void DoNetwork(int dice)
    {
        if (_world.Network.Count == 0)
        {
            return;
        }

        Packet packet = dice % 3 > 0 ? _world.Network[0] : Pick(_world.Network);
        if (dice < 30)
        {
            _world.Network.Remove(packet);
        }
        else if (dice < 60)
        {
            _world.Deliver(packet);
            _world.Network.Add(packet); // once more, later
        }
        else
        {
            _world.Deliver(packet, isRefused: dice < 70);
        }

        while (_world.Network.Count > PacketsMax)
        {
            _world.Network.RemoveAt(_random.Next(_world.Network.Count));
        }
    }

    private void DoWork(Replica any, int dice)
    {
        RaftCore core = any.Core;
        switch (dice)
        {
            case < 560:
                core.Tick(new RaftTick(_random.Next(3) == 0, _random.Next(1, _world.Voters.Count + 1)));
                break;
            case < 660 when core.MayServe && any.Log.Items.Count < ItemsMax:
                any.Propose($"r{++_records}");
                break;
            case < 740:
                any.Flush();
                break;
            default:
                PersistAll(any);
                any.Cut();
                break;
        }

        _world.Settle(any);
    }

    private void DoRare(Replica any, int dice)
    {
        RaftCore core = any.Core;
        Replica other = Pick(Up);
        switch (dice % 12)
        {
            case 0:
                any.HoldsPersists = _random.Next(3) == 0;
                break;
            case 1:
                any.HoldsCuts = _random.Next(3) == 0;
                break;
            case 2 when core.LogStart < core.HighWatermark && !any.HoldsCuts:
                any.Trim(core.LogStart + 1 + _random.Next(2), _random.Next(2) == 0);
                break;
            case 3:
                any.HighWatermarkCheckpoint = core.HighWatermark;
                break;
            case 4 when core.IsLeader:
                core.BeginRound();
                break;
            case 5 when dice < 850:
                core.Resign(other.Id);
                break;
            case 6:
                core.LeaderGone(other.Id); // even when it is not true
                break;
            case 7 or 8 when other.Core.MayServe:
                core.LeaderHeard(other.Id, other.Core.Epoch);
                break;
            case 9:
                core.PeerLost(other.Id);
                break;
            case 10:
                core.Refresh();
                break;
            case 11 when core.IsReadmitted && any.PendingCut is null && any.PendingReset is null && _world.Voters.Contains(any.Id):
                NodeId from = core.Leader == NodeId.None ? _world.Voters.FirstOrDefault(v => v != any.Id) : core.Leader;
                core.Receive(new RaftSender(from, default), new EndEpoch(core.Epoch, [any.Id]));
                break;
        }

        _world.Settle(any);
    }

    /// <summary>Processes end and start. At most one voter at a time is without its disk: more is no minority.</summary>
    private void DoProcess(Replica any, int dice)
    {
        bool mayWipe = _world.Voters.Count > 2 && _world.Voters.All(v => _world[v].IsReadmitted || v == any.Id);
        Replica down = Pick(_world.Replicas);
        switch (dice)
        {
            case < 973 when any.IsUp:
                Crashes++;
                int? cutKeeps = any.PendingCut is null ? null : _random.Next(3);
                any.Crash(_random.Next(4), losesState: (mayWipe || _world.Voters.Count == 1) && _random.Next(12) == 0, cutKeeps);
                break;
            case < 975 when any.IsUp && mayWipe:
                any.Wipe();
                break;
            case < 977 when any.IsUp:
                any.Kill();
                break;
            default:
                if (!down.IsUp)
                {
                    down.Start();
                }

                break;
        }

        _world.Invariants.Check();
    }

    private void Observe(Replica any)
    {
        HashCode trace = Trace;
        trace.Add(any.Id);
        trace.Add(any.Log.Position);
        trace.Add(_world.Network.Count);
        Trace = trace;
    }

    private void TickTruly(Replica replica)
    {
        RaftCore core = replica.Core;
        if (_hasNodeLiveness && !core.IsLeader && core.Leader != NodeId.None)
        {
            RaftCore leader = _world[core.Leader].Core;
            if (!(leader.IsLeader && leader.Epoch == core.Epoch))
            {
                core.LeaderGone(core.Leader); // R28
            }
        }

        foreach (Replica leader in _world.Replicas.Where(r => _hasNodeLiveness && r.Core.MayServe && core.Leader == NodeId.None))
        {
            core.LeaderHeard(leader.Id, leader.Core.Epoch); // R28
        }

        core.Tick(new RaftTick(core.Leader != NodeId.None, _world.Voters.Count));
    }

    private void DeliverAndFlush()
    {
        for (int i = 0; i < 500 && _world.Network.Count > 0; i++)
        {
            _world.Deliver(_world.Network[0]);
        }

        Assert.Empty(_world.Network);
        foreach (Replica replica in _world.Replicas.Where(r => r.Core.Durable != r.Core.AppendedPosition))
        {
            replica.Flush();
            _world.Settle(replica);
        }
    }

    private bool Agree()
    {
        Replica? leader = _world.Replicas.SingleOrDefault(r => r.Core.IsLeader);
        return leader is not null && _world.Network.Count == 0 && _world.Replicas.All(r =>
            r.Core.AppendedPosition == leader.Core.AppendedPosition
            && r.Core.HighWatermark == leader.Core.End
            && (r.Core.IsReadmitted || !_world.Voters.Contains(r.Id))
            && !r.Core.NeedsTick);
    }

    private static void PersistAll(Replica replica)
    {
        while (replica.Persisting.Count > 0)
        {
            replica.Persist();
        }
    }
}
