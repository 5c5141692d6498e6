using System.Collections.Concurrent;
using LogBroker.Protocol;
using LogBroker.Raft;

namespace LogBroker.Cluster;

/// <summary>
/// Everything between nodes: takes what the transport brings to the replica or the node it is for, sends what they say, and keeps
/// who is heard. A node alone has one too, without peers.
/// Failure policy: what is for nobody here is dropped; senders repeat what matters. Leases and buffers are given back on every path.
/// Ownership: any thread; replicas are called only to hand something over.
/// </summary>
internal sealed class PeerRouter : IPeerReceiver
{
    private const int EarlyMax = 4096;

    /// <summary>Heartbeats between two looks at leaders that no longer say they lead.</summary>
    private const int SuspectTicks = 8;

    private const int SuspectLooks = 2;

    private readonly ClusterSettings? _settings;
    private readonly IPeerTransport _transport;
    private readonly ConcurrentDictionary<PartitionId, PartitionReplica> _replicas = new();
    private readonly ConcurrentDictionary<PartitionId, (PeerIdentity From, PartitionMessage Message)> _early = new();
    private readonly Dictionary<NodeId, List<PartitionReplica>> _waitingForRoom = [];
    private readonly Dictionary<PartitionId, (LedBy Leader, int Looks)> _suspects = [];
    private INodeMessages? _node;
    private PartitionReplica[]? _all;
    private long _viewVersion = 1;
    private long _ledVersion;
    private LedPartitions _led = new([]);
    private ulong _ledDigest;
    private long _tick;

    public PeerRouter(ClusterSettings? settings, NodeId self, BootId boot, IPeerTransport transport)
    {
        _settings = settings;
        _transport = transport;
        Self = self;
        Boot = boot;
        Liveness = settings is null ? null : new NodeLiveness(settings, self);
    }

    public NodeId Self { get; }

    public BootId Boot { get; }

    /// <summary>Who is heard; null for a node alone.</summary>
    public NodeLiveness? Liveness { get; }

    /// <summary>Takes peers' messages to the node itself, from here on.</summary>
    public void Start(PeerIdentity self, ClusterId? cluster, INodeMessages node)
    {
        _node = node;
        _transport.Start(self, cluster, this);
    }

    public void Joined(ClusterId cluster) => _transport.Joined(cluster);

    public ValueTask StopAsync() => _transport.DisposeAsync();

    public bool IsHeard(NodeId node) => Liveness is null ? node == Self : Liveness.IsHeard(node);

    public int CountHeard(IReadOnlyList<NodeId> nodes) => Liveness is null ? nodes.Count : Liveness.CountHeard(nodes);

    /// <summary>The replica takes messages from here on; what came a little early is handed to it.</summary>
    public void Add(PartitionReplica replica)
    {
        _replicas[replica.Id] = replica;
        Volatile.Write(ref _all, null);
        NoteView();
        if (_early.TryRemove(replica.Id, out (PeerIdentity From, PartitionMessage Message) early))
        {
            replica.Deliver(early.From, early.Message);
        }

        TellLeader(replica, replica.View);
    }

    public void Remove(PartitionReplica replica)
    {
        _ = _replicas.TryRemove(new KeyValuePair<PartitionId, PartitionReplica>(replica.Id, replica));
        Volatile.Write(ref _all, null);
        NoteView();
    }

    /// <summary>A replica began or ceased to lead.</summary>
    public void NoteView() => Interlocked.Increment(ref _viewVersion);

    public void Send(NodeId to, PeerMessage message) => _transport.Send(to, message);

    /// <summary>True when items may be sent to a peer; those far behind the end leave room for those near it.</summary>
    public bool HasRoom(NodeId to, bool isCatchUp)
    {
        long bytesMax = _settings!.PeerBytesMax;
        return _transport.QueuedBytes(to) < (isCatchUp ? bytesMax / 8 : bytesMax);
    }

