using LogBroker.Cli;
using LogBroker.Client;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Many words about one cluster become one view.</summary>
public sealed class ClusterMergeTests
{
    [Fact]
    public void The_leaders_word_about_a_partition_counts()
    {
        ClusterView view = ClusterMerge.Merge(Sayings.Healthy, []);
        Assert.Equal(["__cluster_metadata/0", "orders/0", "orders/1"], view.Partitions.Select(p => p.Name));
        Assert.Equal([1, 1, 2], view.Partitions.Select(p => p.LeaderNodeId));
        Assert.All(view.Partitions, p => Assert.Equal(3, p.Progress.Count));
        Assert.Equal(1, view.ControllerNodeId);
        Assert.Equal([2, 1, 0], view.Nodes.Select(n => n.Leads));
        Assert.All(view.Nodes, n => Assert.Equal(NodePresence.Online, n.Presence));
    }

    [Fact]
    public void Of_two_leaders_the_one_of_the_newer_epoch_counts_and_both_are_named()
    {
        ClusterView view = ClusterMerge.Merge(
            [
                Sayings.Answer(1, Sayings.Three, [Sayings.Led("orders", 0, 1, epoch: 4)]),
                Sayings.Answer(3, Sayings.Three, [Sayings.Led("orders", 0, 3, epoch: 6)]),
            ],
            []);
        PartitionView partition = Assert.Single(view.Partitions);
        Assert.Equal((3, 6), (partition.LeaderNodeId, partition.LeaderEpoch));
        Assert.Equal([(3, 6), (1, 4)], partition.Claims);
    }

    [Fact]
    public void A_node_that_is_named_leader_and_denies_it_does_not_lead()
    {
        ClusterView view = ClusterMerge.Merge(
            [
                Sayings.Answer(1, Sayings.Three, [Sayings.Followed("orders", 0, leader: 2, epoch: 7)]),
                Sayings.Answer(2, Sayings.Three, [Sayings.Followed("orders", 0, leader: 0, epoch: 8)]),
            ],
            []);
        PartitionView partition = Assert.Single(view.Partitions);
        Assert.True(partition.IsLeaderless);
        Assert.Equal(8, partition.LeaderEpoch);
    }

    [Fact]
    public void A_leader_that_only_we_cannot_reach_still_leads_and_nothing_is_known_of_its_replicas()
    {
        ClusterView view = ClusterMerge.Merge(
            [Sayings.Answer(1, Sayings.Three, [Sayings.Followed("orders", 0, leader: 2)])], [Sayings.Silence(2), Sayings.Silence(3)]);
        PartitionView partition = Assert.Single(view.Partitions);
        Assert.Equal(2, partition.LeaderNodeId);
        Assert.Empty(partition.Progress);
        Assert.False(partition.IsUnderReplicated);
        Assert.Contains("node 2 does not answer", partition.Detail);
        Assert.Equal([NodePresence.Online, NodePresence.Unreachable, NodePresence.Unreachable], view.Nodes.Select(n => n.Presence));
        Assert.Equal("Connection refused", view.Nodes[1].Failure);
    }

    [Fact]
    public void A_leader_that_nobody_hears_is_none()
    {
        NodeDescription[] nodes = [Sayings.Node(1), Sayings.Node(2, NodeState.Silent, 700), Sayings.Node(3)];
        NodeDescription[] later = [nodes[0], Sayings.Node(2, NodeState.Silent, 500), nodes[2]];
        ClusterView view = ClusterMerge.Merge(
            [
                Sayings.Answer(1, nodes, [Sayings.Followed("orders", 0, leader: 2, epoch: 3)]),
                Sayings.Answer(3, later, [Sayings.Followed("orders", 0, leader: 2, epoch: 3)]),
            ],
            [Sayings.Silence(2)]);
        PartitionView partition = Assert.Single(view.Partitions);
        Assert.True(partition.IsLeaderless);
        Assert.Equal("node 2 led it and does not answer", partition.Detail);
        Assert.Equal(NodePresence.Silent, view.Nodes[1].Presence);
        Assert.Equal(TimeSpan.FromMilliseconds(500), view.Nodes[1].Described.Silence);
    }

    [Fact]
    public void A_node_that_answers_and_that_another_does_not_hear_is_partly_there()
    {
        ClusterView view = ClusterMerge.Merge(
            [
                Sayings.Answer(1, [Sayings.Node(1), Sayings.Node(2), Sayings.Node(3, NodeState.Silent, 9_000)], []),
                Sayings.Answer(2, Sayings.Three, []),
                Sayings.Answer(3, Sayings.Three, []),
            ],
            []);
        Assert.Equal([NodePresence.Online, NodePresence.Online, NodePresence.Partial], view.Nodes.Select(n => n.Presence));
        Assert.Equal([1], view.Nodes[2].UnheardBy);
    }

