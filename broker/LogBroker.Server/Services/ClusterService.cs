using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>logbroker.v1.Cluster: translates only.</summary>
internal sealed class ClusterService(IBroker broker, NodeFacts facts)
{
    private const int TopicsPerRequestMax = 1_000;
    private const int PageSizeDefault = 10_000;
    private const int PageSizeMax = 20_000;

    private readonly RecentDescription _recent = new(broker, TimeProvider.System);

    /// <summary>Offers the methods.</summary>
    public void AddTo(ServiceTable table)
    {
        table.Unary(ServiceMethods.GetMetadata, GetMetadata);
        table.Unary(ServiceMethods.GetStatus, GetStatus);
        table.Unary(ServiceMethods.ListConfig, ListConfig);
        table.Unary(ServiceMethods.ListNodes, ListNodes);
        table.Unary(ServiceMethods.ListClusterPartitions, ListClusterPartitions);
        table.Unary(ServiceMethods.TransferLeader, TransferLeader);
        table.Unary(ServiceMethods.SetNodeDraining, SetNodeDraining);
    }

    private ValueTask<GetMetadataResponse> GetMetadata(GetMetadataRequest request, ServerCallContext context)
    {
        if (ErrorMap.TooMany("topics", request.Topics.Count, TopicsPerRequestMax) is { } error)
            return ValueTask.FromResult(ErrorMap.Refuse<GetMetadataResponse>(context, error));
        var response = new GetMetadataResponse
        {
            ClusterId = broker.ClusterId.ToString(),
            NodeId = broker.NodeId.Value,
        };
        response.Nodes.Add(KnownNodes(_recent.Get()));
        foreach (string name in request.Topics)
        {
            if (broker.DescribeTopic(name) is { IsOk: true } described)
                response.Topics.Add(ToMessage(described.Value));
            else if (broker.NotReady is { } notReady)
                return ValueTask.FromResult(ErrorMap.Refuse<GetMetadataResponse>(context, notReady));
        }

        return ValueTask.FromResult(response);
    }

    private TopicMetadata ToMessage(TopicDescription topic)
    {
        var message = new TopicMetadata
        {
            Name = topic.Name,
            TopicId = topic.Id.ToString(),
            MessageBytesMax = topic.Config.BatchBytesMax,
        };
        foreach (var partition in topic.Partitions)
        {
            var one = new PartitionMetadata
            {
                Partition = partition.Partition,
                LeaderNodeId = partition.Leader.Value,
                LeaderEpoch = partition.LeaderEpoch.Value,
            };
            one.ReplicaNodeIds.Add(_recent.Replicas(new TopicPartition(topic.Name, partition.Partition)).Select(node => node.Value));
            message.Partitions.Add(one);
        }

        return message;
    }

