using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>Nodes and partitions, and what an operator does with them.</summary>
internal sealed partial class ClusterCalls
{
    private readonly LeaderCalls _leaders = new(calls);

    public IReadOnlyList<string> Servers => calls.Servers.Bootstrap;

    public async Task<ClusterStatus> GetStatusAsync(string server, CancellationToken cancellation) =>
        Describe(await _leaders.OneAsync(server, ServerMethods.GetStatus, new GetStatusRequest(), cancellation).ConfigureAwait(false));

    public async Task<ClusterNodes> ListNodesAsync(string? server, CancellationToken cancellation)
    {
        ListNodesResponse nodes =
            await AskAsync(server, ServerMethods.ListNodes, new ListNodesRequest(), cancellation).ConfigureAwait(false);
        return new ClusterNodes(nodes.ClusterId, nodes.NodeId, nodes.ControllerNodeId, [.. nodes.Nodes.Select(Describe)]);
    }

    public async Task<IReadOnlyList<ClusterPartition>> ListPartitionsAsync(string? topic, string? server, CancellationToken cancellation)
    {
        var found = new List<ClusterPartition>();
        var request = new ListClusterPartitionsRequest { Topic = topic ?? "" };
        do
        {
            ListClusterPartitionsResponse page =
                await AskAsync(server, ServerMethods.ListClusterPartitions, request, cancellation).ConfigureAwait(false);
            found.AddRange(page.Partitions.Select(Describe));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return found;
    }

    public async Task<int> TransferLeaderAsync(string topic, int partition, int toNodeId, CancellationToken cancellation)
    {
        var request = new TransferLeaderRequest { Topic = topic, Partition = partition, ToNodeId = toNodeId };
        TransferLeaderResponse response = await _leaders.AtLeaderAsync(
            ServerMethods.TransferLeader,
            request,
            ct => LeaderAsync(topic, partition, ct),
            AddressAsync,
            $"{topic}/{partition}",
            cancellation).ConfigureAwait(false);
        return response.LeaderNodeId;
    }

    public Task SetDrainingAsync(int nodeId, bool isDraining, CancellationToken cancellation) => calls.AskAsync(
        ServerMethods.SetNodeDraining,
        new SetNodeDrainingRequest { NodeId = nodeId, Draining = isDraining },
        new CallRules(null, IsRepeatable: true, NeedsController: true, AttemptTimeout: CallRules.WorkTimeout),
        cancellation);

    private static NodeDescription Describe(NodeInfo node) => new(
        node.NodeId,
        (NodeState)node.State,
        node.GrpcAddress,
        node.PeerAddress,
        node.Rack,
        node.Version,
        node.DirectoryId,
        node.Draining,
        node.SilentMs < 0 ? null : TimeSpan.FromMilliseconds(node.SilentMs));

    private static ClusterPartition Describe(PartitionInfo partition) => new(
        partition.Topic,
        partition.Partition,
        partition.LeaderNodeId,
        partition.LeaderEpoch,
        [.. partition.ReplicaNodeIds],
        [.. partition.Replicas.Select(r => new ReplicaProgress(
            r.NodeId, r.InSync, r.LagRecords, TimeSpan.FromMilliseconds(r.LagMs), r.Readmitted))],
        (PartitionState)partition.State,
        partition.Detail);

    private async Task<TResponse> AskAsync<TRequest, TResponse>(
        string? server, Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellation) =>
        server is not null
            ? await _leaders.OneAsync(server, method, request, cancellation).ConfigureAwait(false)
            : (await calls.AskAsync(method, request, Question(null), cancellation).ConfigureAwait(false)).Response;

    /// <summary>Where the leader of a partition is, as some server says; null when it knows none.</summary>
    private async Task<string?> LeaderAsync(string topic, int partition, CancellationToken cancellation)
    {
        (ClusterMetadata metadata, string server) = await AskMetadataAsync([topic], cancellation).ConfigureAwait(false);
        if (metadata.Topics.Count == 0)
        {
            throw new LogBrokerException(ErrorCode.UnknownTopicOrPartition, $"topic {ShownValue.Of(topic)} does not exist")
            {
                Topic = topic,
            };
        }

        if (metadata.Topics[0].Partitions.FirstOrDefault(p => p.Partition == partition) is not { } found)
        {
            throw new LogBrokerException(ErrorCode.UnknownTopicOrPartition, $"topic {topic} has no partition {partition}")
            {
                Topic = topic,
                Partition = partition,
            };
        }

        return found.LeaderNodeId == metadata.NodeId ? server
            : metadata.Nodes.FirstOrDefault(n => n.NodeId == found.LeaderNodeId)?.Address is { Length: > 0 } address ? address : null;
    }

    /// <summary>Where a node is, as some server says; null when it does not know.</summary>
    private async Task<string?> AddressAsync(int nodeId, CancellationToken cancellation)
    {
        (ListNodesResponse nodes, string server) = await calls.AskAsync(
            ServerMethods.ListNodes, new ListNodesRequest(), Question(null), cancellation).ConfigureAwait(false);
        return nodeId == nodes.NodeId ? server : AddressOf(nodes, nodeId);
    }

    private static string? AddressOf(ListNodesResponse nodes, int nodeId) =>
        nodes.Nodes.FirstOrDefault(n => n.NodeId == nodeId && n.GrpcAddress.Length > 0)?.GrpcAddress;
}
