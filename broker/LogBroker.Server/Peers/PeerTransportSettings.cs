using System.Net;
using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>What a <see cref="GrpcPeerTransport"/> is made with, and every limit of it. Immutable.</summary>
internal sealed record PeerTransportSettings
{
    /// <summary>This node.</summary>
    public required NodeId Self { get; init; }

    /// <summary>All configured nodes, this one among them.</summary>
    public required IReadOnlyList<ClusterNode> Nodes { get; init; }

    /// <summary>Where peers are accepted; port 0 takes a free one.</summary>
    public required IReadOnlyList<IPEndPoint> EndPoints { get; init; }

    /// <summary>What peers prove to each other, or null: then the addresses must be loopback.</summary>
    public PeerSecret? Secret { get; init; }

    /// <summary>Bytes of items on their way to one peer that its sender keeps to; decides when there is room again.</summary>
    public long ItemsBytesMax { get; init; } = 16L * 1024 * 1024;

    /// <summary>Messages that may wait on one link; one more cuts it.</summary>
    public int MessagesMax { get; init; } = 100_000;

    /// <summary>The largest frame from a peer that has proven nothing yet, in bytes.</summary>
    public int HandshakeFrameBytesMax { get; init; } = 4 * 1024;

    /// <summary>The largest frame that goes up a dialed stream, in bytes: what a node with the most partitions leads, and room.</summary>
    public int RequestBytesMax { get; init; } = 2 * 1024 * 1024;

    /// <summary>The largest answer, in bytes: a largest batch and its envelope.</summary>
    public int AnswerBytesMax { get; init; } = Limits.RequestBytesMax;

    /// <summary>Time for a connection to be made.</summary>
    public TimeSpan ConnectTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time for both ends to say and prove who they are.</summary>
    public TimeSpan HandshakeTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait before the second attempt to dial; it doubles from attempt to attempt.</summary>
    public TimeSpan BackoffMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait between two attempts.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A link that lived this long is dialed anew without a wait when it is lost.</summary>
    public TimeSpan SteadyTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the loss of a link is kept back to find out whether the process is gone.</summary>
    public TimeSpan ProbeTime { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// A connection without a frame for this long is pinged. Heartbeats decide who is heard; the ping ends connections that a cut wire
    /// left half open, which TCP itself would go on with for minutes.
    /// </summary>
    public TimeSpan PingDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A ping that is not answered within this time closes the connection.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>At most one line about a peer's misbehaviour in this time.</summary>
    public TimeSpan LogPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock of waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
