using LogBroker.Protocol.V1;

namespace LogBroker.Client;

/// <summary>The calls of the service Cluster, in the client's own types. Thread-safe.</summary>
internal sealed partial class ClusterCalls(BrokerCalls calls)
{
    public async Task<ClusterStatus> GetStatusAsync(CancellationToken cancellation)
    {
        (GetStatusResponse status, _) = await calls.AskAsync(
            ServerMethods.GetStatus, new GetStatusRequest(), Question(null), cancellation).ConfigureAwait(false);
        return Describe(status);
    }

    public async Task<ClusterMetadata> GetMetadataAsync(IReadOnlyCollection<string> topics, CancellationToken cancellation) =>
        (await AskMetadataAsync(topics, cancellation).ConfigureAwait(false)).Metadata;

    /// <summary>Metadata and the server that gave it; the book of servers learns the nodes.</summary>
    public async Task<(ClusterMetadata Metadata, string Server)> AskMetadataAsync(
        IReadOnlyCollection<string> topics, CancellationToken cancellation, bool isElsewhere = false)
    {
        var request = new GetMetadataRequest();
        request.Topics.Add(topics);
        CallRules rules = Question(topics.Count == 1 ? topics.First() : null) with { IsElsewhere = isElsewhere };
        (GetMetadataResponse m, string server) = await calls.AskAsync(
            ServerMethods.GetMetadata, request, rules, cancellation).ConfigureAwait(false);
        var metadata = new ClusterMetadata(
            m.ClusterId,
            m.NodeId,
            [.. m.Nodes.Select(Describe)],
            [.. m.Topics.Select(Describe)]);
        calls.Servers.Learn(metadata.NodeId, server, metadata.Nodes);
        return (metadata, server);
    }

    public async Task<IReadOnlyList<NodeConfigEntry>> ListConfigAsync(CancellationToken cancellation)
    {
        (ListConfigResponse config, _) = await calls.AskAsync(
            ServerMethods.ListConfig, new ListConfigRequest(), Question(null), cancellation).ConfigureAwait(false);
        return [.. config.Entries.Select(e => new NodeConfigEntry(e.Key, e.Value, e.Origin, e.Documentation, e.Unit))];
    }

    private static ClusterStatus Describe(GetStatusResponse status) => new()
    {
        ClusterId = status.ClusterId,
        NodeId = status.NodeId,
        Version = status.Version,
        Uptime = TimeSpan.FromMilliseconds(status.UptimeMs),
        IsHealthy = status.Healthy,
        Summary = status.Summary,
        Topics = status.Topics,
        Partitions = status.Partitions,
        PartitionsLeaderless = status.PartitionsLeaderless,
        PartitionsQuarantined = status.PartitionsQuarantined,
        PartitionsUnderReplicated = status.PartitionsUnderReplicated,
        DiskFreeBytes = status.DiskFreeBytes,
        DiskTotalBytes = status.DiskTotalBytes,
        LogBytes = status.LogBytes,
        IsFormed = status.ClusterFormed,
        ControllerNodeId = status.ControllerNodeId,
        NodeIdsUnheard = [.. status.NodeIdsUnheard],
        Nodes = [.. status.Nodes.Select(Describe)],
        Problems =
        [
            .. status.Problems.Select(p => new ClusterProblem(p.Sentence, p.Command)
            {
                IsOfNode = p.Scope == Problem.Types.Scope.Node,
                IsCritical = p.Critical,
            }),
        ],
    };

    private static BrokerNode Describe(Node node) => new(node.NodeId, node.GrpcAddress, node.Rack) { Version = node.Version };

    private static CallRules Question(string? topic) =>
        new(topic, IsRepeatable: true, AttemptTimeout: CallRules.QuestionTimeout);

    private static TopicMetadata Describe(Protocol.V1.TopicMetadata topic) => new(
        topic.Name,
        topic.TopicId,
        [.. topic.Partitions.OrderBy(p => p.Partition)
            .Select(p => new PartitionMetadata(p.Partition, p.LeaderNodeId, p.LeaderEpoch, [.. p.ReplicaNodeIds]))],
        topic.MessageBytesMax);
}
