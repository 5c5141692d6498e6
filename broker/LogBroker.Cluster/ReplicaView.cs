using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>What other threads may know of a replica's consensus. Immutable; published whole.</summary>
/// <param name="Leader">The leader, or none.</param>
/// <param name="Epoch">The epoch it leads.</param>
/// <param name="Serves">True when this replica leads, and appends and reads may be asked of it.</param>
/// <param name="Detail">Why it does not serve, in one sentence; "" when it does.</param>
internal sealed record ReplicaView(NodeId Leader, Epoch Epoch, bool Serves, string Detail)
{
    public static ReplicaView Starting { get; } = new(NodeId.None, Epoch.None, false, "the partition is starting");
}
