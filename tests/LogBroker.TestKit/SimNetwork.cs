using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;

namespace LogBroker.TestKit;

/// <summary>
/// The network between simulated nodes. Each node dials each other one, as the real transport does: what a node has to say goes over the
/// link that it dialed, answers over the link that they answer. Links break and come back, with and without anybody being told; messages
/// are lost, repeated, delayed and reordered as <see cref="SimNetworkFaults"/> says. One thread; one seed, one order.
/// </summary>
internal sealed class SimNetwork
{
    private readonly SimCluster _cluster;
    private readonly SimRandom _random;
    private readonly SimTransport?[] _ports;
    private readonly SimPath[,] _paths;
    private readonly SimLink[,] _links;

    public SimNetwork(SimCluster cluster, int nodes, SimRandom random)
    {
        _cluster = cluster;
        _random = random;
        Nodes = nodes;
        _ports = new SimTransport?[nodes + 1];
        _paths = new SimPath[nodes + 1, nodes + 1];
        _links = new SimLink[nodes + 1, nodes + 1];
        for (int from = 0; from <= nodes; from++)
        {
            for (int to = 0; to <= nodes; to++)
            {
                _paths[from, to] = new SimPath();
                _links[from, to] = new SimLink(this, new NodeId(from), new NodeId(to));
            }
        }
    }

    public int Nodes { get; }

    public SimNetworkFaults Faults { get; set; } = new();

    public long MessagesSent { get; private set; }

    public long MessagesDelivered { get; private set; }

    internal SimCluster Cluster => _cluster;

    internal SimRandom Random => _random;

    /// <summary>Told of every message that is handed over: sender, receiver.</summary>
    public Action<PeerIdentity, NodeId, PeerMessage>? Sending { get; set; }

    public SimPath Path(NodeId from, NodeId to) => _paths[from.Value, to.Value];

    public SimTransport Attach(SimNode node)
    {
        var port = new SimTransport(this, node);
        _ports[node.Id.Value] = port;
        return port;
    }

    internal SimTransport? PortOf(NodeId node) => _ports[node.Value];

    /// <summary>A process listens and dials from now on.</summary>
    internal void Started(SimTransport port)
    {
        foreach (SimLink link in LinksOf(port.Self.Node))
        {
            link.Restarted(port.Self.Node);
            link.Dial(0);
        }
    }

    /// <summary>A process is gone. Peers of one that was killed are told soon; those of a machine without power notice later.</summary>
    public void Gone(NodeId node, bool isSilent)
    {
        if (_ports[node.Value] is null)
        {
            return;
        }

        _ports[node.Value] = null;
        foreach (SimLink link in LinksOf(node))
        {
            link.ProcessGone(node, isSilent);
        }
    }

    /// <summary>Cuts messages from one node to another, this direction only.</summary>
    public void Cut(NodeId from, NodeId to, bool resets)
    {
        Path(from, to).IsCut = true;
        if (resets)
        {
            Reset(from, to);
        }
    }

    /// <summary>Breaks the links between two nodes; they are dialed anew.</summary>
    public void Reset(NodeId one, NodeId other)
    {
        _links[one.Value, other.Value].Break(isGone: false);
        _links[other.Value, one.Value].Break(isGone: false);
    }

    /// <summary>Everything gets through again; broken links are dialed again soon.</summary>
    public void Heal()
    {
        foreach (SimPath path in _paths)
        {
            path.IsCut = false;
            path.ClogUntilTicks = 0;
        }
    }

