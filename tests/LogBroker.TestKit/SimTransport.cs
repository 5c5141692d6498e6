using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.TestKit;

/// <summary>One process's end of the simulated network.</summary>
internal sealed class SimTransport(SimNetwork network, SimNode node) : IPeerTransport
{
    private readonly int _wipes = node.Wipes;
    private readonly long[] _queuedBytes = new long[network.Nodes + 1];
    private ClusterId? _cluster;

    public SimNode Node => node;

    /// <summary>
    /// True for a process of a wiped disk that was wiped once more. What it sent does not arrive any more: a leader that never met that
    /// disk would take it for the newest one, and ignore the living one for the rest of its epoch (R24 cannot tell the two apart).
    /// </summary>
    public bool IsForgotten => _wipes > 0 && node.Wipes > _wipes;

    public PeerIdentity Self { get; private set; } = null!;

    public IPeerReceiver? Receiver { get; private set; }

    /// <summary>Bytes of items to a peer below which it is told that there is room again.</summary>
    public long DrainedBelowBytes { get; set; } = 64 * 1024;

    /// <summary>False when two nodes belong to different clusters and refuse each other.</summary>
    public static bool MayMeet(SimTransport one, SimTransport other) =>
        one._cluster is null || other._cluster is null || one._cluster == other._cluster;

    public void Start(PeerIdentity self, ClusterId? cluster, IPeerReceiver receiver)
    {
        Self = self;
        _cluster = cluster;
        Receiver = receiver;
        network.Started(this);
    }

    public void Joined(ClusterId cluster) => _cluster = cluster;

    public void Send(NodeId to, PeerMessage message) => network.Send(this, to, message);

    public long QueuedBytes(NodeId to) => _queuedBytes[to.Value];

    public ValueTask DisposeAsync()
    {
        Receiver = null;
        network.Gone(node.Id, isSilent: false);
        return ValueTask.CompletedTask;
    }

    internal void Queue(NodeId to, int bytes) => _queuedBytes[to.Value] += bytes;

    internal void Unqueue(NodeId to, int bytes)
    {
        long before = _queuedBytes[to.Value];
        _queuedBytes[to.Value] -= bytes;
        if (before >= DrainedBelowBytes && _queuedBytes[to.Value] < DrainedBelowBytes && network.PortOf(node.Id) == this)
        {
            node.Enter(() => Receiver?.Drained(to));
        }
    }
}