    /// <summary>Schedules the replica when there is room again.</summary>
    public void WaitForRoom(NodeId to, PartitionReplica replica)
    {
        lock (_waitingForRoom)
        {
            if (!_waitingForRoom.TryGetValue(to, out List<PartitionReplica>? waiting))
            {
                _waitingForRoom.Add(to, waiting = []);
            }

            if (!waiting.Contains(replica))
            {
                waiting.Add(replica);
            }
        }

        if (_transport.QueuedBytes(to) == 0)
        {
            Drained(to); // it was drained before this replica stood in the list
        }
    }

    /// <summary>Time passes: heartbeats, and a look at leaders that do not say any more that they lead. On the thread of ticks.</summary>
    public void Tick()
    {
        if (Liveness?.Tick() is { } due)
        {
            Send(due);
        }

        if (Liveness is not null && ++_tick % SuspectTicks == 0)
        {
            LookAtLeaders(Liveness);
        }
    }

    /// <summary>Tells all peers that this node is about to stop, so that nobody hands it what it has just handed over.</summary>
    public void Leave() => Send(Liveness?.Leave() ?? []);

    public void Received(PeerIdentity from, PeerMessage message)
    {
        switch (message)
        {
            case PartitionMessage partition:
                Received(from, partition);
                break;
            case Heartbeat heartbeat:
                Received(from, heartbeat);
                break;
            case LedPartitionsAsked:
                RefreshLed();
                _transport.Send(from.Node, Volatile.Read(ref _led));
                break;
            case LedPartitions led:
                Received(from, led);
                break;
            default:
                _node?.Received(from, message);
                break;
        }
    }

    public void LinkUp(PeerIdentity peer)
    {
        foreach (PartitionReplica replica in All())
        {
            replica.LinkUp(peer.Node);
        }

        _node?.LinkUp(peer);
    }

    public void LinkDown(NodeId peer, bool isGone)
    {
        if (isGone)
        {
            Liveness?.Gone(peer);
            LeaderGone(peer);
        }
    }

    public void Drained(NodeId to)
    {
        PartitionReplica[] waiting;
        lock (_waitingForRoom)
        {
            if (!_waitingForRoom.TryGetValue(to, out List<PartitionReplica>? list) || list.Count == 0)
            {
                return;
            }

            waiting = [.. list];
            list.Clear();
        }

        foreach (PartitionReplica replica in waiting)
        {
            replica.Schedule();
        }
    }

    /// <summary>All replicas of this node, in the order in which they came.</summary>
    public PartitionReplica[] All()
    {
        PartitionReplica[]? all = Volatile.Read(ref _all);
        if (all is null)
        {
            all = [.. _replicas.Values.OrderBy(r => r.Number)];
            Volatile.Write(ref _all, all);
        }

        return all;
    }

    private void Send(List<(NodeId To, Heartbeat Heartbeat)> due)
    {
        RefreshLed();
        foreach ((NodeId to, Heartbeat heartbeat) in due)
        {
            _transport.Send(to, heartbeat with { LedDigest = _ledDigest, LedCount = _led.Partitions.Count });
        }
    }

    private void Received(PeerIdentity from, PartitionMessage message)
    {
        if (_replicas.TryGetValue(message.Partition, out PartitionReplica? replica))
        {
            replica.Deliver(from, message);
            return;
        }

        // A vote for a partition that the metadata log is about to make here: its next election would be a second away.
        message.Received?.Return();
        if (message.Message is VoteRequest or BeginEpoch && _early.Count < EarlyMax)
        {
            _early[message.Partition] = (from, message);
            if (_replicas.TryGetValue(message.Partition, out replica) && _early.TryRemove(message.Partition, out var early))
            {
                replica.Deliver(early.From, early.Message);
            }
        }
    }

    private void Received(PeerIdentity from, Heartbeat heartbeat)
    {
        if (Liveness is null)
        {
            return;
        }

        HeardHeartbeat heard = Liveness.Heard(from, Boot, heartbeat);
        if (heard.IsRestarted)
        {
            LeaderGone(from.Node);
        }

        if (heard.IsListDue)
        {
            _transport.Send(from.Node, new LedPartitionsAsked());
        }
    }

