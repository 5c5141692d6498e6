using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Consumer groups of a broker. Each group has one coordinator: the leader of the partition of <c>__consumer_offsets</c> that its id hashes
/// to. Another node refuses with NotCoordinator and says where to go; a coordinator that has just taken over with CoordinatorLoading.
/// Thread-safe; expected failures come back as errors.
/// </summary>
public interface IGroups
{
    /// <summary>Where a group's coordinator is; the first call has the controller create the topic.</summary>
    ValueTask<Result<CoordinatorPlace>> FindCoordinator(string group, CancellationToken cancellation);

    /// <summary>
    /// Begins or resumes a membership. Everything comes by the sink, refusals too; it is called on threads of the broker, one call at a
    /// time, and must not block.
    /// </summary>
    /// <returns>What the member's stream does from here on.</returns>
    IMembership Join(MemberOpening opening, IMemberSink sink);

    /// <summary>Ends a membership at once; null, or UnknownMember, FencedMemberEpoch and the like. Durable when it returns.</summary>
    ValueTask<BrokerError?> Leave(string group, string member, int memberEpoch, bool temporarily, CancellationToken cancellation);

    /// <summary>Stores offsets, durable on a majority when it returns.</summary>
    /// <returns>Per offset, in order, null or why it was not stored; or what refuses all of them.</returns>
    ValueTask<Result<BrokerError?[]>> Commit(OffsetCommit commit, CancellationToken cancellation);

    /// <summary>Committed offsets of the partitions asked for, or of all when that is null. Proven to be the newest.</summary>
    ValueTask<Result<StoredOffset[]>> FetchCommitted(
        string group, IReadOnlyList<TopicPartition>? partitions, CancellationToken cancellation);

    /// <summary>Groups that this node coordinates, in order of id.</summary>
    ValueTask<IReadOnlyList<GroupListing>> List(CancellationToken cancellation);

    /// <summary>A group at this moment; UnknownGroup when there is none.</summary>
    ValueTask<Result<DescribedGroup>> Describe(string group, CancellationToken cancellation);

    /// <summary>
    /// Sets or forgets committed offsets of a group without members; GroupNotEmpty names them. With <paramref name="validateOnly"/> it only
    /// says what would change.
    /// </summary>
    ValueTask<Result<OffsetChange[]>> Alter(
        string group, IReadOnlyList<OffsetTarget> targets, bool validateOnly, CancellationToken cancellation);

    /// <summary>Forgets a group without members and its offsets; null, or UnknownGroup, GroupNotEmpty.</summary>
    ValueTask<BrokerError?> Delete(string group, bool validateOnly, CancellationToken cancellation);
}

/// <summary>Where a group is coordinated.</summary>
/// <param name="Node">The node.</param>
/// <param name="Address">HOST:PORT for clients, or "" when it is not known.</param>
/// <param name="Partition">The partition of <c>__consumer_offsets</c>.</param>
/// <param name="LeaderEpoch">Its leader's epoch.</param>
public sealed record CoordinatorPlace(NodeId Node, string Address, int Partition, Epoch LeaderEpoch);

/// <summary>An offset to store.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read, at least 0.</param>
/// <param name="LeaderEpoch">Of the record in front of it; -1 when it is not known.</param>
/// <param name="Metadata">At most 4,096 bytes.</param>
public readonly record struct OffsetToStore(TopicPartition Partition, long Offset, int LeaderEpoch, string Metadata);

/// <summary>A commit.</summary>
/// <param name="Group">The group.</param>
/// <param name="Member">The member, or "" for a commit without membership, which only a group without members takes.</param>
/// <param name="MemberEpoch">Its epoch.</param>
/// <param name="Offsets">At most 10,000.</param>
public sealed record OffsetCommit(string Group, string Member, int MemberEpoch, IReadOnlyList<OffsetToStore> Offsets);

/// <summary>A committed offset; -1 when nothing is committed.</summary>
public readonly record struct StoredOffset(TopicPartition Partition, long Offset, int LeaderEpoch, string Metadata, long CommittedAtMs)
{
    /// <summary>Nothing is committed.</summary>
    public static StoredOffset None(TopicPartition partition) => new(partition, -1, -1, "", 0);
}

/// <summary>An offset to set; -1 forgets the commit.</summary>
public readonly record struct OffsetTarget(TopicPartition Partition, long Offset);

/// <summary>What was committed and what is, or would be; -1 for nothing.</summary>
public readonly record struct OffsetChange(TopicPartition Partition, long Before, long After);

/// <summary>A group in a list.</summary>
public sealed record GroupListing(string Group, GroupPhase Phase, int Members, int Epoch);

/// <summary>A group with its partitions.</summary>
/// <param name="Group">The group and its members.</param>
/// <param name="Coordinator">The node that coordinates it.</param>
/// <param name="Partitions">Every partition that is assigned or has a committed offset, in order.</param>
public sealed record DescribedGroup(GroupDescription Group, NodeId Coordinator, IReadOnlyList<DescribedPartition> Partitions);

/// <summary>A partition as a group sees it.</summary>
/// <param name="Committed">What is committed; its offset is -1 when nothing is.</param>
/// <param name="Member">Who holds it, or "".</param>
/// <param name="HighWatermark">Its end as the coordinator knows it, or -1.</param>
public readonly record struct DescribedPartition(StoredOffset Committed, string Member, long HighWatermark);
