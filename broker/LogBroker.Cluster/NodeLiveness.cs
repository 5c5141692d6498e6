using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Who is heard, by heartbeats per pair of nodes (R28): a peer counts as heard while its heartbeats arrive and echo recent ones of
/// ours, so both directions work. Also keeps what each peer says it leads. Counts ticks, reads no clock.
/// Failure policy: none; what is lost is sent again with the next heartbeat.
/// Ownership: thread-safe by one lock; no calls go out under it.
/// </summary>
internal sealed class NodeLiveness
{
    private const int SentRemembered = 64;

    private readonly ClusterSettings _settings;
    private readonly NodeId _self;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, Peer> _peers = [];
    private long _tick;
    private bool _isLeaving;

    /// <summary>Those that are heard, made anew whenever that may have changed: it is asked for each partition at each tick.</summary>
    private volatile NodeId[] _heard = [];

    public NodeLiveness(ClusterSettings settings, NodeId self)
    {
        _settings = settings;
        _self = self;
        foreach (ClusterNode node in settings.Nodes)
        {
            if (node.Node != self)
            {
                _peers.Add(node.Node.Value, new Peer(node.Node));
            }
        }
    }

    /// <summary>Time passes; the heartbeats that are due, led digest and count still to be filled in.</summary>
    public List<(NodeId To, Heartbeat Heartbeat)>? Tick()
    {
        lock (_lock)
        {
            _tick++;
            foreach (Peer peer in _peers.Values)
            {
                peer.HeardSinceTick = !IsHeard(peer) ? null : peer.HeardSinceTick ?? _tick;
            }

            NoteHeard();

            if (_tick % _settings.HeartbeatTicks != 0)
            {
                return null;
            }

            return DueNow();
        }
    }

    /// <summary>This node is about to stop, and says so from now on; heartbeats that are sent at once.</summary>
    public List<(NodeId To, Heartbeat Heartbeat)> Leave()
    {
        lock (_lock)
        {
            _isLeaving = true;
            return DueNow();
        }
    }

