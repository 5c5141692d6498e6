namespace LogBroker.Cluster;

/// <summary>Where a group stands.</summary>
public enum GroupPhase
{
    /// <summary>It has no members.</summary>
    Empty = 1,

    /// <summary>The target of its epoch is not computed yet.</summary>
    Assigning = 2,

    /// <summary>Some member is not at its target.</summary>
    Reconciling = 3,

    /// <summary>Every member holds what it is to hold.</summary>
    Stable = 4,
}

/// <summary>A group, and why it is as it is. Immutable.</summary>
/// <param name="Group">Its id.</param>
/// <param name="Phase">Where it stands.</param>
/// <param name="Epoch">The group epoch.</param>
/// <param name="TargetEpoch">The group epoch for which the target was computed.</param>
/// <param name="Assignor">The assignor in use.</param>
/// <param name="Members">Its members, in order of id.</param>
/// <param name="WaitingFor">What is being waited for, in one sentence; "" when nothing is.</param>
/// <param name="WaitingMs">Milliseconds since it is.</param>
/// <param name="Rebalances">Times that the target has changed since this coordinator took over.</param>
public sealed record GroupDescription(
    string Group,
    GroupPhase Phase,
    int Epoch,
    int TargetEpoch,
    string Assignor,
    IReadOnlyList<GroupMemberDescription> Members,
    string WaitingFor,
    long WaitingMs,
    long Rebalances);

/// <summary>A member of a group. Immutable.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="Facts">What it said of itself.</param>
/// <param name="Epoch">Its epoch; 0 before its first place, -2 when it left temporarily.</param>
/// <param name="PreviousEpoch">The epoch before.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Held">What it may hold: with what it is to let go of.</param>
/// <param name="Target">What it is to hold in the end.</param>
/// <param name="Revoking">What it is to let go of.</param>
/// <param name="IsConnected">True when it has an open stream.</param>
/// <param name="SilentMs">Milliseconds since its last heartbeat.</param>
public sealed record GroupMemberDescription(
    string MemberId,
    GroupMemberFacts Facts,
    int Epoch,
    int PreviousEpoch,
    GroupMemberState State,
    IReadOnlyList<GroupTopicPartitions> Held,
    IReadOnlyList<GroupTopicPartitions> Target,
    IReadOnlyList<GroupTopicPartitions> Revoking,
    bool IsConnected,
    long SilentMs);