    private void Received(PeerIdentity from, LedPartitions led)
    {
        if (Liveness is null || !Liveness.Leads(from, led.Partitions))
        {
            return;
        }

        foreach (LedPartition partition in led.Partitions)
        {
            if (_replicas.TryGetValue(partition.Partition, out PartitionReplica? replica))
            {
                ReplicaView view = replica.View;
                if (view.Epoch < partition.Epoch || (view.Epoch == partition.Epoch && view.Leader == NodeId.None))
                {
                    replica.LeaderHeard(from.Node, partition.Epoch);
                }
            }
        }
    }

    private void LeaderGone(NodeId node)
    {
        foreach (PartitionReplica replica in All())
        {
            if (replica.View.Leader == node)
            {
                replica.LeaderGone(node);
            }
        }
    }

    /// <summary>
    /// Who leads may have said so before this replica was here, or while it did not listen: a leader does not repeat itself to those
    /// that have fetched, and a replica without a vote does not ask.
    /// </summary>
    private void TellLeader(PartitionReplica replica, ReplicaView view)
    {
        if (view.Leader == NodeId.None
            && Liveness?.LeaderOf(replica.Id) is { } led
            && led.Node != NodeId.None
            && led.Epoch >= view.Epoch
            && IsHeard(led.Node))
        {
            replica.LeaderHeard(led.Node, led.Epoch);
        }
    }

    /// <summary>A leader that lives, and does not say for a while that it leads in the epoch known here, leads no more (R28).</summary>
    private void LookAtLeaders(NodeLiveness liveness)
    {
        foreach (PartitionReplica replica in All())
        {
            ReplicaView view = replica.View;
            TellLeader(replica, view);
            bool isSuspect = view.Leader != NodeId.None
                && view.Leader != Self
                && liveness.IsHeard(view.Leader)
                && !liveness.IsLedBy(replica.Id, view.Leader, view.Epoch);
            if (!isSuspect)
            {
                if (_suspects.Count > 0)
                {
                    _ = _suspects.Remove(replica.Id);
                }

                continue;
            }

            var leader = new LedBy(view.Leader, view.Epoch);
            bool isKnown = _suspects.TryGetValue(replica.Id, out (LedBy Leader, int Looks) before) && before.Leader == leader;
            int looks = isKnown ? before.Looks + 1 : 1;
            _suspects[replica.Id] = (leader, looks);
            if (looks > SuspectLooks)
            {
                _ = _suspects.Remove(replica.Id);
                replica.LeaderGone(view.Leader);
            }
        }
    }

    private void RefreshLed()
    {
        long version = Volatile.Read(ref _viewVersion);
        if (version == Volatile.Read(ref _ledVersion))
        {
            return;
        }

        var led = new LedPartitions(
        [
            .. All().Where(r => r.View is { } v && v.Leader == Self && v.Epoch > Epoch.None)
                .Select(r => new LedPartition(r.Id, r.View.Epoch)),
        ]);
        lock (_suspects)
        {
            _ledDigest = LedDigest.Of(led.Partitions);
            Volatile.Write(ref _led, led);
            Volatile.Write(ref _ledVersion, version);
        }
    }
}

/// <summary>Takes what peers say to the node itself: forming, joining, registration. Any thread: hand over and return.</summary>
internal interface INodeMessages
{
    void Received(PeerIdentity from, PeerMessage message);

    void LinkUp(PeerIdentity peer);
}

/// <summary>The transport of a node alone.</summary>
internal sealed class NoPeers : IPeerTransport
{
    public void Start(PeerIdentity self, ClusterId? cluster, IPeerReceiver receiver)
    {
    }

    public void Joined(ClusterId cluster)
    {
    }

    public void Send(NodeId to, PeerMessage message) => (message as PartitionMessage)?.Items?.Dispose();

    public long QueuedBytes(NodeId to) => 0;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
