using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>A partition that this node holds no replica of; who leads it is known from heartbeats. Thread-safe.</summary>
internal sealed class RemotePartition(PartitionId id, IReadOnlyList<NodeId> voters, ReplicaEnvironment env)
{
    public IReadOnlyList<NodeId> Voters => voters;

    /// <summary>The leader as it says itself.</summary>
    public ReplicaView View
    {
        get
        {
            LedBy led = env.Peers.Liveness?.LeaderOf(id) ?? default;
            string detail = led.Node == NodeId.None ? "no leader is known" : $"node {led.Node} leads it";
            return new ReplicaView(led.Node, led.Epoch, false, detail);
        }
    }

    public BrokerError NotLeader(TopicPartition name)
    {
        ReplicaView view = View;
        return PartitionErrors.NotLeader(name, view, env.ClientAddressOf(view.Leader));
    }
}
