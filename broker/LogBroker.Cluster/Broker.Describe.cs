using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>The cluster for people, and what they ask of it.</summary>
public sealed partial class Broker
{
    /// <inheritdoc/>
    public ClusterDescription DescribeCluster()
    {
        HostedTopics hosted = Volatile.Read(ref _hosted);
        ClusterPartition[] partitions =
        [
            .. hosted.Topics.OrderBy(t => t.Info.Name, StringComparer.Ordinal).SelectMany(t => t.Partitions.Select(p => Describe(t, p))),
        ];
        var self = new NodeDescription(_env.Node, null, "", IsHeard: true, SilentMs: 0, IsDraining: false);
        return new ClusterDescription(ClusterId, _env.Node, _env.Node, [self], partitions);
    }

    /// <inheritdoc/>
    public ValueTask<Result<NodeId>> TransferLeader(TopicPartition partition, NodeId to, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask<BrokerError?> SetDraining(NodeId node, bool isDraining, CancellationToken cancellation) =>
        throw new NotSupportedException();

    private ClusterPartition Describe(HostedTopic topic, HostedPartition partition)
    {
        PartitionDescription described = partition.Describe();
        return new ClusterPartition(
            new TopicPartition(topic.Info.Name, partition.Index),
            described.Leader,
            described.LeaderEpoch,
            [_env.Node],
            described.Leader == _env.Node ? [new ReplicaProgress(_env.Node, true, 0, 0, true)] : [],
            described.State,
            described.Detail);
    }
}
