using LogBroker.Cli;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>What is wrong with a cluster, in one sentence, with the command that shows more and the exit code.</summary>
public sealed class ClusterHealthTests
{
    private static readonly NodeDescription[] ThirdIsSilent = [Sayings.Node(1), Sayings.Node(2), Sayings.Node(3, NodeState.Silent, 12_000)];

    [Fact]
    public void All_well()
    {
        ClusterHealth health = Sayings.HealthOf(Sayings.Healthy);
        Assert.Equal("healthy: 3 nodes, 1 topic, 2 partitions, all with a leader and in sync", health.Summary);
        Assert.Empty(health.Findings);
        Assert.Equal(ExitCode.Ok, health.Exit);
    }

    [Fact]
    public void A_node_alone()
    {
        ClusterHealth health = Sayings.HealthOf([Sayings.Answer(1, [Sayings.Node(1)], [Sayings.Led("orders", 0, 1)])]);
        Assert.Equal("healthy: 1 node, 1 topic, 1 partition, all online", health.Summary);
    }

    [Fact]
    public void One_node_is_silent()
    {
        ClusterHealth health = Sayings.HealthOf(
            [
                Sayings.Answer(1, ThirdIsSilent, [Sayings.Metadata(1), Sayings.Led("orders", 0, 1, 1, (3, 120))]),
                Sayings.Answer(2, ThirdIsSilent, [Sayings.Metadata(2), Sayings.Followed("orders", 0, 1)]),
            ],
            Sayings.Silence(3));
        Assert.Equal(
            "node 3 is silent for 12.0s (127.0.0.1:7003: Connection refused) (and 1 more problem); see: logbroker cluster nodes", health.Summary);
        Assert.Equal(ExitCode.CheckWarning, health.Exit);
        Assert.Equal("1 partition is under-replicated, behind on node 3: orders/0", health.Findings[1].Sentence);
        Assert.Equal("logbroker cluster partitions --under-replicated", health.Findings[1].Command);
    }

    [Fact]
    public void A_node_that_never_came()
    {
        NodeDescription[] nodes = [Sayings.Node(1), Sayings.Node(2), Sayings.Node(3, NodeState.NeverHeard) with { Address = "" }];
        ClusterHealth health = Sayings.HealthOf(
            [Sayings.Answer(1, nodes, [Sayings.Metadata(1)]), Sayings.Answer(2, nodes, [Sayings.Metadata(2)])]);
        Assert.Equal("node 3 was never heard; see: logbroker cluster nodes", health.Summary);
    }

    [Fact]
    public void A_cut_between_two_nodes()
    {
        ClusterHealth health = Sayings.HealthOf(
            [Sayings.Answer(1, ThirdIsSilent, [.. Sayings.Healthy[0].Partitions]), .. Sayings.Healthy[1..]]);
        Assert.StartsWith("node 3 is not heard by node 1: the network between them is cut", health.Summary);
        Assert.Equal(ExitCode.CheckWarning, health.Exit);
    }

    [Fact]
    public void A_node_that_only_we_cannot_reach()
    {
        ClusterHealth health = Sayings.HealthOf(Sayings.Healthy[..2], Sayings.Silence(3, "no answer in time"));
        Assert.StartsWith(
            "node 3 does not answer here, though other nodes hear it (127.0.0.1:7003: no answer in time); see: ", health.Summary);
    }

    [Fact]
    public void No_cluster_yet()
    {
        NodeDescription[] nodes = [Sayings.Node(1), Sayings.Node(2, NodeState.NeverHeard), Sayings.Node(3, NodeState.NeverHeard)];
        ClusterHealth health = Sayings.HealthOf([Sayings.Answer(1, nodes, [], cluster: "")]);
        Assert.Equal("the cluster is not formed: no word from node 2, node 3; see: logbroker cluster nodes", health.Summary);
        Assert.Equal(ExitCode.CheckCritical, health.Exit);
    }

    [Fact]
    public void No_majority()
    {
        NodeDescription[] nodes = [Sayings.Node(1, NodeState.Silent, 3_000), Sayings.Node(2), Sayings.Node(3, NodeState.Silent, 4_000)];
        ClusterHealth health = Sayings.HealthOf(
            [Sayings.Answer(2, nodes, [Sayings.Metadata(2, leader: 0), Sayings.Followed("orders", 0, 0)])],
            Sayings.Silence(1),
            Sayings.Silence(3));
        Assert.Equal(
            "the cluster has no controller: topics cannot be changed; 2 of 3 nodes are silent, which is no majority left (and 3 more problems); "
                + "see: logbroker cluster nodes",
            health.Summary);
        Assert.Equal("1 partition has no leader: orders/0", health.Findings[1].Sentence);
        Assert.Equal(ExitCode.CheckCritical, health.Exit);
    }

