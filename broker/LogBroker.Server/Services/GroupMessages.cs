using LogBroker.Cluster;
using LogBroker.Protocol;
using Wire = LogBroker.Protocol.V1;

namespace LogBroker.Server;

/// <summary>The broker's words about groups as messages, and back. Pure.</summary>
internal static class GroupMessages
{
    /// <summary>How a member opens its stream, or which field cannot be read.</summary>
    public static Result<MemberOpening> OpeningOf(Wire.JoinOpen open, string address)
    {
        var held = HeldOf(open.Held, "open.held");
        return !held.IsOk ? held.Error : new MemberOpening(open.Group, open.MemberId, open.MemberEpoch)
        {
            Attempt = open.Attempt,
            InstanceId = open.InstanceId,
            Rack = open.Rack,
            ClientId = open.ClientId,
            Address = address,
            Topics = open.Topics,
            TopicRegex = open.TopicRegex,
            Assignor = open.Assignor,
            SessionTimeoutMs = open.SessionTimeoutMs,
            RebalanceTimeoutMs = open.RebalanceTimeoutMs,
            Held = held.Value,
        };
    }

    /// <summary>What a member says it holds.</summary>
    public static Result<HeldPartitions[]> HeldOf(IReadOnlyList<Wire.AssignedPartitions> partitions, string field)
    {
        var held = new HeldPartitions[partitions.Count];
        for (int i = 0; i < held.Length; i++)
        {
            TopicId? id = null;
            if (partitions[i].TopicId.Length > 0)
            {
                if (!Guid.TryParseExact(partitions[i].TopicId, "N", out var guid))
                    return ErrorMap.Invalid(field + ".topic_id", ShownValue.Of(partitions[i].TopicId), "is not 32 hex digits");
                id = new TopicId(guid);
            }

            held[i] = new HeldPartitions(partitions[i].Topic, id, [.. partitions[i].Partitions]);
        }

        return held;
    }

    /// <summary>An assignment.</summary>
    public static Wire.JoinResponse ToMessage(MemberMessage.Assigned assigned)
    {
        var message = new Wire.Assignment
        {
            MemberEpoch = assigned.Epoch,
            HeartbeatIntervalMs = assigned.HeartbeatIntervalMs,
            Number = assigned.Number,
        };
        message.Partitions.Add(assigned.Topics.Select(ToMessage));
        return new Wire.JoinResponse { Assignment = message };
    }

    /// <summary>A committed offset.</summary>
    public static Wire.CommittedOffset ToMessage(StoredOffset stored) => new()
    {
        Topic = stored.Partition.Topic,
        Partition = stored.Partition.Partition,
        Offset = stored.Offset,
        LeaderEpoch = stored.LeaderEpoch,
        Metadata = stored.Metadata,
        CommittedAtMs = stored.CommittedAtMs,
    };

    /// <summary>A group.</summary>
    public static Wire.DescribeGroupResponse ToMessage(DescribedGroup described)
    {
        var group = described.Group;
        var message = new Wire.DescribeGroupResponse
        {
            Group = group.Group,
            State = (Wire.GroupState)group.Phase,
            GroupEpoch = group.Epoch,
            AssignmentEpoch = group.TargetEpoch,
            Assignor = group.Assignor,
            CoordinatorNodeId = described.Coordinator.Value,
            WaitingFor = group.WaitingFor,
            WaitingMs = group.WaitingMs,
            Rebalances = group.Rebalances,
        };
        message.Members.Add(group.Members.Select(ToMessage));
        message.Partitions.Add(described.Partitions.Select(p => new Wire.GroupPartition
        {
            Topic = p.Committed.Partition.Topic,
            Partition = p.Committed.Partition.Partition,
            MemberId = p.Member,
            Committed = p.Committed.Offset,
            HighWatermark = p.HighWatermark,
            CommittedAtMs = p.Committed.CommittedAtMs,
            Metadata = p.Committed.Metadata,
        }));
        return message;
    }

    private static Wire.GroupMember ToMessage(GroupMemberDescription member)
    {
        var message = new Wire.GroupMember
        {
            MemberId = member.MemberId,
            InstanceId = member.Facts.InstanceId,
            ClientId = member.Facts.ClientId,
            Rack = member.Facts.Rack,
            Address = member.Facts.Host,
            MemberEpoch = member.Epoch,
            State = member.State switch
            {
                GroupMemberState.Stable => Wire.GroupMember.Types.State.Stable,
                GroupMemberState.Revoking => Wire.GroupMember.Types.State.Revoking,
                _ => Wire.GroupMember.Types.State.Waiting,
            },
            TopicRegex = member.Facts.TopicRegex,
            SilentMs = member.SilentMs,
            SessionTimeoutMs = member.Facts.SessionTimeoutMs,
        };
        message.Topics.Add(member.Facts.Topics);
        message.Held.Add(member.Held.Select(ToMessage));
        message.Target.Add(member.Target.Select(ToMessage));
        message.Revoking.Add(member.Revoking.Select(ToMessage));
        return message;
    }

    private static Wire.AssignedPartitions ToMessage(GroupTopicPartitions topic)
    {
        var message = new Wire.AssignedPartitions { Topic = topic.Name, TopicId = topic.Id.ToString() };
        message.Partitions.Add(topic.Partitions);
        return message;
    }
}
