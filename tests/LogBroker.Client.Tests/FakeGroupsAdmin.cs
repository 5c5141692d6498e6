using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;
using WireMember = LogBroker.Protocol.V1.GroupMember;
using WirePartition = LogBroker.Protocol.V1.GroupPartition;
using WireState = LogBroker.Protocol.V1.GroupState;

namespace LogBroker.Client.Tests;

/// <summary>What the fake coordinator says about groups, and how it changes them.</summary>
internal static class FakeGroupsAdmin
{
    public static void Add(GrpcServices services, FakeBroker broker)
    {
        services.Unary(GroupMethods.ListGroups, (_, _) =>
        {
            var response = new ListGroupsResponse();
            if (broker.Groups.Coordinator == broker)
            {
                response.Groups.Add(broker.Groups.All.Select(static g => new ListGroupsResponse.Types.ListedGroup
                {
                    Group = g.Id,
                    State = StateOf(g),
                    Members = g.Members.Count,
                    GroupEpoch = g.Epoch,
                }));
            }

            return new ValueTask<ListGroupsResponse>(response);
        });
        services.Unary(GroupMethods.DescribeGroup, (request, _) =>
        {
            broker.Groups.Require(broker);
            return new ValueTask<DescribeGroupResponse>(Find(broker, request.Group, g => Describe(broker, g)));
        });
        services.Unary(GroupMethods.AlterOffsets, (request, _) =>
        {
            broker.Groups.Require(broker);
            return new ValueTask<AlterOffsetsResponse>(broker.Groups.Look(request.Group, g => Alter(g, request)));
        });
        services.Unary(GroupMethods.DeleteGroup, (request, _) =>
        {
            broker.Groups.Require(broker);
            Find(broker, request.Group, static g =>
            {
                RequireEmpty(g);
                return true;
            });
            if (!request.ValidateOnly)
            {
                broker.Groups.Delete(request.Group);
            }

            return new ValueTask<DeleteGroupResponse>(new DeleteGroupResponse());
        });
    }

    private static T Find<T>(FakeBroker broker, string group, Func<FakeGroup, T> look)
    {
        T? found = default;
        return broker.Groups.With(group, g => found = look(g))
            ? found!
            : throw FakeBroker.Error(ErrorCode.UnknownGroup, $"there is no group \"{group}\"");
    }

    private static WireState StateOf(FakeGroup group) => group.Members.Count == 0 ? WireState.Empty
        : group.Members.Values.Any(static m => m.Revoking.Count > 0) ? WireState.Reconciling
        : WireState.Stable;

    private static DescribeGroupResponse Describe(FakeBroker broker, FakeGroup group)
    {
        var response = new DescribeGroupResponse
        {
            Group = group.Id,
            State = StateOf(group),
            GroupEpoch = group.Epoch,
            AssignmentEpoch = group.Epoch,
            Assignor = "uniform",
            CoordinatorNodeId = broker.NodeId,
        };
        foreach (FakeMember member in group.Members.Values)
        {
            var described = new WireMember
            {
                MemberId = member.Id,
                InstanceId = member.Open.InstanceId,
                ClientId = member.Open.ClientId,
                Address = "127.0.0.1:1",
                MemberEpoch = member.Epoch,
                State = WireMember.Types.State.Stable,
                SessionTimeoutMs = member.Open.SessionTimeoutMs,
            };
            described.Topics.Add(member.Open.Topics);
            described.Held.Add(FakeGroup.Wire(member.Assigned));
            described.Target.Add(FakeGroup.Wire(member.Target));
            response.Members.Add(described);
        }

        foreach (TopicPartition id in group.Members.Values.SelectMany(static m => m.Assigned).Union(group.Offsets.Keys))
        {
            response.Partitions.Add(new WirePartition
            {
                Topic = id.Topic,
                Partition = id.Partition,
                MemberId = group.Members.Values.FirstOrDefault(m => m.Assigned.Contains(id))?.Id ?? string.Empty,
                Committed = group.Offsets.GetValueOrDefault(id)?.Offset ?? -1,
                HighWatermark = -1,
            });
        }

        return response;
    }

    private static AlterOffsetsResponse Alter(FakeGroup group, AlterOffsetsRequest request)
    {
        RequireEmpty(group);
        var response = new AlterOffsetsResponse();
        foreach (AlterOffsetsRequest.Types.OffsetTarget target in request.Targets)
        {
            var id = new TopicPartition(target.Topic, target.Partition);
            response.Changes.Add(new AlterOffsetsResponse.Types.Change
            {
                Topic = id.Topic,
                Partition = id.Partition,
                Before = group.Offsets.GetValueOrDefault(id)?.Offset ?? -1,
                After = target.Offset,
            });
            if (!request.ValidateOnly && target.Offset < 0)
            {
                group.Offsets.Remove(id);
            }
            else if (!request.ValidateOnly)
            {
                group.Offsets[id] = new CommittedOffset { Topic = id.Topic, Partition = id.Partition, Offset = target.Offset };
            }
        }

        return response;
    }

    private static void RequireEmpty(FakeGroup group)
    {
        if (group.Members.Count > 0)
        {
            string names = string.Join(", ", group.Members.Values.Select(static m => $"{m.Id} ({m.Open.ClientId})"));
            throw FakeBroker.Error(ErrorCode.GroupNotEmpty, $"group \"{group.Id}\" has members: {names}");
        }
    }
}