    [Fact]
    public void Partitions_without_a_leader_are_named_up_to_three()
    {
        ClusterPartition[] partitions = [.. Enumerable.Range(0, 5).Select(i => Sayings.Followed("orders", i, 0))];
        ClusterHealth health = Sayings.HealthOf(
            [.. Enumerable.Range(1, 3).Select(id => Sayings.Answer(id, Sayings.Three, [Sayings.Metadata(id), .. partitions]))]);
        Assert.Equal(
            "5 partitions have no leader: orders/0, orders/1, orders/2 and 2 more; see: logbroker cluster partitions --leaderless", health.Summary);
        Assert.Equal(ExitCode.CheckCritical, health.Exit);
    }

    [Fact]
    public void A_wiped_replica_is_being_readmitted()
    {
        ClusterPartition led = Sayings.Led("orders", 0, 1, 1, (2, 5));
        led = led with { Replicas = [led.Replicas[0], led.Replicas[1] with { IsReadmitted = false }, led.Replicas[2]] };
        ClusterHealth health = Sayings.HealthOf([Sayings.Answer(1, Sayings.Three, [Sayings.Metadata(1), led]), .. Sayings.Healthy[1..]]);
        Assert.Equal(
            "1 partition is under-replicated, behind on node 2 (being readmitted after its disk was wiped): orders/0; "
                + "see: logbroker cluster partitions --under-replicated",
            health.Summary);
    }

    [Fact]
    public void A_draining_node_is_no_problem_and_is_mentioned()
    {
        NodeDescription[] nodes = [Sayings.Node(1), Sayings.Node(2, isDraining: true), Sayings.Node(3, isDraining: true)];
        ClusterHealth health = Sayings.HealthOf([.. Sayings.Healthy.Select(a => a with { Nodes = a.Nodes with { Nodes = nodes } })]);
        Assert.True(health.IsHealthy);
        Assert.Equal(ExitCode.Ok, health.Exit);
        Assert.EndsWith("in sync; node 2 is draining and leads 1 partition still; node 3 is draining and leads nothing", health.Summary);
    }

    [Fact]
    public void Nodes_that_disagree_are_named_with_the_one_that_is_right()
    {
        ClusterHealth health = Sayings.HealthOf(
            [
                Sayings.Answer(1, Sayings.Three, [Sayings.Metadata(1), Sayings.Led("orders", 0, 1, epoch: 4)]),
                Sayings.Answer(2, Sayings.Three, [Sayings.Metadata(2), Sayings.Followed("orders", 0, 3, epoch: 6)]),
                Sayings.Answer(3, Sayings.Three, [Sayings.Metadata(3), Sayings.Led("orders", 0, 3, epoch: 6)]),
            ]);
        Assert.Equal(
            "nodes 1 and 3 both say that they lead orders/0: node 3 does, the other has not noticed yet; see: logbroker cluster partitions",
            health.Summary);
    }

    [Fact]
    public void A_server_of_another_cluster()
    {
        ClusterHealth health = Sayings.HealthOf(
            [.. Sayings.Healthy, Sayings.Answer(1, [Sayings.Node(1)], [], cluster: "c2") with { Server = "other:7070" }]);
        Assert.Equal("other:7070 belongs to another cluster: c2, not c1; see: logbroker cluster status -s other:7070", health.Summary);
    }

    [Fact]
    public void A_full_disk_is_told_by_its_node_and_what_a_node_sees_of_the_cluster_is_not_told_twice()
    {
        NodeAnswer[] answers = Sayings.Healthy;
        answers[1] = Sayings.Answer(
            2,
            Sayings.Three,
            [.. answers[1].Partitions],
            Sayings.Cluster,
            new ClusterProblem("the disk is full", "logbroker cluster nodes") { IsOfNode = true, IsCritical = true },
            new ClusterProblem("node 3 cannot be heard", "logbroker cluster nodes"));
        ClusterHealth health = Sayings.HealthOf(answers);
        Assert.Equal("node 2: the disk is full; see: logbroker cluster nodes", health.Summary);
        Assert.Equal(ExitCode.CheckCritical, health.Exit);
        Assert.Single(health.Findings);
    }

    [Fact]
    public void What_is_whole_may_have_a_disk_that_is_nearly_full()
    {
        Assert.True(DevUpCommand.IsWhole(ClusterMerge.Merge(Sayings.Healthy, []), 3));
        Assert.False(DevUpCommand.IsWhole(ClusterMerge.Merge(Sayings.Healthy[..2], [Sayings.Silence(3)]), 3));
        Assert.False(DevUpCommand.IsWhole(ClusterMerge.Merge(Sayings.Healthy, []), 4));
    }
}
