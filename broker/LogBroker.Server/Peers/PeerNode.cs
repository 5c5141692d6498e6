using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>
/// One other node of the cluster, and the link of each direction. Tells the receiver of links in the order in which they come and go.
/// Thread-safe: links change under one lock, which is held while the receiver is told; who sends only looks at the fields.
/// </summary>
internal sealed class PeerNode(ClusterNode node, PeerTransportSettings settings)
{
    private readonly Lock _lock = new();
    private PeerLink? _dialed;
    private PeerLink? _accepted;
    private bool _isStopped;
    private TaskCompletionSource _nextAccepted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The node.</summary>
    public NodeId Node => node.Node;

    /// <summary>HOST:PORT where it is dialed.</summary>
    public string Address => node.PeerAddress;

    /// <summary>Lines about refused attempts of either side.</summary>
    public PeriodicLine Refused { get; } = new(settings.LogPeriod, settings.Time);

    /// <summary>Lines about attempts that came to nothing.</summary>
    public PeriodicLine Unreachable { get; } = new(settings.LogPeriod, settings.Time);

    /// <summary>Lines about nonsense.</summary>
    public PeriodicLine Nonsense { get; } = new(settings.LogPeriod, settings.Time);

    /// <summary>Completes when the node has dialed this one: it is there, so a wait before dialing it is over.</summary>
    public Task NextAccepted => Volatile.Read(ref _nextAccepted).Task;

    /// <summary>The links that are there.</summary>
    public IEnumerable<PeerLink> Links
    {
        get
        {
            if (LinkOf(LinkSide.Dialed) is { } dialed)
                yield return dialed;
            if (LinkOf(LinkSide.Accepted) is { } accepted)
                yield return accepted;
        }
    }

    /// <summary>The link of a direction, or null.</summary>
    public PeerLink? LinkOf(LinkSide side) => side is LinkSide.Dialed ? Volatile.Read(ref _dialed) : Volatile.Read(ref _accepted);

    /// <summary>
    /// A link was made: it takes the place of an older one of its direction. Refused when a live link says that another data directory has
    /// this node id.
    /// </summary>
    /// <returns>Null, or the other directory.</returns>
    public DirectoryId? TryUp(PeerLink link, IPeerReceiver receiver)
    {
        lock (_lock)
        {
            foreach (var live in Links)
            {
                if (live.IsOpen && live.Peer.Directory != link.Peer.Directory)
                    return live.Peer.Directory;
            }

            if (_isStopped)
            {
                link.Cut(PeerRefusals.NotReady("the node is stopping"));
                return null;
            }

            var older = Set(link.Side, link);
            if (older is not null)
            {
                receiver.LinkDown(Node, isGone: false);
                older.Cut(PeerRefusals.Replaced());
            }

            receiver.LinkUp(link.Peer);
        }

        if (link.Side is LinkSide.Accepted)
        {
            Interlocked.Exchange(ref _nextAccepted, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
                .SetResult();
        }

        return null;
    }

    /// <summary>A link is gone; nothing happens when a newer one has taken its place.</summary>
    public void Down(PeerLink link, bool isGone, IPeerReceiver receiver)
    {
        lock (_lock)
        {
            if (LinkOf(link.Side) != link)
                return;
            Set(link.Side, null);
            receiver.LinkDown(Node, isGone);
        }
    }

    /// <summary>Cuts what is there and lets nothing up any more.</summary>
    public void Stop()
    {
        PeerLink[] links;
        lock (_lock)
        {
            _isStopped = true;
            links = [.. Links];
        }

        foreach (var link in links)
            link.Cut(PeerRefusals.NotReady("the node is stopping"));
    }

    private PeerLink? Set(LinkSide side, PeerLink? link) =>
        side is LinkSide.Dialed ? Interlocked.Exchange(ref _dialed, link) : Interlocked.Exchange(ref _accepted, link);
}
