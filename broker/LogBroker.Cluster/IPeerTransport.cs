using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// The only way to other nodes. Forms: gRPC streams between processes, and a simulated network. Sending never blocks and never
/// fails: what cannot be delivered is dropped, and said so only by <see cref="IPeerReceiver.LinkDown"/>. Thread-safe.
/// </summary>
public interface IPeerTransport : IAsyncDisposable
{
    /// <summary>Begins to dial and to accept; from here on the receiver is called.</summary>
    /// <param name="self">This node, as peers are told.</param>
    /// <param name="cluster">The cluster, or null while the node belongs to none; peers of another one are refused, both named.</param>
    /// <param name="receiver">Takes what comes.</param>
    void Start(PeerIdentity self, ClusterId? cluster, IPeerReceiver receiver);

    /// <summary>The node belongs to a cluster from now on.</summary>
    void Joined(ClusterId cluster);

    /// <summary>
    /// Hands a message over for delivery, at most once. A lease in it belongs to the transport from here on, also when it is dropped.
    /// </summary>
    void Send(NodeId to, PeerMessage message);

    /// <summary>Bytes of items on their way to a peer: handed over and not written yet.</summary>
    long QueuedBytes(NodeId to);
}

/// <summary>Takes what peers send. Called on the transport's threads: hand over and return, never block or throw.</summary>
public interface IPeerReceiver
{
    /// <summary>A message of a proven peer. Buffers in it belong to the receiver.</summary>
    void Received(PeerIdentity from, PeerMessage message);

    /// <summary>A link in one of the two directions is there, or there again: what was sent before may be lost.</summary>
    void LinkUp(PeerIdentity peer);

    /// <summary>A link is gone.</summary>
    /// <param name="peer">The node.</param>
    /// <param name="isGone">
    /// True when its process ended for sure: the connection was reset and a new one was refused. It counts as silence at once.
    /// </param>
    void LinkDown(NodeId peer, bool isGone);

    /// <summary>There is room again for items to a peer (<see cref="IPeerTransport.QueuedBytes"/> fell).</summary>
    void Drained(NodeId to);
}
