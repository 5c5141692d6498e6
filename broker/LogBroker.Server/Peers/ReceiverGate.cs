using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>Stands in front of the receiver and closes when the transport stops: what comes later is released. Thread-safe.</summary>
internal sealed class ReceiverGate(IPeerReceiver receiver, CancellationToken stop) : IPeerReceiver
{
    /// <inheritdoc/>
    public void Received(PeerIdentity from, PeerMessage message)
    {
        if (stop.IsCancellationRequested)
            (message as PartitionMessage)?.Received?.Return();
        else
            receiver.Received(from, message);
    }

    /// <inheritdoc/>
    public void LinkUp(PeerIdentity peer)
    {
        if (!stop.IsCancellationRequested)
            receiver.LinkUp(peer);
    }

    /// <inheritdoc/>
    public void LinkDown(NodeId peer, bool isGone)
    {
        if (!stop.IsCancellationRequested)
            receiver.LinkDown(peer, isGone);
    }

    /// <inheritdoc/>
    public void Drained(NodeId to)
    {
        if (!stop.IsCancellationRequested)
            receiver.Drained(to);
    }
}