    internal void Send(SimTransport port, NodeId to, PeerMessage message)
    {
        NodeId from = port.Self.Node;
        MessagesSent++;
        Sending?.Invoke(port.Self, to, message);
        bool isAnswer = message is PartitionMessage { Message: FetchResult or VoteResult };
        SimLink link = isAnswer ? _links[to.Value, from.Value] : _links[from.Value, to.Value];
        byte[]? items = Materialise(message);
        SimPath path = Path(from, to);
        if (!link.IsUp || path.IsCut || _random.Chance(Faults.Loss))
        {
            string what = link.IsUp ? "lost" : "unsent";
            _cluster.Trace.Note(
                what, from.Value, to.Value, items?.Length ?? 0, text: NameOf(message), details: DetailsOf(message));
            return;
        }

        port.Queue(to, items?.Length ?? 0);
        Plan(link, path, port, to, message, items, isCopy: false);
        if (_random.Chance(Faults.Duplication))
        {
            Plan(link, path, port, to, message, items, isCopy: true);
        }
    }

    private void Plan(SimLink link, SimPath path, SimTransport port, NodeId to, PeerMessage message, byte[]? items, bool isCopy)
    {
        long now = _cluster.Scheduler.NowTicks;
        long at = now + _random.Between(Faults.DelayTicksMin, Faults.DelayTicksMax);
        if (items is not null && Faults.BytesPerSecond > 0)
        {
            path.BusyUntilTicks = Math.Max(now, path.BusyUntilTicks) + (items.Length * TimeSpan.TicksPerSecond / Faults.BytesPerSecond);
            at = Math.Max(at, path.BusyUntilTicks);
        }

        bool isLate = isCopy || _random.Chance(Faults.Reordering);
        if (isLate)
        {
            at += _random.Between(0, Faults.LateTicksMax);
        }
        else
        {
            at = Math.Max(Math.Max(at, path.LastTicks), path.ClogUntilTicks);
            path.LastTicks = at;
        }

        int incarnation = link.Incarnation;
        SimTransport? receiver = PortOf(to);
        _cluster.Scheduler.At(at, () =>
        {
            if (!isCopy)
            {
                port.Unqueue(to, items?.Length ?? 0);
            }

            bool isOld = link.Incarnation != incarnation && !Faults.OldMessagesArrive;
            if (isOld || path.IsCut || receiver is null || PortOf(to) != receiver || port.IsForgotten)
            {
                return;
            }

            Deliver(receiver, port.Self, message, items);
        });
    }

    private void Deliver(SimTransport receiver, PeerIdentity from, PeerMessage message, byte[]? items)
    {
        receiver.Node.Enter(() =>
        {
            MessagesDelivered++;
            int to = receiver.Node.Id.Value;
            _cluster.Trace.Note(
                "got", to, from.Node.Value, items?.Length ?? 0, text: NameOf(message), details: DetailsOf(message));
            receiver.Receiver!.Received(from, With(message, items));
        });
    }

    private static PeerMessage With(PeerMessage message, byte[]? items)
    {
        if (message is not PartitionMessage partition)
        {
            return message;
        }

        if (items is null)
        {
            return partition with { Items = null, Received = null };
        }

        BatchBuffer buffer = BatchBuffer.Rent(items.Length);
        items.CopyTo(buffer.Span);
        return partition with { Items = null, Received = buffer };
    }

    /// <summary>The bytes of leased items; the lease goes back at once.</summary>
    private static byte[]? Materialise(PeerMessage message)
    {
        if (message is not PartitionMessage { Items: { } lease })
        {
            return null;
        }

        using (lease)
        {
            if (lease.Length == 0)
            {
                return null;
            }

            var items = new byte[lease.Length];
            lease.CopyTo(0, items);
            return items;
        }
    }

    private static string NameOf(PeerMessage message) =>
        message is PartitionMessage partition ? partition.Message.GetType().Name : message.GetType().Name;

    private string DetailsOf(PeerMessage message) => !_cluster.Trace.IsText
        ? ""
        : message is PartitionMessage partition ? $"{partition.Partition} {partition.Message}" : message.ToString();

    private IEnumerable<SimLink> LinksOf(NodeId node)
    {
        for (int other = 1; other <= Nodes; other++)
        {
            if (other != node.Value)
            {
                yield return _links[node.Value, other];
                yield return _links[other, node.Value];
            }
        }
    }
}
