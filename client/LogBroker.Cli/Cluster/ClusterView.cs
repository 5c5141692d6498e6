using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>Whether a node is there, by all that is known.</summary>
internal enum NodePresence
{
    /// <summary>It answers, and everybody who answers hears it.</summary>
    Online,

    /// <summary>It answers, but another node that answers does not hear it.</summary>
    Partial,

    /// <summary>It does not answer us, but another node hears it.</summary>
    Unreachable,

    /// <summary>It does not answer, and nobody hears it.</summary>
    Silent,
}

/// <summary>A node by all that is known. Immutable.</summary>
internal sealed record NodeView
{
    /// <summary>Its number.</summary>
    public required int NodeId { get; init; }

    /// <summary>Whether it is there.</summary>
    public required NodePresence Presence { get; init; }

    /// <summary>Its names and places, from its own words when it answered.</summary>
    public required NodeDescription Described { get; init; }

    /// <summary>How it is by its own words; null when it did not answer.</summary>
    public ClusterStatus? Status { get; init; }

    /// <summary>Why it did not answer; null when it did, or when its address is not known.</summary>
    public string? Failure { get; init; }

    /// <summary>The nodes that answer and do not hear it.</summary>
    public IReadOnlyList<int> UnheardBy { get; init; } = [];

    /// <summary>True when it leads the metadata log.</summary>
    public bool IsController { get; init; }

    /// <summary>False while it answers and is not in the cluster, or not in its metadata, yet.</summary>
    public bool HasJoined { get; init; } = true;

    /// <summary>Partitions that it leads, internal ones included.</summary>
    public int Leads { get; init; }

    /// <summary>Partitions that it has a copy of, internal ones included.</summary>
    public int Replicas { get; init; }
}

/// <summary>A partition by the word of its leader. Immutable.</summary>
internal sealed record PartitionView
{
    /// <summary>Its topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Its number.</summary>
    public required int Partition { get; init; }

    /// <summary>The node that leads it; 0 for none.</summary>
    public required int LeaderNodeId { get; init; }

    /// <summary>The number of that leadership, or of the last one that is known.</summary>
    public required int LeaderEpoch { get; init; }

    /// <summary>The nodes that have a copy, the preferred leader first.</summary>
    public required IReadOnlyList<int> ReplicaNodeIds { get; init; }

    /// <summary>How far each copy is; empty when the leader did not answer.</summary>
    public required IReadOnlyList<ReplicaProgress> Progress { get; init; }

    /// <summary>Whether it serves.</summary>
    public required PartitionState State { get; init; }

    /// <summary>What is wrong, in one sentence, or empty.</summary>
    public required string Detail { get; init; }

    /// <summary>Nodes whose copy is damaged.</summary>
    public IReadOnlyList<int> QuarantinedOn { get; init; } = [];

    /// <summary>Nodes that say that they lead it, with their epochs, when there are several.</summary>
    public IReadOnlyList<(int NodeId, int Epoch)> Claims { get; init; } = [];

    /// <summary>True when a copy is known not to be in sync.</summary>
    public bool IsUnderReplicated => Progress.Any(replica => !replica.IsInSync);

    /// <summary>True when nobody leads it.</summary>
    public bool IsLeaderless => LeaderNodeId == 0;

    /// <summary><c>orders/0</c>.</summary>
    public string Name => $"{Topic}/{Partition}";

    /// <summary>True when it belongs to the broker itself.</summary>
    public bool IsInternal => Topic.StartsWith("__", StringComparison.Ordinal);
}

/// <summary>A cluster, put together from the words of all nodes that answer. Immutable.</summary>
internal sealed record ClusterView
{
    /// <summary>The topic whose leader is the controller.</summary>
    public const string MetadataTopic = "__cluster_metadata";

    /// <summary>The cluster; empty while it is not formed.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The leader of the metadata log; 0 for none.</summary>
    public required int ControllerNodeId { get; init; }

    /// <summary>In order of id.</summary>
    public required IReadOnlyList<NodeView> Nodes { get; init; }

    /// <summary>In order of topic and number, internal ones included.</summary>
    public required IReadOnlyList<PartitionView> Partitions { get; init; }

    /// <summary>Nodes that answer and belong to another cluster.</summary>
    public required IReadOnlyList<NodeAnswer> Strangers { get; init; }

    /// <summary>Servers that did not answer and are the address of no known node.</summary>
    public required IReadOnlyList<NodeSilence> SilentServers { get; init; }

    /// <summary>True when the nodes have agreed on being a cluster.</summary>
    public bool IsFormed => ClusterId.Length > 0;

    /// <summary>How many nodes answer.</summary>
    public int NodesAnswering => Nodes.Count(node => node.Status is not null);
}
