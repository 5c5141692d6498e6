namespace LogBroker.Client;

/// <summary>A broker.</summary>
/// <param name="NodeId">Its number, from 1.</param>
/// <param name="Address">Where clients reach it, as <c>host:port</c>.</param>
/// <param name="Rack">Its rack, or empty.</param>
public sealed record BrokerNode(int NodeId, string Address, string Rack)
{
    /// <summary>The version of its program, or empty.</summary>
    public string Version { get; init; } = "";
}

/// <summary>Who is there and who leads what.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="NodeId">The node that answered.</param>
/// <param name="Nodes">All nodes.</param>
/// <param name="Topics">Those of the topics asked for that exist.</param>
public sealed record ClusterMetadata(string ClusterId, int NodeId, IReadOnlyList<BrokerNode> Nodes, IReadOnlyList<TopicMetadata> Topics);

/// <summary>A topic as clients need it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TopicId">32 lower-case hex digits.</param>
/// <param name="Partitions">Its partitions, by number.</param>
/// <param name="MessageBytesMax">The largest batch it takes, in bytes.</param>
public sealed record TopicMetadata(string Name, string TopicId, IReadOnlyList<PartitionMetadata> Partitions, int MessageBytesMax);

/// <summary>A partition as clients need it.</summary>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="LeaderNodeId">The node that leads it; 0 for none.</param>
/// <param name="LeaderEpoch">The number of that leadership.</param>
/// <param name="ReplicaNodeIds">The nodes that have a copy.</param>
public sealed record PartitionMetadata(int Partition, int LeaderNodeId, int LeaderEpoch, IReadOnlyList<int> ReplicaNodeIds);

/// <summary>The health of a cluster, as the node that answered sees it.</summary>
public sealed record ClusterStatus
{
    /// <summary>The cluster.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The node that answered.</summary>
    public required int NodeId { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>How long it has been serving.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>True when nothing needs attention.</summary>
    public required bool IsHealthy { get; init; }

    /// <summary>One sentence for a person.</summary>
    public required string Summary { get; init; }

    /// <summary>Topics, without internal ones.</summary>
    public required int Topics { get; init; }

    /// <summary>Partitions.</summary>
    public required int Partitions { get; init; }

    /// <summary>Partitions without a leader.</summary>
    public required int PartitionsLeaderless { get; init; }

    /// <summary>Partitions led by the node that answered that have a replica which is not in sync.</summary>
    public int PartitionsUnderReplicated { get; init; }

    /// <summary>False until the configured nodes have agreed on being a cluster.</summary>
    public bool IsFormed { get; init; } = true;

    /// <summary>The leader of the metadata log, which alone changes topics; 0 when the node that answered knows none.</summary>
    public int ControllerNodeId { get; init; }

    /// <summary>Configured nodes that the node that answered does not hear, or that do not hear it.</summary>
    public IReadOnlyList<int> NodeIdsUnheard { get; init; } = [];

    /// <summary>Damaged partitions.</summary>
    public required int PartitionsQuarantined { get; init; }

    /// <summary>Free bytes of the data disk.</summary>
    public required long DiskFreeBytes { get; init; }

    /// <summary>All bytes of the data disk.</summary>
    public required long DiskTotalBytes { get; init; }

    /// <summary>Bytes of all logs.</summary>
    public required long LogBytes { get; init; }

    /// <summary>All nodes.</summary>
    public required IReadOnlyList<BrokerNode> Nodes { get; init; }

    /// <summary>What needs attention.</summary>
    public required IReadOnlyList<ClusterProblem> Problems { get; init; }
}

/// <summary>Something that needs attention.</summary>
/// <param name="Sentence">What it is.</param>
/// <param name="Command">A command line that shows more.</param>
public sealed record ClusterProblem(string Sentence, string Command)
{
    /// <summary>True when the node that answered has it itself; false when it sees it of the cluster, as another may not.</summary>
    public bool IsOfNode { get; init; }

    /// <summary>True when something does not work now.</summary>
    public bool IsCritical { get; init; }
}

/// <summary>One entry of a node's configuration.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <param name="Origin">Where it comes from: default, file, environment or flag.</param>
/// <param name="Documentation">What it is for.</param>
/// <param name="Unit">The unit of the value, or empty.</param>
public sealed record NodeConfigEntry(string Key, string Value, string Origin, string Documentation, string Unit);

/// <summary>Where a position lies in a partition.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset.</param>
/// <param name="Timestamp">Of the record there, when the position was a time and there is such a record; else null.</param>
/// <param name="LeaderEpoch">The leadership that answered.</param>
public sealed record ListedOffset(string Topic, int Partition, long Offset, DateTimeOffset? Timestamp, int LeaderEpoch);
