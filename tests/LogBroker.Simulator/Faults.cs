using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>
/// The hand that breaks things: at every beat it looks at each kind of fault of the <see cref="Swarm"/>, and plans the end of what it
/// began. What loses data at rest, wipes and flipped bits, only ever meets one node, the victim. One thread.
/// </summary>
internal sealed class Faults(SimCluster cluster, Swarm swarm, SimRandom random)
{
    private static readonly long BeatTicks = SimScheduler.Ms(50);
    private const double BeatSeconds = 0.05;

    private readonly NodeId _victim = cluster.Nodes[random.Next(cluster.Nodes.Count)].Id;
    private bool _isOver;

    /// <summary>Faults that happened, by kind.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    public void Begin() => cluster.Scheduler.After(BeatTicks, Beat);

    /// <summary>All is well from now on: the network heals, disks are fast and roomy, everybody runs.</summary>
    public void Heal()
    {
        _isOver = true;
        cluster.Trace.Note("heal", 0);
        cluster.Network.Faults = new SimNetworkFaults();
        cluster.Network.Heal();
        foreach (SimNode node in cluster.Nodes)
        {
            Cure(node);
            node.Machine.CrashAt = null;
            if (node.IsPaused)
            {
                node.Resume();
            }

            StartIfDown(node);
        }
    }

    /// <summary>A node ended, for whatever reason: it comes back.</summary>
    public void NodeDown(SimNode node)
    {
        Cure(node);
        if (_isOver)
        {
            cluster.Scheduler.After(SimScheduler.Ms(10), () => StartIfDown(node));
            return;
        }

        long after = SimScheduler.Ms(random.Between(5, (long)(swarm.DownSecondsMax * 1_000)));
        cluster.Scheduler.After(after, () =>
        {
            if (node.State == SimNodeState.Down && node.Id == _victim && !_isOver)
            {
                DamageAtRest(node);
            }

            StartIfDown(node);
        });
    }

    private static void StartIfDown(SimNode node)
    {
        if (node.State == SimNodeState.Down)
        {
            node.Start();
        }
    }

    private static void Cure(SimNode node)
    {
        node.MayDie = false;
        node.Disk.Fault = null;
        node.Disk.TotalBytes = 1L << 40;
    }

    private void Beat()
    {
        if (_isOver)
        {
            return;
        }

        cluster.Scheduler.After(BeatTicks, Beat);
        Try(swarm.CrashesPerSecond, Crash);
        Try(swarm.StopsPerSecond, () => Count("stop", Any(), n => n.Stop()));
        Try(swarm.PausesPerSecond, () => Count("pause", Any(), Pause));
        Try(swarm.PartitionsPerSecond, Partition);
        Try(swarm.LinkResetsPerSecond, () => Count("reset", Any(), n => cluster.Network.Reset(n.Id, Other(n.Id))));
        Try(swarm.ClogsPerSecond, () => Count("clog", Any(), n => Clog(n.Id, Other(n.Id))));
        Try(swarm.SwizzlesPerSecond, Swizzle);
        Try(swarm.ClockJumpsPerSecond, () => Count("clock", Any(), JumpClock));
        Try(swarm.SlowDisksPerSecond, () => Count("slow disk", Any(), SlowDown));
        Try(swarm.FailedSyncsPerSecond, () => Count("failed sync", Any(), FailSync));
        Try(swarm.FullDisksPerSecond, () => Count("full disk", Any(), FillDisk));
    }

    private void Try(double perSecond, Action fault)
    {
        if (random.Chance(perSecond * BeatSeconds))
        {
            fault();
        }
    }

    private void Count(string kind, SimNode node, Action<SimNode> fault)
    {
        Counts[kind] = Counts.GetValueOrDefault(kind) + 1;
        cluster.Trace.Note("fault", node.Id.Value, text: kind);
        fault(node);
    }

    private SimNode Any() => cluster.Nodes[random.Next(cluster.Nodes.Count)];

    private NodeId Other(NodeId node) => new((((node.Value - 1) + 1 + random.Next(cluster.Nodes.Count - 1)) % cluster.Nodes.Count) + 1);

    private void Crash()
    {
        LossMode mode = random.Pick(swarm.Losses);
        if (random.Chance(swarm.CrashesOfAll))
        {
            foreach (SimNode node in cluster.Nodes)
            {
                Count("crash of all", node, n => n.Kill(mode));
            }

            return;
        }

        int operations = random.Chance(swarm.CrashesInOperations) ? (int)random.Between(1, 20) : 0;
        Count("crash", random.Chance(swarm.CrashesOfVictim) ? cluster.Node(_victim) : Any(), n =>
        {
            if (operations > 0)
            {
                n.KillInOperation(operations, mode);
            }
            else
            {
                n.Kill(mode);
            }
        });
    }

    private void Pause(SimNode node)
    {
        if (node.State == SimNodeState.Down || node.IsPaused)
        {
            return;
        }

        int life = node.Lives;
        node.Pause();
        cluster.Scheduler.After(Seconds(swarm.PauseSecondsMax), () =>
        {
            if (node.Lives == life && node.IsPaused)
            {
                node.Resume();
            }
        });
    }

