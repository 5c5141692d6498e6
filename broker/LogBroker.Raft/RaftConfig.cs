using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>Who this replica is and who has a say. Immutable.</summary>
/// <param name="Self">This node.</param>
/// <param name="SelfDirectory">The directory id of this node's disk.</param>
/// <param name="Voters">All voters, each once.</param>
/// <param name="IsReadmitted">False for a wiped replica until the leader readmits it: it neither votes nor campaigns (R23).</param>
public sealed record RaftConfig(NodeId Self, DirectoryId SelfDirectory, IReadOnlyList<NodeId> Voters, bool IsReadmitted)
{
    /// <summary>True when this node is a voter.</summary>
    public bool IsVoter => Voters.Contains(Self);

    /// <summary>True when this node is the only voter (R30).</summary>
    public bool IsLoneVoter => Voters.Count == 1 && IsVoter;
}
