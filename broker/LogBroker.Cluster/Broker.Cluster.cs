using System.Collections.Frozen;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// Being one node of several: forming and joining (R27), registration, and applying what the metadata log says. Ownership: forming under
/// the lock of changes; what comes from peers is handed over to work of its own.
/// </summary>
public sealed partial class Broker : INodeMessages
{
    private const int AskTicks = 10;
    private const int RegisterTicks = 10;
    private const int AnswerTicksMax = 40;

    private readonly Dictionary<NodeId, (DirectoryId Directory, long Tick)> _emptyPeers = [];
    private FrozenDictionary<NodeId, string> _clientAddresses = FrozenDictionary<NodeId, string>.Empty;
    private int _applyDue;
    private int _isRegistering;
    private long _ticks;

    /// <summary>Why topics cannot be told apart from topics that do not exist, or null when the metadata is known.</summary>
    public BrokerError? NotReady
    {
        get
        {
            if (_metadata is not { } metadata)
            {
                return new BrokerError(ErrorCode.NotLeader, "the cluster is not formed yet: all its nodes must be started once");
            }

            ReplicaView view = metadata.Replica.View;
            if (view.Leader != NodeId.None && metadata.Replica.Log.Bounds.HighWatermark <= metadata.Applied)
            {
                Volatile.Write(ref _hasMetadata, true);
            }

            return Volatile.Read(ref _hasMetadata) ? null : PartitionErrors.NotLeader(
                new TopicPartition(MetadataLog.TopicName, 0), view with { Detail = "the metadata of the cluster is not known yet" });
        }
    }

    private bool _hasMetadata;

    private MetadataLog Metadata => _metadata ?? throw new InvalidOperationException("the node has no metadata yet");

    private NodeId Lowest => _env.Settings.Cluster!.Nodes.Min(n => n.Node.Value) is var id ? new NodeId(id) : default;

    private string? ClientAddressOf(NodeId node) => Volatile.Read(ref _clientAddresses).GetValueOrDefault(node);

    private static ClusterId? ClusterOf(MetaFile meta) => meta.IsFormed ? meta.ClusterId : null;

    void INodeMessages.LinkUp(PeerIdentity peer)
    {
        if (_metadata is null && !_isStopping)
        {
            _env.Peers.Send(peer.Node, new FormingAsked());
        }
    }

    void INodeMessages.Received(PeerIdentity from, PeerMessage message)
    {
        if (_isStopping)
        {
            return;
        }

        MetaFile meta = _directory.Meta;
        switch (message)
        {
            case FormingAsked when meta.IsFormed:
                _env.Peers.Send(from.Node, new ClusterOffered(meta.ClusterId, meta.FormedWith));
                break;
            case FormingAsked:
                _env.Peers.Send(from.Node, new FormingAnswered(IsEmpty: true, null));
                break;
            case FormingAnswered { IsEmpty: true } when !meta.IsFormed && Lowest == _env.Node:
                _threads.Start(() => NoteEmpty(from));
                break;
            case ClusterOffered offer when !meta.IsFormed:
                _threads.Start(() => Join(offer));
                break;
            case ClusterOffered offer when offer.Cluster != meta.ClusterId:
                BrokerLog.ForeignCluster(_log, offer.Cluster.ToString(), from.Node.Value, meta.ClusterId.ToString());
                break;
            case NodeRegistration registration when registration.Node.Node == from.Node && registration.Node.Directory == from.Directory:
                _threads.Start(() => Register(registration.Node));
                break;
            case OffsetsTopicAsked when meta.IsFormed:
                _threads.Start(() => CreateOffsetsTopic(CancellationToken.None)); // whoever asked looks whether it comes
                break;
        }
    }

    /// <summary>Asks, forms, joins and registers; on the thread of ticks.</summary>
    private void TickCluster()
    {
        _ticks++;
        if (!_directory.Meta.IsFormed)
        {
            if (_ticks % AskTicks == 1)
            {
                foreach (ClusterNode node in _env.Settings.Cluster!.Nodes.Where(n => n.Node != _env.Node))
                {
                    _env.Peers.Send(node.Node, new FormingAsked());
                }
            }

            return;
        }

        if (_metadata is { } metadata && _ticks % RegisterTicks == 1)
        {
            OfferRegistration(metadata);
        }
    }

    private void OfferRegistration(MetadataLog metadata)
    {
        ClusterSettings settings = _env.Settings.Cluster!;
        string clients = settings.ClientAddress();
        ReplicaView view = metadata.Replica.View;
        if (clients.Length == 0 || view.Leader == NodeId.None)
        {
            return;
        }

        var record = new NodeRecord(
            _env.Node,
            _env.Directory,
            clients,
            settings.Nodes.First(n => n.Node == _env.Node).PeerAddress,
            settings.Rack,
            settings.Version);
        if (Nodes.FirstOrDefault(n => n.Node == _env.Node) == record)
        {
            return;
        }

        if (view.Leader == _env.Node)
        {
            _threads.Start(() => Register(record));
        }
        else
        {
            _env.Peers.Send(view.Leader, new NodeRegistration(record));
        }
    }

