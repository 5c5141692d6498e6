using LogBroker.Raft;

namespace LogBroker.Cluster;

/// <summary>What a simulation looks at between two steps; on the loop's thread.</summary>
internal sealed partial class PartitionReplica
{
    /// <summary>The consensus of this replica, to be looked at only.</summary>
    internal RaftCore Core => _core;
}
