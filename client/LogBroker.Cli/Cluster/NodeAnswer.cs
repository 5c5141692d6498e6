using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>What one node says about the cluster. Immutable.</summary>
/// <param name="Server">The address that was asked.</param>
/// <param name="Nodes">All nodes, as it sees them.</param>
/// <param name="Partitions">All partitions, as it sees them.</param>
/// <param name="Status">How it is itself.</param>
internal sealed record NodeAnswer(
    string Server, ClusterNodes Nodes, IReadOnlyList<ClusterPartition> Partitions, ClusterStatus Status)
{
    /// <summary>The node that said it.</summary>
    public int NodeId => Nodes.NodeId;
}

/// <summary>A server that was asked and did not answer.</summary>
/// <param name="Server">Its address.</param>
/// <param name="Reason">Why, in a few words.</param>
internal sealed record NodeSilence(string Server, string Reason);
