using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using Microsoft.Extensions.Logging;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Server;

/// <summary>
/// A transport that was started: who this node is, the other nodes with their links, and the receiver. What both directions have in common
/// happens here: links come up and go, and the clusters of both ends are compared whenever one of them changes. Thread-safe.
/// </summary>
internal sealed class PeerSwitchboard
{
    private readonly PeerTransportSettings _settings;
    private readonly PeerIdentity _self;
    private readonly IPeerReceiver _receiver;
    private readonly ILogger _log;
    private readonly CancellationToken _stop;
    private readonly Dictionary<NodeId, PeerNode> _nodes;
    private readonly PeriodicLine _unreadable;
    private KnownCluster? _cluster;

    public PeerSwitchboard(
        PeerTransportSettings settings,
        IEnumerable<PeerNode> nodes,
        PeerIdentity self,
        ClusterId? cluster,
        IPeerReceiver receiver,
        ILogger log,
        CancellationToken stop)
    {
        _settings = settings;
        _self = self;
        _receiver = new ReceiverGate(receiver, stop);
        _log = log;
        _stop = stop;
        _nodes = nodes.ToDictionary(n => n.Node);
        _unreadable = new PeriodicLine(settings.LogPeriod, settings.Time);
        _cluster = cluster is { } known ? new KnownCluster(known) : null;
        Handshake = new PeerHandshake(settings, self, () => Cluster);
    }

    /// <summary>The last frame of a handshake.</summary>
    public static PeerFrame Accepted { get; } = new(PeerFrameKind.Accepted, null, new Wire.Accepted());

    /// <summary>Says and proves who is at both ends.</summary>
    public PeerHandshake Handshake { get; }

    /// <summary>The other nodes.</summary>
    public IReadOnlyCollection<PeerNode> Nodes => _nodes.Values;

    private ClusterId? Cluster => Volatile.Read(ref _cluster)?.Value;

    /// <summary>Another node that is configured, or null.</summary>
    public PeerNode? NodeOf(NodeId node) => _nodes.GetValueOrDefault(node);

    /// <summary>A handshake is done: the link is there, and the receiver knows.</summary>
    /// <exception cref="RpcException">The node id is used twice.</exception>
    public PeerLink Up(PeerNode node, LinkSide side, PeerFacts facts)
    {
        var link = new PeerLink(side, facts, _settings, _receiver, Compare);
        if (node.TryUp(link, _receiver) is { } other)
            throw PeerRefusals.Duplicate(node.Node, other, facts.Identity.Directory);
        // This node may have joined while the handshake ran.
        if (Cluster is { } ours && facts.Cluster != ours)
            Announce(link, ours);
        return link;
    }

    /// <summary>The node belongs to a cluster from now on: all peers are told, those of another one are cut off.</summary>
    public void Joined(ClusterId cluster)
    {
        Volatile.Write(ref _cluster, new KnownCluster(cluster));
        foreach (var link in _nodes.Values.SelectMany(n => n.Links))
            Announce(link, cluster);
    }

    /// <summary>A link ended: finds out whether the peer is gone, and tells the receiver.</summary>
    public async Task LostAsync(PeerNode node, PeerLink link, Exception? end)
    {
        string? nonsense = link.CutBecause is null ? PeerNonsense.In(end) : null;
        if (nonsense is not null && node.Nonsense.TryTake(out long more))
            PeerLog.Nonsense(_log, node.Node.Value, node.Address, PeerLog.Plain(nonsense), more);
        bool isCutHere = link.CutBecause is not null || nonsense is not null;
        bool isGone = !isCutHere && await PeerProbe.IsRefusedAsync(node.Address, _settings.ProbeTime, _stop);
        if (_stop.IsCancellationRequested)
            return;
        node.Down(link, isGone, _receiver);
        string why = PeerLog.Plain(link.CutBecause?.Status.Detail ?? end?.Message ?? "the other end closed it");
        string direction = link.Side is LinkSide.Dialed ? "to" : "from";
        if (isGone)
            PeerLog.Gone(_log, direction, node.Node.Value, node.Address, why);
        else
            PeerLog.Down(_log, direction, node.Node.Value, why);
    }

    /// <summary>As <see cref="LostAsync"/>, for callers that cannot wait.</summary>
    public void LostInBackground(PeerNode node, PeerLink link, Exception? end) =>
        _ = Task.Run(() => LostAsync(node, link, end), CancellationToken.None);

    /// <summary>Items of an answer could not be read while they were sent.</summary>
    public void SayUnreadable(PartitionId partition, Exception cause)
    {
        if (_unreadable.TryTake(out long more))
            PeerLog.Unreadable(_log, partition.ToString(), more, cause);
    }

    private void Announce(PeerLink link, ClusterId ours)
    {
        if (link.Cluster is { } theirs && theirs != ours)
        {
            CutOther(link, theirs, ours);
            return;
        }

        var joined = new Wire.ClusterJoined { ClusterId = PeerTranslation.ToWire(ours.Value) };
        link.Post(new PeerFrame(PeerFrameKind.ClusterJoined, null, joined));
    }

    /// <summary>The other end says which cluster it has joined.</summary>
    private void Compare(PeerLink link, ClusterId theirs)
    {
        if (Cluster is { } ours && theirs != ours)
            CutOther(link, theirs, ours);
    }

    private void CutOther(PeerLink link, ClusterId theirs, ClusterId ours)
    {
        link.Cut(PeerRefusals.Cluster(link.Peer.Node, theirs, _self.Node, ours));
        if (NodeOf(link.Peer.Node) is { } node && node.Refused.TryTake(out _))
            PeerLog.OtherCluster(_log, link.Peer.Node.Value, theirs.ToString(), ours.ToString());
    }

    /// <summary>A cluster id that is read and written whole.</summary>
    private sealed record KnownCluster(ClusterId Value);
}
