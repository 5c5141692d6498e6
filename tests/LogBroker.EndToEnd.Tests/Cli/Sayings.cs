using LogBroker.Cli;
using LogBroker.Client;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Hand-made words of nodes about a cluster of three.</summary>
internal static class Sayings
{
    public const string Cluster = "c1";

    /// <summary>A node as another one sees it.</summary>
    public static NodeDescription Node(int id, NodeState state = NodeState.Heard, int silentMs = 0, bool isDraining = false) => new(
        id,
        state,
        $"127.0.0.1:{7000 + id}",
        $"127.0.0.1:{7100 + id}",
        "",
        "1.0",
        new string((char)('0' + id), 32),
        isDraining,
        state == NodeState.NeverHeard ? null : TimeSpan.FromMilliseconds(silentMs));

    /// <summary>Three nodes that hear each other.</summary>
    public static NodeDescription[] Three => [Node(1), Node(2), Node(3)];

    /// <summary>A partition as its leader sees it; the replicas that lag by so many records are not in sync.</summary>
    public static ClusterPartition Led(
        string topic, int partition, int leader, int epoch = 1, params (int Node, long Records)[] lagging) => new(
        topic,
        partition,
        leader,
        epoch,
        [1, 2, 3],
        [.. Enumerable.Range(1, 3).Select(id => new ReplicaProgress(
            id,
            lagging.All(l => l.Node != id),
            lagging.FirstOrDefault(l => l.Node == id).Records,
            lagging.Any(l => l.Node == id) ? TimeSpan.FromSeconds(5) : TimeSpan.Zero,
            IsReadmitted: true))],
        PartitionState.Online,
        "");

    /// <summary>A partition as one sees it that does not lead it.</summary>
    public static ClusterPartition Followed(string topic, int partition, int leader, int epoch = 1) =>
        new(topic, partition, leader, epoch, [1, 2, 3], [], leader == 0 ? PartitionState.Leaderless : PartitionState.Online, "");

    /// <summary>The metadata log, led by node 1.</summary>
    public static ClusterPartition Metadata(int self, int leader = 1) => leader == self && leader != 0
        ? Led(ClusterView.MetadataTopic, 0, leader)
        : Followed(ClusterView.MetadataTopic, 0, leader);

    /// <summary>The words of a node.</summary>
    public static NodeAnswer Answer(
        int self,
        NodeDescription[] nodes,
        ClusterPartition[] partitions,
        string cluster = Cluster,
        params ClusterProblem[] problems) => new(
        $"127.0.0.1:{7000 + self}",
        new ClusterNodes(cluster, self, 1, nodes),
        partitions,
        new ClusterStatus
        {
            ClusterId = cluster,
            NodeId = self,
            Version = "1.0",
            Uptime = TimeSpan.FromSeconds(10),
            IsHealthy = true,
            Summary = "fine",
            Topics = 1,
            Partitions = 1,
            PartitionsLeaderless = 0,
            PartitionsQuarantined = 0,
            DiskFreeBytes = 50,
            DiskTotalBytes = 100,
            LogBytes = 10,
            Nodes = [],
            Problems = problems,
        });

    /// <summary>A server that does not answer.</summary>
    public static NodeSilence Silence(int node, string reason = "Connection refused") => new($"127.0.0.1:{7000 + node}", reason);

    /// <summary>Three nodes, orders/0 led by node 1 and orders/1 by node 2, all well.</summary>
    public static NodeAnswer[] Healthy =>
    [
        Answer(1, Three, [Metadata(1), Led("orders", 0, 1), Followed("orders", 1, 2)]),
        Answer(2, Three, [Metadata(2), Followed("orders", 0, 1), Led("orders", 1, 2)]),
        Answer(3, Three, [Metadata(3), Followed("orders", 0, 1), Followed("orders", 1, 2)]),
    ];

    /// <summary>Merged and judged.</summary>
    public static ClusterHealth HealthOf(IReadOnlyList<NodeAnswer> answers, params NodeSilence[] silences) =>
        ClusterHealth.Of(ClusterMerge.Merge(answers, silences));
}
