using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>A configured node of the cluster.</summary>
/// <param name="Node">Its id.</param>
/// <param name="PeerAddress">HOST:PORT of its peer API.</param>
public readonly record struct ClusterNode(NodeId Node, string PeerAddress);

/// <summary>How a node takes part in a cluster. Immutable.</summary>
public sealed record ClusterSettings
{
    /// <summary>All nodes, this one among them, in order of id; the voters of the metadata log.</summary>
    public required IReadOnlyList<ClusterNode> Nodes { get; init; }

    /// <summary>HOST:PORT that clients are told; asked when the node registers, for the port is bound by then.</summary>
    public required Func<string> ClientAddress { get; init; }

    /// <summary>The rack of this node, or "".</summary>
    public string Rack { get; init; } = "";

    /// <summary>Version of the program, for people.</summary>
    public string Version { get; init; } = "";

    /// <summary>Milliseconds between two ticks: of elections, liveness and refreshes.</summary>
    public int TickMs { get; init; } = 50;

    /// <summary>Ticks between two heartbeats to each peer.</summary>
    public int HeartbeatTicks { get; init; } = 2;

    /// <summary>Ticks of silence after which a node counts as not heard.</summary>
    public int SilenceTicks { get; init; } = 8;

    /// <summary>Least ticks without a leader that is heard before a replica campaigns.</summary>
    public int ElectionTicksMin { get; init; } = 12;

    /// <summary>Most ticks without a leader that is heard before a replica campaigns.</summary>
    public int ElectionTicksMax { get; init; } = 24;

    /// <summary>Seed of the election timeouts; 0 for one of its own.</summary>
    public ulong Seed { get; init; }

    /// <summary>Bytes of items on their way to one peer at the same time.</summary>
    public long PeerBytesMax { get; init; } = 16L * 1024 * 1024;

    /// <summary>Bytes of items in one answer.</summary>
    public int FetchBytesMax { get; init; } = 1024 * 1024;
}
