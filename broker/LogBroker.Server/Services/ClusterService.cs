using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>logbroker.v1.Cluster: translates only.</summary>
internal sealed class ClusterService(IBroker broker, NodeFacts facts)
{
    private const int TopicsPerRequestMax = 1_000;

    /// <summary>Offers the methods.</summary>
    public void AddTo(ServiceTable table)
    {
        table.Unary(ServiceMethods.GetMetadata, GetMetadata);
        table.Unary(ServiceMethods.GetStatus, GetStatus);
        table.Unary(ServiceMethods.ListConfig, ListConfig);
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
        response.Nodes.Add(ThisNode());
        foreach (string name in request.Topics)
        {
            if (broker.DescribeTopic(name) is { IsOk: true } described)
                response.Topics.Add(ToMessage(described.Value));
        }

        return ValueTask.FromResult(response);
    }

    private static TopicMetadata ToMessage(TopicDescription topic)
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
            if (partition.Leader != NodeId.None)
                one.ReplicaNodeIds.Add(partition.Leader.Value);
            message.Partitions.Add(one);
        }

        return message;
    }

    private ValueTask<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        var status = broker.Status;
        var problems = ProblemsOf(status);
        var response = new GetStatusResponse
        {
            ClusterId = broker.ClusterId.ToString(),
            NodeId = broker.NodeId.Value,
            Version = ServerVersion.Text,
            UptimeMs = (long)facts.Uptime().TotalMilliseconds,
            Healthy = problems.Count == 0,
            Summary = problems.Count == 0
                ? FormattableString.Invariant($"healthy: {status.Topics} topics, {status.Partitions} partitions, all online")
                : problems.Count == 1 ? problems[0].Sentence : $"{problems.Count} problems: {problems[0].Sentence}",
            Topics = status.Topics,
            Partitions = status.Partitions,
            PartitionsLeaderless = status.PartitionsLeaderless,
            PartitionsQuarantined = status.PartitionsQuarantined,
            DiskFreeBytes = status.DiskFreeBytes,
            DiskTotalBytes = status.DiskTotalBytes,
            LogBytes = status.LogBytes,
        };
        response.Nodes.Add(ThisNode());
        response.Problems.Add(problems);
        return ValueTask.FromResult(response);
    }

    private List<Problem> ProblemsOf(BrokerStatus status)
    {
        var problems = new List<Problem>();
        if (status.PartitionsQuarantined > 0)
            Add($"{status.PartitionsQuarantined} partitions are quarantined: damaged records were found", "logbroker topic list");
        if (status.PartitionsLeaderless > 0)
            Add($"{status.PartitionsLeaderless} partitions have no leader", "logbroker topic list");
        long freePercent = status.DiskTotalBytes == 0 ? 100 : (long)(100.0 * status.DiskFreeBytes / status.DiskTotalBytes);
        if (status.DiskFull)
            Add($"the disk is full ({freePercent} % free): producers are refused until space returns", "logbroker cluster status");
        else if (freePercent < facts.DiskLowPercent)
            Add($"the disk is nearly full: {freePercent} % free", "logbroker cluster status");
        return problems;

        void Add(FormattableString sentence, string command) =>
            problems.Add(new Problem { Sentence = FormattableString.Invariant(sentence), Command = command });
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

    private Node ThisNode() => new()
    {
        NodeId = broker.NodeId.Value,
        GrpcAddress = facts.Advertised(),
        Rack = facts.Config.Text(ConfigTable.NodeRack),
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