    /// <summary>A heartbeat came.</summary>
    public HeardHeartbeat Heard(PeerIdentity from, BootId self, Heartbeat heartbeat)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(from.Node.Value, out Peer? peer))
            {
                return default;
            }

            bool isRestarted = peer.Boot != from.Boot;
            if (isRestarted)
            {
                peer.Boot = from.Boot;
                peer.HeardSequence = 0;
                peer.EchoTick = null;
                peer.Led = [];
                peer.LedDigest = 0;
            }

            peer.IsGone = false;
            peer.IsLeaving = heartbeat.IsLeaving;
            peer.HeardSequence = Math.Max(peer.HeardSequence, heartbeat.Sequence);
            peer.HeardTick = _tick;
            bool isEcho = heartbeat.EchoBoot == self
                && heartbeat.EchoSequence > 0
                && heartbeat.EchoSequence <= peer.Sequence
                && heartbeat.EchoSequence > peer.Sequence - SentRemembered;
            if (isEcho)
            {
                peer.EchoTick = Math.Max(peer.EchoTick ?? 0, peer.SentAt[heartbeat.EchoSequence % SentRemembered]);
            }

            NoteHeard();
            bool isListDue = (heartbeat.LedDigest != peer.LedDigest || heartbeat.LedCount != peer.Led.Count) && peer.AskedTick < _tick;
            if (isListDue)
            {
                peer.AskedTick = _tick;
            }

            return new HeardHeartbeat(isRestarted, isListDue);
        }
    }

    /// <summary>The process of a node ended for sure: it is not heard from now on, until it is again.</summary>
    public void Gone(NodeId node)
    {
        lock (_lock)
        {
            if (_peers.TryGetValue(node.Value, out Peer? peer))
            {
                peer.IsGone = true;
                NoteHeard();
            }
        }
    }

    /// <summary>What a node leads, as it says; false when the list is of another run of it.</summary>
    public bool Leads(PeerIdentity from, IReadOnlyList<LedPartition> partitions)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(from.Node.Value, out Peer? peer) || peer.Boot != from.Boot)
            {
                return false;
            }

            peer.Led = partitions.ToDictionary(p => p.Partition, p => p.Epoch);
            peer.LedDigest = LedDigest.Of(partitions);
            return true;
        }
    }

    /// <summary>Who says that it leads a partition, in the greatest epoch; none when nobody does.</summary>
    public LedBy LeaderOf(PartitionId partition)
    {
        lock (_lock)
        {
            LedBy best = default;
            foreach (Peer peer in _peers.Values)
            {
                if (!peer.IsGone && peer.Led.TryGetValue(partition, out Epoch epoch) && epoch > best.Epoch)
                {
                    best = new LedBy(peer.Node, epoch);
                }
            }

            return best;
        }
    }

    /// <summary>True when a node says that it leads a partition in this epoch.</summary>
    public bool IsLedBy(PartitionId partition, NodeId node, Epoch epoch)
    {
        lock (_lock)
        {
            return _peers.TryGetValue(node.Value, out Peer? peer) && peer.Led.GetValueOrDefault(partition) == epoch;
        }
    }

    /// <summary>True for this node, and for peers that are heard and hear us.</summary>
    public bool IsHeard(NodeId node)
    {
        if (node == _self)
        {
            return true;
        }

        foreach (NodeId heard in _heard)
        {
            if (heard == node)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when a peer has said that it is about to stop, until its process is another one.</summary>
    public bool IsLeaving(NodeId node)
    {
        lock (_lock)
        {
            return _peers.TryGetValue(node.Value, out Peer? peer) && peer.IsLeaving;
        }
    }

    /// <summary>How many of these nodes are heard.</summary>
    public int CountHeard(IReadOnlyList<NodeId> nodes)
    {
        int heard = 0;
        for (int i = 0; i < nodes.Count; i++)
        {
            heard += IsHeard(nodes[i]) ? 1 : 0;
        }

        return heard;
    }

    /// <summary>Milliseconds of silence: 0 when heard, -1 when never heard.</summary>
    public long SilentMs(NodeId node)
    {
        lock (_lock)
        {
            if (node == _self || !_peers.TryGetValue(node.Value, out Peer? peer) || IsHeard(peer))
            {
                return 0;
            }

            return peer.HeardTick < 0 ? -1 : Math.Max(1, (_tick - peer.HeardTick) * _settings.TickMs);
        }
    }

    /// <summary>Milliseconds for which a node has been heard without a gap.</summary>
    public long HeardForMs(NodeId node)
    {
        lock (_lock)
        {
            return _peers.TryGetValue(node.Value, out Peer? peer) && peer.HeardSinceTick is { } since
                ? (_tick - since) * _settings.TickMs
                : 0;
        }
    }

    private List<(NodeId To, Heartbeat Heartbeat)> DueNow()
    {
        var due = new List<(NodeId, Heartbeat)>(_peers.Count);
        foreach (Peer peer in _peers.Values)
        {
            peer.Sequence++;
            peer.SentAt[peer.Sequence % SentRemembered] = _tick;
            due.Add((peer.Node, new Heartbeat(peer.Sequence, peer.Boot, peer.HeardSequence, 0, 0, _isLeaving)));
        }

        return due;
    }

    private void NoteHeard()
    {
        int count = 0;
        bool isSame = true;
        foreach (Peer peer in _peers.Values)
        {
            if (IsHeard(peer))
            {
                isSame &= count < _heard.Length && _heard[count] == peer.Node;
                count++;
            }
        }

        if (!isSame || count != _heard.Length)
        {
            _heard = [.. _peers.Values.Where(IsHeard).Select(p => p.Node)];
        }
    }

    private bool IsHeard(Peer peer) => !peer.IsGone
        && peer.HeardTick >= 0
        && _tick - peer.HeardTick <= _settings.SilenceTicks
        && peer.EchoTick is { } echo
        && _tick - echo <= _settings.SilenceTicks;

    private sealed class Peer(NodeId node)
    {
        public NodeId Node => node;

        public long[] SentAt { get; } = new long[SentRemembered];

        public long Sequence { get; set; }

        public BootId Boot { get; set; }

        public long HeardSequence { get; set; }

        public long HeardTick { get; set; } = -1;

        public long? EchoTick { get; set; }

        public bool IsGone { get; set; }

        public bool IsLeaving { get; set; }

        public long? HeardSinceTick { get; set; }

        public long AskedTick { get; set; }

        public Dictionary<PartitionId, Epoch> Led { get; set; } = [];

        public ulong LedDigest { get; set; }
    }
}

/// <summary>What a heartbeat brought.</summary>
/// <param name="IsRestarted">The sender's process is another one than before: it leads nothing of what it led.</param>
/// <param name="IsListDue">What it leads is not what is known: ask for the list.</param>
internal readonly record struct HeardHeartbeat(bool IsRestarted, bool IsListDue);

/// <summary>A leader and its epoch; none when nobody leads.</summary>
internal readonly record struct LedBy(NodeId Node, Epoch Epoch);

/// <summary>A digest over what a node leads, the same in any order. Source of the mixing: the finaliser of SplitMix64.</summary>
internal static class LedDigest
{
    public static ulong Of(IReadOnlyList<LedPartition> partitions)
    {
        ulong sum = 0;
        for (int i = 0; i < partitions.Count; i++)
        {
            sum += Of(partitions[i]);
        }

        return sum;
    }

    private static ulong Of(in LedPartition led)
    {
        Span<byte> id = stackalloc byte[16];
        led.Partition.Topic.Value.TryWriteBytes(id);
        ulong mixed = Mix(BitConverter.ToUInt64(id) ^ Mix(BitConverter.ToUInt64(id[8..])));
        return Mix(mixed ^ ((ulong)(uint)led.Partition.Index << 32) ^ (uint)led.Epoch.Value);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
