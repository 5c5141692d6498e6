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
        ReplicaView? controller = _metadata?.Replica.View;
        NodeId controllerId = controller?.Leader ?? NodeId.None;
        return new ClusterDescription(IsFormed ? ClusterId : null, _env.Node, controllerId, DescribeNodes(), partitions);
    }

    private NodeDescription[] DescribeNodes()
    {
        if (_env.Settings.Cluster is not { } cluster)
        {
            return [new NodeDescription(_env.Node, null, "", IsHeard: true, SilentMs: 0, IsDraining: false)];
        }

        NodeLiveness liveness = _env.Peers.Liveness!;
        return
        [
            .. cluster.Nodes.OrderBy(n => n.Node.Value).Select(n => new NodeDescription(
                n.Node,
                Nodes.FirstOrDefault(r => r.Node == n.Node),
                n.PeerAddress,
                _env.Peers.IsHeard(n.Node),
                liveness.SilentMs(n.Node),
                _draining.Contains(n.Node))),
        ];
    }

    private ClusterPartition Describe(HostedTopic topic, HostedPartition partition)
    {
        PartitionDescription described = partition.Describe();
        return new ClusterPartition(
            new TopicPartition(topic.Info.Name, partition.Index),
            described.Leader,
            described.LeaderEpoch,
            partition.Voters.Count > 0 ? partition.Voters : [_env.Node],
            IsAlone && described.Leader == _env.Node
                ? [new ReplicaProgress(_env.Node, true, 0, 0, true)]
                : partition.Replica?.Progress ?? [],
            described.State,
            described.Detail);
    }
}
