using LogBroker.Protocol;

namespace LogBroker.TestKit;

/// <summary>How unreliable a network is; all off by default.</summary>
internal sealed record SimNetworkFaults
{
    /// <summary>Part of the messages that never arrive though nobody is told.</summary>
    public double Loss { get; init; }

    /// <summary>Part of the messages that arrive twice, the second time late.</summary>
    public double Duplication { get; init; }

    /// <summary>Part of the messages that come late and let others pass.</summary>
    public double Reordering { get; init; }

    public long DelayTicksMin { get; init; } = SimScheduler.Ms(0.05);

    public long DelayTicksMax { get; init; } = SimScheduler.Ms(0.5);

    /// <summary>How much later late messages come.</summary>
    public long LateTicksMax { get; init; } = SimScheduler.Ms(200);

    /// <summary>Rate of each direction for items; 0 for no limit.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>True when what was on its way over a link that broke, or from a process that ended, may still arrive.</summary>
    public bool OldMessagesArrive { get; init; }

    /// <summary>Part of the processes that end silently although they were killed.</summary>
    public double SilentEnds { get; init; }
}

/// <summary>One direction between two machines.</summary>
internal sealed class SimPath
{
    /// <summary>True while nothing gets through.</summary>
    public bool IsCut { get; set; }

    /// <summary>Nothing arrives before this moment; nothing is lost.</summary>
    public long ClogUntilTicks { get; set; }

    public long LastTicks { get; set; }

    public long BusyUntilTicks { get; set; }
}

/// <summary>
/// The link that one node dials to another, like a stream over TCP: up when both ends know of it; when it breaks, both ends that live
/// are told and the dialer tries again.
/// </summary>
internal sealed class SimLink(SimNetwork network, NodeId dialer, NodeId acceptor)
{
    private static readonly long HandshakeTicks = SimScheduler.Ms(1);
    private static readonly long BackoffTicksMin = SimScheduler.Ms(50);
    private static readonly long BackoffTicksMax = SimScheduler.Ms(1_000);
    private static readonly long SilenceTicksMin = SimScheduler.Ms(2_000);
    private static readonly long SilenceTicksMax = SimScheduler.Ms(15_000);

    private SimEvent? _dial;

    public bool IsUp { get; private set; }

    /// <summary>Rises with each break.</summary>
    public int Incarnation { get; private set; }

    /// <summary>Tries to make the link after a while.</summary>
    public void Dial(long afterTicks)
    {
        _dial?.Cancel();
        _dial = network.Cluster.Scheduler.After(afterTicks, TryDial);
    }

    /// <summary>One of the processes is a new one: what stood before is gone, and its end notices now if it had not.</summary>
    public void Restarted(NodeId restarted) => Break(isGone: false, except: restarted);

    public void ProcessGone(NodeId node, bool isSilent)
    {
        _dial?.Cancel();
        if (!IsUp)
        {
            return;
        }

        NodeId other = node == dialer ? acceptor : dialer;
        bool isSeen = !isSilent && !network.Path(node, other).IsCut && !network.Random.Chance(network.Faults.SilentEnds);
        long after = isSeen
            ? network.Random.Between(0, SimScheduler.Ms(5))
            : network.Random.Between(SilenceTicksMin, SilenceTicksMax);
        int incarnation = Incarnation;
        network.Cluster.Scheduler.After(after, () =>
        {
            if (Incarnation == incarnation)
            {
                Break(isGone: isSeen && network.PortOf(node) is null);
            }
        });
    }

    /// <summary>Breaks the link; those ends that live are told, but for one that never knew of it.</summary>
    public void Break(bool isGone, NodeId except = default)
    {
        if (!IsUp)
        {
            return;
        }

        IsUp = false;
        Incarnation++;
        network.Cluster.Trace.Note("link down", dialer.Value, acceptor.Value, isGone ? 1 : 0);
        Tell(dialer, acceptor, isGone, except);
        Tell(acceptor, dialer, isGone, except);
        if (network.PortOf(dialer) is not null)
        {
            Dial(network.Random.Between(HandshakeTicks, BackoffTicksMin));
        }
    }

    private void Tell(NodeId end, NodeId lost, bool isGone, NodeId except)
    {
        if (network.PortOf(end) is { } port && end != except)
        {
            network.Cluster.Scheduler.After(0, () => TellNow(port, lost, isGone));
        }
    }

    private void TellNow(SimTransport port, NodeId lost, bool isGone)
    {
        if (network.PortOf(port.Node.Id) == port)
        {
            port.Node.Enter(() => port.Receiver?.LinkDown(lost, isGone));
        }
    }

    private void TryDial()
    {
        SimTransport? from = network.PortOf(dialer);
        SimTransport? to = network.PortOf(acceptor);
        if (IsUp || from?.Receiver is null)
        {
            return;
        }

        bool isOpen = to?.Receiver is not null && !network.Path(dialer, acceptor).IsCut && !network.Path(acceptor, dialer).IsCut
            && !from.Node.IsPaused && !to.Node.IsPaused && SimTransport.MayMeet(from, to);
        if (!isOpen)
        {
            Dial(network.Random.Between(BackoffTicksMin, BackoffTicksMax));
            return;
        }

        IsUp = true;
        network.Cluster.Trace.Note("link up", dialer.Value, acceptor.Value);
        from.Node.Enter(() => from.Receiver?.LinkUp(to!.Self));
        to!.Node.Enter(() => to.Receiver?.LinkUp(from.Self));
    }
}