    private async Task Register(NodeRecord record)
    {
        if (Interlocked.Exchange(ref _isRegistering, 1) != 0)
        {
            return; // it is offered again
        }

        try
        {
            _ = await ChangeMetadata<bool>(CancellationToken.None, async () =>
            {
                if (Metadata.State.Node(record.Node) == record)
                {
                    return true;
                }

                BrokerError? error = await Metadata.Change([new MetadataRecord.NodeRegistered(record)], _env.WallClockMs);
                PublishNodes();
                return error is null ? true : error;
            });
        }
        finally
        {
            Volatile.Write(ref _isRegistering, 0);
        }
    }

    /// <summary>The lowest node forms when every configured peer has said lately that it is empty, each with its disk (R27).</summary>
    private async Task NoteEmpty(PeerIdentity peer)
    {
        await _changes.WaitAsync();
        try
        {
            ClusterSettings settings = _env.Settings.Cluster!;
            if (_isStopping || _directory.Meta.IsFormed || settings.Nodes.All(n => n.Node != peer.Node))
            {
                return;
            }

            _emptyPeers[peer.Node] = (peer.Directory, _ticks);
            bool isComplete = settings.Nodes.All(n => n.Node == _env.Node
                || (_emptyPeers.TryGetValue(n.Node, out (DirectoryId, long Tick) empty) && _ticks - empty.Tick <= AnswerTicksMax));
            if (!isComplete)
            {
                return;
            }

            FormedVoter[] voters =
            [
                .. settings.Nodes.OrderBy(n => n.Node.Value)
                    .Select(n => new FormedVoter(n.Node, n.Node == _env.Node ? _env.Directory : _emptyPeers[n.Node].Directory)),
            ];
            var offer = new ClusterOffered(new ClusterId(_env.Settings.DirectoryOptions.NewId()), voters);
            await Belong(offer);
            BrokerLog.Formed(_log, offer.Cluster.ToString(), string.Join(", ", voters.Select(v => v.Node)));
            foreach (FormedVoter voter in voters.Where(v => v.Node != _env.Node))
            {
                _env.Peers.Send(voter.Node, offer);
            }
        }
        finally
        {
            _changes.Release();
        }
    }

    private async Task Join(ClusterOffered offer)
    {
        await _changes.WaitAsync();
        try
        {
            NodeId[] configured = [.. _env.Settings.Cluster!.Nodes.Select(n => n.Node).Order(ById)];
            bool isOurs = offer.FormedWith.Select(v => v.Node).Order(ById).SequenceEqual(configured);
            if (_isStopping || _directory.Meta.IsFormed)
            {
                return;
            }

            if (!isOurs)
            {
                BrokerLog.OtherNodes(
                    _log, offer.Cluster.ToString(), string.Join(", ", offer.FormedWith.Select(v => v.Node)), string.Join(", ", configured));
                return;
            }

            await Belong(offer);
            BrokerLog.Joined(_log, offer.Cluster.ToString(), string.Join(", ", configured));
            if (!offer.FormedWith.Contains(new FormedVoter(_env.Node, _env.Directory)))
            {
                BrokerLog.JoinedWiped(_log, offer.Cluster.ToString());
            }
        }
        finally
        {
            _changes.Release();
        }
    }

    private static readonly Comparer<NodeId> ById = Comparer<NodeId>.Create((a, b) => a.Value.CompareTo(b.Value));

    /// <summary>Stores that this node belongs to a cluster, durably, before anything of it is hosted.</summary>
    private async Task Belong(ClusterOffered offer)
    {
        try
        {
            _directory.Join(offer.Cluster, offer.FormedWith);
        }
        catch (DiskException e)
        {
            _env.Logs.Fatal.Fail("joining the cluster", e);
            throw;
        }

        _env.Peers.Joined(offer.Cluster);
        if (await HostMetadata(null, CancellationToken.None) is { } error)
        {
            BrokerLog.MetadataUnreadable(_log, error.Message);
        }
    }

    /// <summary>The high watermark of the metadata log moved; on its loop.</summary>
    private void MetadataMoved()
    {
        if (Interlocked.Exchange(ref _applyDue, 1) == 0)
        {
            _threads.Start(ApplyMetadata);
        }
    }

    private async Task ApplyMetadata()
    {
        await _changes.WaitAsync();
        try
        {
            Volatile.Write(ref _applyDue, 0);
            if (_isStopping)
            {
                return;
            }

            if (Metadata.CatchUp() is { } error)
            {
                BrokerLog.MetadataUnreadable(_log, error.Message);
                return;
            }

            await Reconcile();
            Metadata.Replica.StoreHighWatermark();
        }
        finally
        {
            _changes.Release();
        }
    }

    private void PublishNodes()
    {
        MetadataState state = Metadata.State;
        Volatile.Write(ref _nodes, [.. state.Nodes]);
        Volatile.Write(ref _draining, state.Draining.ToFrozenSet());
        if (state.Deleted.Count != _deletedTopics.Count)
        {
            Volatile.Write(ref _deletedTopics, state.Deleted.Keys.ToFrozenSet());
        }

        Volatile.Write(ref _clientAddresses, state.Nodes.ToFrozenDictionary(n => n.Node, n => n.ClientAddress));
    }

    private NodeRecord[] _nodes = [];
    private FrozenSet<NodeId> _draining = FrozenSet<NodeId>.Empty;

    private NodeRecord[] Nodes => Volatile.Read(ref _nodes);
}