    /// <summary>Splits the nodes in two, at random or one from the others, both ways or one way.</summary>
    private void Partition()
    {
        bool isOneWay = random.Chance(swarm.OneWay);
        bool resets = random.Chance(swarm.Resets);
        if (random.Chance(swarm.PartialPartitions))
        {
            Count("partial partition", Any(), n => CutPair(n.Id, Other(n.Id), isOneWay, resets));
            cluster.Scheduler.After(Seconds(swarm.PartitionSecondsMax), cluster.Network.Heal);
            return;
        }

        int[] side = new int[cluster.Nodes.Count];
        bool isolatesOne = random.Next(2) == 0;
        int one = random.Next(side.Length);
        for (int i = 0; i < side.Length; i++)
        {
            side[i] = isolatesOne ? (i == one ? 1 : 0) : random.Next(2);
        }

        int direction = random.Next(2);
        Count(isOneWay ? "one-way partition" : "partition", cluster.Nodes[one], _ =>
        {
            foreach (SimNode from in cluster.Nodes)
            {
                foreach (SimNode to in cluster.Nodes)
                {
                    int a = side[from.Id.Value - 1];
                    bool isCut = a != side[to.Id.Value - 1] && (!isOneWay || a == direction);
                    if (isCut)
                    {
                        cluster.Network.Cut(from.Id, to.Id, resets);
                    }
                }
            }
        });
        cluster.Scheduler.After(Seconds(swarm.PartitionSecondsMax), cluster.Network.Heal);
    }

    /// <summary>Two nodes do not hear each other, all others hear both.</summary>
    private void CutPair(NodeId one, NodeId other, bool isOneWay, bool resets)
    {
        cluster.Network.Cut(one, other, resets);
        if (!isOneWay)
        {
            cluster.Network.Cut(other, one, resets);
        }
    }

    private void Clog(NodeId from, NodeId to) => cluster.Network.Path(from, to).ClogUntilTicks =
        cluster.Scheduler.NowTicks + Seconds(swarm.PartitionSecondsMax);

    /// <summary>Nodes of a random set are cut off one after the other, and come back in another order.</summary>
    private void Swizzle()
    {
        var chosen = cluster.Nodes.Where(_ => random.Next(2) == 0).ToList();
        long at = 0;
        foreach (SimNode node in chosen)
        {
            at += SimScheduler.Ms(random.Between(0, 500));
            cluster.Scheduler.After(at, () => Count("swizzle", node, n => Isolate(n.Id, isCut: true)));
        }

        for (int left = chosen.Count; left > 0; left--)
        {
            int next = random.Next(chosen.Count);
            SimNode node = chosen[next];
            chosen.RemoveAt(next);
            at += SimScheduler.Ms(random.Between(0, 1_000));
            cluster.Scheduler.After(at, () => Isolate(node.Id, isCut: false));
        }
    }

    private void Isolate(NodeId node, bool isCut)
    {
        foreach (SimNode other in cluster.Nodes)
        {
            if (other.Id != node && !_isOver)
            {
                cluster.Network.Path(node, other.Id).IsCut = isCut;
                cluster.Network.Path(other.Id, node).IsCut = isCut;
            }
        }
    }

    private void JumpClock(SimNode node) =>
        node.WallOffsetTicks = random.Next(3) == 0 ? 0 : random.Between(-TimeSpan.TicksPerDay, TimeSpan.TicksPerDay);

    private void SlowDown(SimNode node)
    {
        SimPace usual = swarm.Pace;
        long slowest = SimScheduler.Ms(random.Between(20, 1_000));
        node.Pace = usual with { DiskTicksMin = slowest / 4, DiskTicksMax = slowest };
        cluster.Scheduler.After(Seconds(3), () => node.Pace = usual);
    }

    /// <summary>The next sync fails; the process must end and acknowledge nothing after it.</summary>
    private void FailSync(SimNode node)
    {
        if (node.State == SimNodeState.Down)
        {
            return;
        }

        node.MayDie = true;
        node.Disk.Fault = (operation, path) => operation is "fsync" or "fdatasync"
            ? new DiskFailedException(operation, path, 5, "input/output error")
            : null;
    }

    private void FillDisk(SimNode node)
    {
        DiskSpace space = node.Disk.Space("/");
        long used = space.TotalBytes - space.FreeBytes;
        node.Disk.TotalBytes = used + random.Between(0, 64 * 1024);
        node.MayDie = true; // a cut or a close that finds no room ends the process
        cluster.Scheduler.After(Seconds(3), () => node.Disk.TotalBytes = 1L << 40);
    }

    /// <summary>What a machine may find when it comes back.</summary>
    private void DamageAtRest(SimNode node)
    {
        if (random.Chance(swarm.Wipes))
        {
            Wipe(node);
        }

        // After a loss of power the recovery checkpoint may be older than what is durable: damage between the two looks torn (R21).
        if (random.Chance(swarm.Flips) && node.LastLoss == LossMode.KeepAll)
        {
            Count("flip", node, Flip);
        }
    }

    private void Wipe(SimNode node)
    {
        bool disk = random.Next(2) == 0; // the state store lies on it
        Count("wipe", node, n => n.Wipe(disk, store: true));
        cluster.Checks.Excuse(node.Id);
    }

    /// <summary>A bit of a segment flips.</summary>
    private void Flip(SimNode node)
    {
        string[] files = [.. node.Disk.AllFiles.Where(f => f.EndsWith(".log", StringComparison.Ordinal))];
        if (files.Length == 0)
        {
            return;
        }

        cluster.Checks.Excuse(node.Id);
        node.IsDamaged = true;
        node.Disk.FlipBit(files[random.Next(files.Length)], random);
    }

    private long Seconds(double max) => SimScheduler.Ms(random.Between(20, (long)(max * 1_000)));
}
