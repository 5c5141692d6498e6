namespace LogBroker.Client;

/// <summary>Whether the node that answers hears another one; numbers as on the wire.</summary>
public enum NodeState
{
    /// <summary>A broker that this version does not understand.</summary>
    Unspecified = 0,

    /// <summary>The node that answers, or one that it hears and that hears it.</summary>
    Heard = 1,

    /// <summary>Heard once, not now.</summary>
    Silent = 2,

    /// <summary>Never heard since the node that answers was started.</summary>
    NeverHeard = 3,
}

/// <summary>All configured nodes, as one of them sees them; another may see them otherwise.</summary>
/// <param name="ClusterId">The cluster; empty while it is not formed.</param>
/// <param name="NodeId">The node that answered.</param>
/// <param name="ControllerNodeId">The leader of the metadata log, which alone changes topics; 0 when the node knows none.</param>
/// <param name="Nodes">In order of id; one for a node alone.</param>
public sealed record ClusterNodes(string ClusterId, int NodeId, int ControllerNodeId, IReadOnlyList<NodeDescription> Nodes);

/// <summary>A node, as one of them sees it.</summary>
/// <param name="NodeId">Its number, from 1.</param>
/// <param name="State">Whether it is heard.</param>
/// <param name="Address">Where clients reach it, as <c>host:port</c>; empty while it never registered.</param>
/// <param name="PeerAddress">Where other nodes reach it; empty for a node alone.</param>
/// <param name="Rack">Its rack, or empty.</param>
/// <param name="Version">The version of its program; empty while it never registered.</param>
/// <param name="DirectoryId">Its data directory: 32 lower-case hex digits, another one after its disk was wiped; may be empty.</param>
/// <param name="IsDraining">True when it is to lead nothing.</param>
/// <param name="Silence">How long ago it was last heard: zero when it is heard, null when it never was.</param>
public sealed record NodeDescription(
    int NodeId,
    NodeState State,
    string Address,
    string PeerAddress,
    string Rack,
    string Version,
    string DirectoryId,
    bool IsDraining,
    TimeSpan? Silence);

/// <summary>A partition, as one node sees it.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="LeaderNodeId">The node that leads it; 0 when the node that answered knows none.</param>
/// <param name="LeaderEpoch">The number of that leadership.</param>
/// <param name="ReplicaNodeIds">The nodes that have a copy, the preferred leader first.</param>
/// <param name="Replicas">How far each copy is; empty unless the node that answered leads the partition.</param>
/// <param name="State">Whether it serves.</param>
/// <param name="Detail">What is wrong, in one sentence; empty when nothing is.</param>
public sealed record ClusterPartition(
    string Topic,
    int Partition,
    int LeaderNodeId,
    int LeaderEpoch,
    IReadOnlyList<int> ReplicaNodeIds,
    IReadOnlyList<ReplicaProgress> Replicas,
    PartitionState State,
    string Detail);

/// <summary>How far a replica is, as its leader knows.</summary>
/// <param name="NodeId">The node that has it.</param>
/// <param name="IsInSync">True when it is heard, has a vote, and lags by less than a second.</param>
/// <param name="LagRecords">Records of the leader that it has not reported as durable.</param>
/// <param name="Lag">How long ago it last had all that the leader had then; zero when it has all.</param>
/// <param name="IsReadmitted">False while it is a wiped replica that has no vote yet.</param>
public sealed record ReplicaProgress(int NodeId, bool IsInSync, long LagRecords, TimeSpan Lag, bool IsReadmitted);
