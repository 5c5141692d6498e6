using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>Groups as output, with the names of the proto.</summary>
internal static class GroupRecords
{
    /// <summary>A line of <c>group list</c>.</summary>
    public static OutputRecord Summary(GroupSummary group) => new()
    {
        { "group", group.Group },
        { "state", State(group.State) },
        { "members", group.Members },
        { "groupEpoch", group.Epoch },
        { "coordinatorNodeId", group.CoordinatorNodeId },
    };

    /// <summary>A whole group; <paramref name="at"/> is the time of the look when it is one of many.</summary>
    public static OutputRecord Whole(GroupDescription group, GroupLag lag, string? at)
    {
        var record = new OutputRecord();
        if (at is not null)
        {
            record.Add("at", at);
        }

        record.Add("group", group.Group);
        record.Add("state", State(group.State));
        record.Add("groupEpoch", group.Epoch);
        record.Add("assignmentEpoch", group.AssignmentEpoch);
        record.Add("assignor", group.Assignor);
        record.Add("coordinatorNodeId", group.CoordinatorNodeId);
        record.Add("rebalances", group.Rebalances);
        record.Add("lag", lag.Records, HumanSize.Count(lag.Records));
        record.Add("lagMs", (long)lag.Time.TotalMilliseconds, HumanSize.Duration(lag.Time));
        record.Add("waitingFor", group.WaitingFor, null, group.WaitingFor.Length > 0);
        record.Add(
            "waitingMs", (long)group.Waiting.TotalMilliseconds, HumanSize.Duration(group.Waiting), group.WaitingFor.Length > 0);
        record.Add("members", group.Members.Select(Member).ToArray());
        Dictionary<TopicPartition, PartitionLag> byId = lag.Partitions.ToDictionary(p => new TopicPartition(p.Topic, p.Partition));
        record.Add("partitions", group.Partitions
            .Select(p => Partition(p, byId.GetValueOrDefault(new TopicPartition(p.Topic, p.Partition)))).ToArray());
        return record;
    }

    /// <summary>A line of <c>group export</c>.</summary>
    public static OutputRecord Offset(GroupOffset offset) => new()
    {
        { "topic", offset.Topic },
        { "partition", offset.Partition },
        { "offset", offset.Offset },
        { "committedAtMs", offset.CommittedAt.ToUnixTimeMilliseconds(), null, false },
        { "metadata", offset.Metadata, null, false },
    };

    /// <summary>A line of a plan.</summary>
    public static OutputRecord Change(OffsetChange change) => new()
    {
        { "topic", change.Topic },
        { "partition", change.Partition },
        { "before", change.Before, change.Before < 0 ? "-" : null },
        { "after", change.After, change.After < 0 ? "-" : null },
        {
            "records",
            change.Before < 0 || change.After < 0 ? null : change.After - change.Before,
            change.Before < 0 || change.After < 0 ? "-" : (change.After - change.Before).ToString("+0;-0;0", null)
        },
    };

    /// <summary>What must change to be worth showing: not how long somebody has been silent, or how far the group is.</summary>
    public static string Shape(GroupDescription group) => string.Join(
        '\n',
        group.Members.Select(m => $"{m.MemberId} {m.Epoch} {m.State} {string.Join(' ', m.Held)} {string.Join(' ', m.Revoking)}")
            .Append($"{group.State} {group.Epoch} {group.CoordinatorNodeId} {group.WaitingFor}"));

    /// <summary>Who is in a group and what they have, in one line each.</summary>
    public static string Names(GroupDescription group) => string.Join(
        ", ",
        group.Members.Select(m => $"{m.MemberId} ({m.ClientId}{(m.Address.Length > 0 ? $" at {m.Address}" : "")})"));

    private static OutputRecord Member(GroupMember member) => new()
    {
        { "memberId", member.MemberId },
        { "instanceId", member.InstanceId, null, member.InstanceId.Length > 0 },
        { "clientId", member.ClientId },
        { "rack", member.Rack, null, false },
        { "address", member.Address },
        { "memberEpoch", member.Epoch },
        { "state", member.State.ToString().ToLowerInvariant() },
        { "topics", member.Topics, null, false },
        { "topicRegex", member.TopicRegex, null, false },
        { "held", Names(member.Held) },
        { "target", Names(member.Target), null, false },
        { "revoking", Names(member.Revoking), null, false },
        { "silentMs", (long)member.Silence.TotalMilliseconds, HumanSize.Duration(member.Silence) },
        { "sessionTimeoutMs", (long)member.SessionTimeout.TotalMilliseconds, HumanSize.Duration(member.SessionTimeout), false },
    };

    private static OutputRecord Partition(GroupPartition partition, PartitionLag? lag) => new()
    {
        { "topic", partition.Topic },
        { "partition", partition.Partition },
        { "committed", partition.Committed, partition.Committed < 0 ? "-" : null },
        { "highWatermark", partition.HighWatermark, partition.HighWatermark < 0 ? "?" : null },
        { "lag", partition.Lag, partition.Lag is { } records ? HumanSize.Count(records) : "-" },
        {
            "lagMs",
            lag?.Time is { } time ? (long)time.TotalMilliseconds : null,
            lag?.Time is { } span ? HumanSize.Duration(span) : "-"
        },
        { "memberId", partition.MemberId },
        { "committedAtMs", partition.CommittedAt?.ToUnixTimeMilliseconds(), null, false },
        { "metadata", partition.Metadata, null, false },
    };

    private static string State(GroupState state) => state.ToString().ToLowerInvariant();

    /// <summary><c>orders/0,1,5 payments/2</c>.</summary>
    private static string Names(IReadOnlyList<TopicPartition> partitions) => string.Join(
        ' ',
        partitions.GroupBy(p => p.Topic).Select(t => $"{t.Key}/{string.Join(',', t.Select(p => OutputText.Plain(p.Partition)))}"));
}
