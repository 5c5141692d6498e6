namespace LogBroker.Cluster;

/// <summary>The assignors: who gets what. Pure; the same input gives the same answer everywhere.</summary>
public static class GroupAssignors
{
    /// <summary>
    /// Balanced over all topics, and sticky: what need not move stays. Prefers members in a rack of a replica. The default.
    /// </summary>
    public const string Uniform = "uniform";

    /// <summary>Topic by topic, ranges of neighbours: partitions of one number of several topics meet at one member.</summary>
    public const string Range = "range";

    /// <summary>A set per member, in their order.</summary>
    internal static GroupPartitionSet[] Assign(string assignor, GroupAssignorInput input) =>
        assignor == Range ? GroupRangeAssignor.Assign(input) : new GroupUniformAssignor(input).Assign();
}

/// <summary>A member as assignors see it.</summary>
/// <param name="OrderKey">Its instance id, or else its member id: the range assignor sorts by it.</param>
/// <param name="Rack">Its rack, or "".</param>
/// <param name="Class">Which of <see cref="GroupAssignorInput.Classes"/> it belongs to.</param>
/// <param name="Previous">What it was to hold before.</param>
internal sealed record GroupAssignorMember(string OrderKey, string Rack, int Class, GroupPartitionSet Previous);

/// <summary>What an assignor works on. Immutable.</summary>
/// <param name="Topics">The topics that somebody subscribes to, in order of name.</param>
/// <param name="Classes">For each different subscription, the indexes of its topics, in order.</param>
/// <param name="Members">The members, in order of id.</param>
internal sealed record GroupAssignorInput(
    IReadOnlyList<GroupTopic> Topics,
    IReadOnlyList<int[]> Classes,
    IReadOnlyList<GroupAssignorMember> Members);
