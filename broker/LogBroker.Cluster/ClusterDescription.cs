using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>A cluster for people, as one node sees it. Immutable.</summary>
/// <param name="Cluster">The cluster, or null while it is not formed.</param>
/// <param name="Self">The node that says so.</param>
/// <param name="Controller">The leader of the metadata log, or none.</param>
/// <param name="Nodes">All configured nodes in order of id; one for a node alone.</param>
/// <param name="Partitions">All partitions, internal ones included, in order of topic and number.</param>
public sealed record ClusterDescription(
    ClusterId? Cluster,
    NodeId Self,
    NodeId Controller,
    IReadOnlyList<NodeDescription> Nodes,
    IReadOnlyList<ClusterPartition> Partitions);

/// <summary>A node for people.</summary>
/// <param name="Node">The node.</param>
/// <param name="Registered">What it said of itself, or null while it never registered.</param>
/// <param name="PeerAddress">HOST:PORT of its peer API as configured; "" for a node alone.</param>
/// <param name="IsHeard">True for this node, and for peers that are heard and hear us.</param>
/// <param name="SilentMs">Milliseconds since it was last heard; 0 when it is heard, -1 when it never was.</param>
/// <param name="IsDraining">True when it is to lead nothing.</param>
public sealed record NodeDescription(
    NodeId Node, NodeRecord? Registered, string PeerAddress, bool IsHeard, long SilentMs, bool IsDraining);

/// <summary>A partition for people.</summary>
/// <param name="Name">The partition.</param>
/// <param name="Leader">Its leader as far as this node knows, or none.</param>
/// <param name="LeaderEpoch">The epoch of that leader.</param>
/// <param name="Replicas">Its voters, the preferred leader first.</param>
/// <param name="Progress">How far each replica is, when this node leads the partition; empty otherwise.</param>
/// <param name="State">As this node sees it.</param>
/// <param name="Detail">What is wrong, in one sentence; "" when nothing is.</param>
public sealed record ClusterPartition(
    TopicPartition Name,
    NodeId Leader,
    Epoch LeaderEpoch,
    IReadOnlyList<NodeId> Replicas,
    IReadOnlyList<ReplicaProgress> Progress,
    PartitionState State,
    string Detail);

/// <summary>How far a replica is, as its leader knows.</summary>
/// <param name="Node">The replica.</param>
/// <param name="IsInSync">True when it is heard, has a vote and lags by less than a second.</param>
/// <param name="LagRecords">Records of the leader that it has not reported as durable.</param>
/// <param name="LagMs">Milliseconds since it last had all that the leader had then; 0 when it has all.</param>
/// <param name="IsReadmitted">False while it is a wiped replica without a vote.</param>
public sealed record ReplicaProgress(NodeId Node, bool IsInSync, long LagRecords, long LagMs, bool IsReadmitted);