    [Fact]
    public void The_controller_says_who_is_draining()
    {
        ClusterView view = ClusterMerge.Merge(
            [
                Sayings.Answer(1, [Sayings.Node(1), Sayings.Node(2, isDraining: true)], [Sayings.Metadata(1)]),
                Sayings.Answer(2, [Sayings.Node(1), Sayings.Node(2)], [Sayings.Metadata(2)]),
            ],
            []);
        Assert.True(view.Nodes[1].Described.IsDraining);
        Assert.False(view.Nodes[0].Described.IsDraining);
    }

    [Fact]
    public void One_node_asked_by_two_names_is_one_node()
    {
        NodeAnswer first = Sayings.Healthy[0];
        ClusterView view = ClusterMerge.Merge([first, first with { Server = "localhost:7001" }], []);
        Assert.Equal(1, view.NodesAnswering);
        Assert.Equal(3, view.Nodes.Count);
    }

    [Fact]
    public void Nodes_of_another_cluster_have_no_say()
    {
        ClusterView view = ClusterMerge.Merge(
            [.. Sayings.Healthy, Sayings.Answer(1, [Sayings.Node(1)], [Sayings.Led("orders", 0, 1, epoch: 99)], cluster: "other")], []);
        Assert.Equal(Sayings.Cluster, view.ClusterId);
        Assert.Equal("other", Assert.Single(view.Strangers).Nodes.ClusterId);
        Assert.Equal(1, view.Partitions.Single(p => p.Name == "orders/0").LeaderEpoch);
    }

    [Fact]
    public void A_node_that_has_not_joined_is_seen_and_says_nothing_about_partitions()
    {
        ClusterView view = ClusterMerge.Merge(
            [Sayings.Healthy[0], Sayings.Healthy[1], Sayings.Answer(3, Sayings.Three, [Sayings.Led("orders", 0, 3, 50)], cluster: "")], []);
        Assert.False(view.Nodes[2].HasJoined);
        Assert.Equal(1, view.Partitions.Single(p => p.Name == "orders/0").LeaderNodeId);
    }

    [Fact]
    public void A_node_that_never_registered_has_not_joined_unless_it_is_alone()
    {
        NodeDescription[] nodes = [Sayings.Node(1), Sayings.Node(2) with { DirectoryId = "" }];
        ClusterView two = ClusterMerge.Merge([Sayings.Answer(1, nodes, []), Sayings.Answer(2, nodes, [])], []);
        Assert.Equal([true, false], two.Nodes.Select(n => n.HasJoined));
        Assert.False(DevUpCommand.IsWhole(two, 2));
        Assert.True(ClusterMerge.Merge([Sayings.Answer(1, [Sayings.Node(1) with { DirectoryId = "" }], [])], []).Nodes[0].HasJoined);
    }

    [Fact]
    public void A_partition_with_one_replica_cannot_be_drained_away()
    {
        ClusterPartition alone = Sayings.Led("alone", 0, 1) with { ReplicaNodeIds = [1] };
        ClusterView view = ClusterMerge.Merge([Sayings.Answer(1, Sayings.Three, [alone, Sayings.Led("orders", 0, 1)])], []);
        Assert.Equal(["orders/0"], ClusterMoveCommands.ToMove(view, 1).Select(p => p.Name));
    }

    [Fact]
    public void A_damaged_follower_is_no_damaged_partition()
    {
        ClusterPartition damaged = Sayings.Followed("orders", 0, 1) with { State = PartitionState.Quarantined, Detail = "bad checksum" };
        PartitionView follower = Assert.Single(ClusterMerge.Merge(
            [Sayings.Answer(1, Sayings.Three, [Sayings.Led("orders", 0, 1)]), Sayings.Answer(2, Sayings.Three, [damaged])], []).Partitions);
        Assert.Equal(PartitionState.Online, follower.State);
        Assert.Equal([2], follower.QuarantinedOn);
        PartitionView alone = Assert.Single(ClusterMerge.Merge(
            [Sayings.Answer(1, [Sayings.Node(1)], [damaged with { LeaderNodeId = 0 }])], []).Partitions);
        Assert.Equal(PartitionState.Quarantined, alone.State);
        Assert.Equal("bad checksum", alone.Detail);
    }
}
