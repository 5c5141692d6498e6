using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>What a group is doing; numbers as on the wire.</summary>
public enum GroupState
{
    /// <summary>A broker that this version does not understand.</summary>
    Unspecified = 0,

    /// <summary>It has no members.</summary>
    Empty = 1,

    /// <summary>Who is to get what is being computed.</summary>
    Assigning = 2,

    /// <summary>Some member does not have yet what it is to get.</summary>
    Reconciling = 3,

    /// <summary>Every member has what it is to have.</summary>
    Stable = 4,
}

/// <summary>What a member is doing; numbers as on the wire.</summary>
public enum GroupMemberState
{
    /// <summary>A broker that this version does not understand.</summary>
    Unspecified = 0,

    /// <summary>It has what it is to have.</summary>
    Stable = 1,

    /// <summary>It is to let go of partitions.</summary>
    Revoking = 2,

    /// <summary>Others have not let go of its partitions yet.</summary>
    Waiting = 3,
}

/// <summary>A line of the list of groups.</summary>
/// <param name="Group">Its id.</param>
/// <param name="State">What it is doing.</param>
/// <param name="Members">How many members it has.</param>
/// <param name="Epoch">The number of its last change.</param>
/// <param name="CoordinatorNodeId">The node that coordinates it.</param>
public sealed record GroupSummary(string Group, GroupState State, int Members, int Epoch, int CoordinatorNodeId);

/// <summary>A group as its coordinator sees it.</summary>
public sealed record GroupDescription
{
    /// <summary>Its id.</summary>
    public required string Group { get; init; }

    /// <summary>What it is doing.</summary>
    public required GroupState State { get; init; }

    /// <summary>The number of its last change: members or topics.</summary>
    public required int Epoch { get; init; }

    /// <summary>The change that the assignment was made for.</summary>
    public required int AssignmentEpoch { get; init; }

    /// <summary>How partitions are dealt out: <c>uniform</c> or <c>range</c>.</summary>
    public required string Assignor { get; init; }

    /// <summary>The node that coordinates it.</summary>
    public required int CoordinatorNodeId { get; init; }

    /// <summary>Its members, by id.</summary>
    public required IReadOnlyList<GroupMember> Members { get; init; }

    /// <summary>Every partition that is assigned or has a committed offset, by topic and number.</summary>
    public required IReadOnlyList<GroupPartition> Partitions { get; init; }

    /// <summary>What is being waited for, in one sentence; empty when nothing is.</summary>
    public required string WaitingFor { get; init; }

    /// <summary>Since when.</summary>
    public required TimeSpan Waiting { get; init; }

    /// <summary>Times that the assignment has changed since this coordinator took over.</summary>
    public required long Rebalances { get; init; }
}

/// <summary>A member of a group.</summary>
public sealed record GroupMember
{
    /// <summary>The id that it chose.</summary>
    public required string MemberId { get; init; }

    /// <summary>Its name over restarts, or empty.</summary>
    public required string InstanceId { get; init; }

    /// <summary>The program, as <see cref="LogBrokerClientOptions.ClientId"/> says.</summary>
    public required string ClientId { get; init; }

    /// <summary>Its rack, or empty.</summary>
    public required string Rack { get; init; }

    /// <summary>Where its last stream came from.</summary>
    public required string Address { get; init; }

    /// <summary>The number of the last assignment that it has taken over.</summary>
    public required int Epoch { get; init; }

    /// <summary>What it is doing.</summary>
    public required GroupMemberState State { get; init; }

    /// <summary>The topics that it asked for by name.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>The topics that it asked for by a regular expression; empty for none.</summary>
    public required string TopicRegex { get; init; }

    /// <summary>What it has.</summary>
    public required IReadOnlyList<TopicPartition> Held { get; init; }

    /// <summary>What it is to have.</summary>
    public required IReadOnlyList<TopicPartition> Target { get; init; }

    /// <summary>What it is to let go of.</summary>
    public required IReadOnlyList<TopicPartition> Revoking { get; init; }

    /// <summary>How long it has not been heard.</summary>
    public required TimeSpan Silence { get; init; }

    /// <summary>After which silence it is dead.</summary>
    public required TimeSpan SessionTimeout { get; init; }
}

/// <summary>A partition of a group.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="MemberId">Who has it; empty for nobody.</param>
/// <param name="Committed">The next offset to read; -1 when nothing is committed.</param>
/// <param name="HighWatermark">The end of the partition; -1 when its leader could not be asked.</param>
/// <param name="CommittedAt">When it was committed; null when nothing is.</param>
/// <param name="Metadata">What was said with the commit.</param>
public sealed record GroupPartition(
    string Topic, int Partition, string MemberId, long Committed, long HighWatermark, DateTimeOffset? CommittedAt, string Metadata)
{
    /// <summary>Records between what is committed and the end; null when one of them is not known.</summary>
    public long? Lag => Committed < 0 || HighWatermark < 0 ? null : Math.Max(0, HighWatermark - Committed);
}

/// <summary>How far a group is behind.</summary>
/// <param name="Group">Its id.</param>
/// <param name="Partitions">Every partition that is assigned or has a committed offset, by topic and number.</param>
public sealed record GroupLag(string Group, IReadOnlyList<PartitionLag> Partitions)
{
    /// <summary>Records in all partitions where it is known.</summary>
    public long Records => Partitions.Sum(static p => p.Records ?? 0);

    /// <summary>The partition that is most behind in time; zero when none is, or when times were not asked for.</summary>
    public TimeSpan Time => Partitions.Count == 0 ? TimeSpan.Zero : Partitions.Max(static p => p.Time ?? TimeSpan.Zero);
}

/// <summary>How far a group is behind in one partition.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="Committed">The next offset to read; -1 when nothing is committed.</param>
/// <param name="HighWatermark">The end of the partition; -1 when its leader could not be asked.</param>
/// <param name="Records">Records between the two; null when one of them is not known.</param>
/// <param name="Time">The age of the first record that is not committed; zero when there is none, null when it is not known.</param>
/// <param name="MemberId">Who has it; empty for nobody.</param>
public sealed record PartitionLag(
    string Topic, int Partition, long Committed, long HighWatermark, long? Records, TimeSpan? Time, string MemberId);

/// <summary>What a group has committed for one partition.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="Offset">The next offset to read.</param>
/// <param name="CommittedAt">When it was committed.</param>
/// <param name="Metadata">What was said with it.</param>
public sealed record GroupOffset(string Topic, int Partition, long Offset, DateTimeOffset CommittedAt, string Metadata);