    private ValueTask<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        var status = broker.Status;
        var cluster = broker.DescribeCluster();
        var problems = ClusterProblems.Of(status, cluster, facts.DiskLowPercent);
        var response = new GetStatusResponse
        {
            ClusterId = cluster.Cluster?.ToString() ?? "",
            NodeId = broker.NodeId.Value,
            Version = ServerVersion.Text,
            UptimeMs = (long)facts.Uptime().TotalMilliseconds,
            Healthy = problems.Count == 0,
            Summary = ClusterProblems.Summary(problems, status),
            Topics = status.Topics,
            Partitions = status.Partitions,
            PartitionsLeaderless = status.PartitionsLeaderless,
            PartitionsQuarantined = status.PartitionsQuarantined,
            DiskFreeBytes = status.DiskFreeBytes,
            DiskTotalBytes = status.DiskTotalBytes,
            LogBytes = status.LogBytes,
            ClusterFormed = cluster.Cluster is not null,
            ControllerNodeId = cluster.Controller.Value,
            PartitionsUnderReplicated = cluster.Partitions.Count(ClusterMessages.IsUnderReplicated),
        };
        response.NodeIdsUnheard.Add(cluster.Nodes.Where(node => !node.IsHeard).Select(node => node.Node.Value));
        response.Nodes.Add(KnownNodes(cluster));
        response.Problems.Add(problems);
        return ValueTask.FromResult(response);
    }

    private ValueTask<ListNodesResponse> ListNodes(ListNodesRequest request, ServerCallContext context)
    {
        var cluster = broker.DescribeCluster();
        var response = new ListNodesResponse
        {
            ClusterId = cluster.Cluster?.ToString() ?? "",
            NodeId = cluster.Self.Value,
            ControllerNodeId = cluster.Controller.Value,
        };
        response.Nodes.Add(cluster.Nodes.Select(node => ClusterMessages.ToInfo(node, node.Node == cluster.Self ? ThisNode() : null)));
        return ValueTask.FromResult(response);
    }

    private ValueTask<ListClusterPartitionsResponse> ListClusterPartitions(
        ListClusterPartitionsRequest request, ServerCallContext context)
    {
        TopicPartition? last = ClusterMessages.ParsePageToken(request.PageToken);
        var error = ErrorMap.OutOfRange("page_size", request.PageSize, 0, int.MaxValue);
        if (request.PageToken.Length > 0 && last is null)
            error ??= ErrorMap.Invalid("page_token", ShownValue.Of(request.PageToken), "is none of this server");
        if (error is not null)
            return ValueTask.FromResult(ErrorMap.Refuse<ListClusterPartitionsResponse>(context, error));
        int size = request.PageSize == 0 ? PageSizeDefault : Math.Min(request.PageSize, PageSizeMax);
        var response = new ListClusterPartitionsResponse { NodeId = broker.NodeId.Value };
        foreach (var partition in broker.DescribeCluster().Partitions.Where(partition => IsAsked(request, partition)))
        {
            if (last is { } before && !ClusterMessages.IsBehind(partition.Name, before))
                continue;
            if (response.Partitions.Count == size)
            {
                var end = response.Partitions[^1];
                response.NextPageToken = ClusterMessages.PageToken(new TopicPartition(end.Topic, end.Partition));
                break;
            }

            response.Partitions.Add(ClusterMessages.ToInfo(partition));
        }

        return ValueTask.FromResult(response);
    }

    private static bool IsAsked(ListClusterPartitionsRequest request, ClusterPartition partition) =>
        (request.Topic.Length == 0 || partition.Name.Topic == request.Topic)
        && ((!request.Leaderless && !request.UnderReplicated)
            || (request.Leaderless && ClusterMessages.IsLeaderless(partition))
            || (request.UnderReplicated && ClusterMessages.IsUnderReplicated(partition)));

    private async ValueTask<TransferLeaderResponse> TransferLeader(TransferLeaderRequest request, ServerCallContext context)
    {
        var partition = new TopicPartition(request.Topic, request.Partition);
        var result = await broker.TransferLeader(partition, new NodeId(request.ToNodeId), context.CancellationToken);
        return result.IsOk
            ? new TransferLeaderResponse { LeaderNodeId = result.Value.Value }
            : ErrorMap.Refuse<TransferLeaderResponse>(context, result.Error);
    }

    private async ValueTask<SetNodeDrainingResponse> SetNodeDraining(SetNodeDrainingRequest request, ServerCallContext context)
    {
        var error = ErrorMap.OutOfRange("node_id", request.NodeId, 1, int.MaxValue)
            ?? await broker.SetDraining(new NodeId(request.NodeId), request.Draining, context.CancellationToken);
        return error is null ? new SetNodeDrainingResponse() : ErrorMap.Refuse<SetNodeDrainingResponse>(context, error);
    }

    private ValueTask<ListConfigResponse> ListConfig(ListConfigRequest request, ServerCallContext context)
    {
        var response = new ListConfigResponse();
        foreach (var value in facts.Config.Values)
        {
            response.Entries.Add(new NodeConfigEntry
            {
                Key = value.Key.Name,
                Value = value.Text,
                Origin = ConfigText.Origin(value.Origin),
                Documentation = value.Key.Documentation,
                Unit = value.Key.Unit,
            });
        }

        return ValueTask.FromResult(response);
    }

    /// <summary>This node, and all others that clients can be sent to.</summary>
    private IEnumerable<Node> KnownNodes(ClusterDescription cluster) => cluster.Nodes
        .Where(node => node.Node == cluster.Self || node.Registered is not null)
        .Select(node => node.Node == cluster.Self ? ThisNode() : ClusterMessages.ToNode(node.Registered!));

    private Node ThisNode() => new()
    {
        NodeId = broker.NodeId.Value,
        GrpcAddress = facts.Advertised(),
        Rack = facts.Config.Text(ConfigTable.NodeRack),
        Version = ServerVersion.Text,
    };
}

/// <summary>What the node knows of itself besides its data.</summary>
/// <param name="Config">The effective configuration.</param>
/// <param name="Advertised">HOST:PORT for clients; known once the port is bound.</param>
/// <param name="Uptime">Since the process began.</param>
internal sealed record NodeFacts(EffectiveConfig Config, Func<string> Advertised, Func<TimeSpan> Uptime)
{
    /// <summary>Storage:DiskLowWatermark.</summary>
    public long DiskLowPercent => Config.Number(ConfigTable.DiskLowWatermark);
}
