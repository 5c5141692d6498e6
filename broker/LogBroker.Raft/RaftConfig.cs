using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>Who this replica is and who has a say. Immutable.</summary>
/// <param name="Self">This node; an observer when it is no voter (R25).</param>
/// <param name="SelfDirectory">The directory id of this node's disk.</param>
/// <param name="Voters">All voters, each once, at most <see cref="VotersMax"/>; the preferred leader first.</param>
/// <param name="IsReadmitted">False for a wiped replica until the leader readmits it: it neither votes nor campaigns (R23).</param>
public sealed record RaftConfig(NodeId Self, DirectoryId SelfDirectory, IReadOnlyList<NodeId> Voters, bool IsReadmitted)
{
    /// <summary>Most voters of one partition.</summary>
    public const int VotersMax = 63;

    /// <summary>Fewest ticks without a leader that is heard before a replica campaigns; at least 1. Also the patience of R7.</summary>
    public int ElectionTicksMin { get; init; } = 12;

    /// <summary>Most ticks without a leader that is heard before a replica campaigns.</summary>
    public int ElectionTicksMax { get; init; } = 24;

    /// <summary>Seed of the election timeouts; should differ between the replicas of a partition.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>True when this node is a voter.</summary>
    public bool IsVoter => Voters.Contains(Self);

    /// <summary>True when this node is the only voter (R30).</summary>
    public bool IsLoneVoter => Voters.Count == 1 && IsVoter;
}
