using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using Wire = LogBroker.Protocol.V1;

namespace LogBroker.Server;

/// <summary>logbroker.v1.Groups: translates only.</summary>
internal sealed class GroupsService(IBroker broker, NodeFacts facts)
{
    /// <summary>Offers the methods.</summary>
    public void AddTo(ServiceTable table)
    {
        table.Unary(ServiceMethods.FindCoordinator, FindCoordinator);
        table.Duplex(ServiceMethods.JoinGroup, Join);
        table.Unary(ServiceMethods.LeaveGroup, LeaveGroup);
        table.Unary(ServiceMethods.CommitOffsets, CommitOffsets);
        table.Unary(ServiceMethods.FetchCommitted, FetchCommitted);
        table.Unary(ServiceMethods.ListGroups, ListGroups);
        table.Unary(ServiceMethods.DescribeGroup, DescribeGroup);
        table.Unary(ServiceMethods.AlterOffsets, AlterOffsets);
        table.Unary(ServiceMethods.DeleteGroup, DeleteGroup);
    }

    private async ValueTask<Wire.FindCoordinatorResponse> FindCoordinator(
        Wire.FindCoordinatorRequest request, ServerCallContext context)
    {
        var place = await broker.Groups.FindCoordinator(request.Group, context.CancellationToken);
        if (!place.IsOk)
            return ErrorMap.Refuse<Wire.FindCoordinatorResponse>(context, place.Error);
        return new Wire.FindCoordinatorResponse
        {
            NodeId = place.Value.Node.Value,
            GrpcAddress = place.Value.Node == broker.NodeId ? facts.Advertised() : place.Value.Address,
            Partition = place.Value.Partition,
            LeaderEpoch = place.Value.LeaderEpoch.Value,
        };
    }

    private async ValueTask Join(
        IAsyncStreamReader<Wire.JoinRequest> requests, IServerStreamWriter<Wire.JoinResponse> responses, ServerCallContext context)
    {
        if (!await requests.MoveNext(context.CancellationToken))
            return;
        if (requests.Current.Open is not { } open)
        {
            ErrorMap.Refuse<object>(context, ErrorMap.Invalid("message", "(none)", "must be `open` in the first message of the stream"));
            return;
        }

        var opening = GroupMessages.OpeningOf(open, context.Peer);
        if (!opening.IsOk)
        {
            ErrorMap.Refuse<object>(context, opening.Error);
            return;
        }

        var stream = new JoinStream(requests, responses, context);
        await stream.RunAsync(sink => broker.Groups.Join(opening.Value, sink));
    }

    private async ValueTask<Wire.LeaveGroupResponse> LeaveGroup(Wire.LeaveGroupRequest request, ServerCallContext context)
    {
        var error = await broker.Groups.Leave(
            request.Group, request.MemberId, request.MemberEpoch, request.Temporarily, context.CancellationToken);
        return error is null ? new Wire.LeaveGroupResponse() : ErrorMap.Refuse<Wire.LeaveGroupResponse>(context, error);
    }

    private async ValueTask<Wire.CommitOffsetsResponse> CommitOffsets(Wire.CommitOffsetsRequest request, ServerCallContext context)
    {
        OffsetToStore[] offsets =
        [
            .. request.Offsets.Select(o => new OffsetToStore(
                new TopicPartition(o.Topic, o.Partition), o.Offset, o.LeaderEpoch, o.Metadata)),
        ];
        var stored = await broker.Groups.Commit(
            new OffsetCommit(request.Group, request.MemberId, request.MemberEpoch, offsets), context.CancellationToken);
        if (!stored.IsOk)
            return ErrorMap.Refuse<Wire.CommitOffsetsResponse>(context, stored.Error);
        var response = new Wire.CommitOffsetsResponse();
        for (int i = 0; i < offsets.Length; i++)
        {
            response.Offsets.Add(new Wire.CommittedOffset
            {
                Topic = offsets[i].Partition.Topic,
                Partition = offsets[i].Partition.Partition,
                Offset = offsets[i].Offset,
                LeaderEpoch = offsets[i].LeaderEpoch,
                Error = stored.Value[i] is { } error ? ErrorMap.ToStatus(error) : null,
            });
        }

        return response;
    }

    private async ValueTask<Wire.FetchCommittedResponse> FetchCommitted(Wire.FetchCommittedRequest request, ServerCallContext context)
    {
        TopicPartition[]? asked = request.Partitions.Count == 0
            ? null
            : [.. request.Partitions.SelectMany(t => t.Partitions.Select(p => new TopicPartition(t.Topic, p)))];
        var stored = await broker.Groups.FetchCommitted(request.Group, asked, context.CancellationToken);
        if (!stored.IsOk)
            return ErrorMap.Refuse<Wire.FetchCommittedResponse>(context, stored.Error);
        var response = new Wire.FetchCommittedResponse();
        response.Offsets.Add(stored.Value.Select(GroupMessages.ToMessage));
        return response;
    }

    private async ValueTask<Wire.ListGroupsResponse> ListGroups(Wire.ListGroupsRequest request, ServerCallContext context)
    {
        var response = new Wire.ListGroupsResponse();
        response.Groups.Add((await broker.Groups.List(context.CancellationToken)).Select(g =>
            new Wire.ListGroupsResponse.Types.ListedGroup
            {
                Group = g.Group,
                State = (Wire.GroupState)g.Phase,
                Members = g.Members,
                GroupEpoch = g.Epoch,
            }));
        return response;
    }

    private async ValueTask<Wire.DescribeGroupResponse> DescribeGroup(Wire.DescribeGroupRequest request, ServerCallContext context)
    {
        var described = await broker.Groups.Describe(request.Group, context.CancellationToken);
        return described.IsOk
            ? GroupMessages.ToMessage(described.Value)
            : ErrorMap.Refuse<Wire.DescribeGroupResponse>(context, described.Error);
    }

    private async ValueTask<Wire.AlterOffsetsResponse> AlterOffsets(Wire.AlterOffsetsRequest request, ServerCallContext context)
    {
        OffsetTarget[] targets =
            [.. request.Targets.Select(t => new OffsetTarget(new TopicPartition(t.Topic, t.Partition), t.Offset))];
        var changes = await broker.Groups.Alter(request.Group, targets, request.ValidateOnly, context.CancellationToken);
        if (!changes.IsOk)
            return ErrorMap.Refuse<Wire.AlterOffsetsResponse>(context, changes.Error);
        var response = new Wire.AlterOffsetsResponse();
        response.Changes.Add(changes.Value.Select(c => new Wire.AlterOffsetsResponse.Types.Change
        {
            Topic = c.Partition.Topic,
            Partition = c.Partition.Partition,
            Before = c.Before,
            After = c.After,
        }));
        return response;
    }

    private async ValueTask<Wire.DeleteGroupResponse> DeleteGroup(Wire.DeleteGroupRequest request, ServerCallContext context)
    {
        var error = await broker.Groups.Delete(request.Group, request.ValidateOnly, context.CancellationToken);
        return error is null ? new Wire.DeleteGroupResponse() : ErrorMap.Refuse<Wire.DeleteGroupResponse>(context, error);
    }
}
