namespace LogBroker.Cluster;

/// <summary>
/// One fact of a group: a record of <c>__consumer_offsets</c> in Kafka's layout (KIP-848). The latest record of each key counts. Keys are
/// <c>i16 key version</c> and strings as i16 length and UTF-8; values are <c>i16 version = 0</c> and fields as below, where a string
/// and an array have an unsigned varint of length plus 1 in front (0 is null), and each struct ends with a count of tagged fields:
/// <code>
///   3 group                    i32 group epoch | tag 0: i64 hash of the subscribed topics
///   4 group                    [uuid topic id, name, i32 partitions, [] racks (not written), tags]
///   5 group, member            instance id?, rack?, client id, host, [topic], regex?, i32 rebalance timeout ms, assignor? |
///                              tag 100: i32 session timeout ms
///   6 group                    i32 assignment epoch
///   7 group, member            target: [uuid topic id, [i32 partition], tags]
///   8 group, member            i32 epoch, i32 previous epoch, i8 state, assigned: as 7, pending revocation: as 7
/// </code>
/// A null value forgets the key. Unknown tags are skipped; another version of a value is refused. Immutable.
/// </summary>
/// <param name="Group">The group's id.</param>
public abstract partial record GroupRecord(string Group)
{
    /// <summary>Key 3: the group's epoch, and a hash of the topics that its members subscribe to.</summary>
    public sealed record EpochSet(string Group, int Epoch, long TopicsHash) : GroupRecord(Group);

    /// <summary>Key 4: the topics that members subscribe to, for those who read a dump and for names of topics that were deleted.</summary>
    public sealed record TopicsKnown(string Group, IReadOnlyList<GroupTopic> Topics) : GroupRecord(Group);

    /// <summary>Key 5: a member, and what it asked for.</summary>
    public sealed record MemberKnown(string Group, string MemberId, GroupMemberFacts Facts) : GroupRecord(Group);

    /// <summary>Key 6: the group epoch for which the targets were computed. In one append behind the targets.</summary>
    public sealed record TargetEpochSet(string Group, int Epoch) : GroupRecord(Group);

    /// <summary>Key 7: what a member is to hold in the end.</summary>
    public sealed record TargetSet(string Group, string MemberId, GroupPartitionSet Partitions) : GroupRecord(Group);

    /// <summary>Key 8: what a member holds.</summary>
    /// <param name="Group">The group's id.</param>
    /// <param name="MemberId">The member.</param>
    /// <param name="Epoch">Its epoch; -2 of a static member that left temporarily.</param>
    /// <param name="PreviousEpoch">The epoch before.</param>
    /// <param name="State">Where it stands between its earlier partitions and its target.</param>
    /// <param name="Assigned">What it may read.</param>
    /// <param name="PendingRevocation">What it is to let go of, and has not yet.</param>
    public sealed record CurrentSet(
        string Group,
        string MemberId,
        int Epoch,
        int PreviousEpoch,
        GroupMemberState State,
        GroupPartitionSet Assigned,
        GroupPartitionSet PendingRevocation)
        : GroupRecord(Group);

    /// <summary>A key without a value any more.</summary>
    /// <param name="Group">The group's id.</param>
    /// <param name="KeyVersion">3 to 8.</param>
    /// <param name="MemberId">The member, for 5, 7 and 8; else "".</param>
    public sealed record Forgotten(string Group, short KeyVersion, string MemberId) : GroupRecord(Group);
}

/// <summary>What a member said of itself when it opened its last stream. Immutable.</summary>
/// <param name="InstanceId">Its name over restarts, or "".</param>
/// <param name="Rack">Its rack, or "".</param>
/// <param name="ClientId">Its client id, or "".</param>
/// <param name="Host">Where the stream came from.</param>
/// <param name="Topics">The topics that it names, in order, each once.</param>
/// <param name="TopicRegex">Its regular expression, or "".</param>
/// <param name="Assignor">The assignor that it wishes for, or "".</param>
/// <param name="SessionTimeoutMs">In milliseconds.</param>
/// <param name="RebalanceTimeoutMs">In milliseconds.</param>
public sealed record GroupMemberFacts(
    string InstanceId,
    string Rack,
    string ClientId,
    string Host,
    IReadOnlyList<string> Topics,
    string TopicRegex,
    string Assignor,
    int SessionTimeoutMs,
    int RebalanceTimeoutMs);

/// <summary>Where a member stands; the numbers are Kafka's.</summary>
public enum GroupMemberState
{
    /// <summary>It has what it is to have.</summary>
    Stable = 0,

    /// <summary>It is to let go of partitions, and keeps its epoch until it has.</summary>
    Revoking = 1,

    /// <summary>It is to have partitions that others have not let go of yet.</summary>
    Waiting = 2,
}
