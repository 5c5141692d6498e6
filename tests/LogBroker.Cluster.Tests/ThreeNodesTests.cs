using System.Diagnostics;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Three brokers with threads: the shipped driver, without a network.</summary>
public sealed class ThreeNodesTests
{
    private static readonly TopicPartition Orders = new("orders", 0);

    [Fact]
    public async Task Three_empty_nodes_form_one_cluster_and_a_record_is_on_all_of_them()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        Assert.Single(cluster.Brokers.Select(b => b!.ClusterId).Distinct());
        TopicDescription topic = await cluster.Create("orders", 3);
        Assert.Equal(3, topic.ReplicationFactor);
        Assert.Equal(3, topic.Partitions.Select(p => p.Leader).Distinct().Count());

        ProduceOutcome outcome = await cluster.Produce(Orders, TestBatches.Of(5));
        Assert.Null(outcome.Error);
        Assert.Equal(ReachedDurability.QuorumFsync, outcome.Durability);
        await cluster.Until(() => cluster.Brokers.All(b => HighWatermark(b!) == new Offset(5)));
    }

    [Fact]
    public async Task A_killed_leader_is_replaced_and_what_it_acknowledged_is_there()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 1);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(5))).Error);
        int first = await cluster.UntilLed(Orders);
        await cluster.Kill(first);
        ProduceOutcome outcome = await cluster.Produce(Orders, TestBatches.Of(2));
        Assert.Null(outcome.Error);
        Assert.Equal(new Offset(5), outcome.BaseOffset);

        await cluster.Open(first);
        await cluster.Until(() => cluster.Brokers.All(b => HighWatermark(b!) == new Offset(7)));
    }

    [Fact]
    public async Task With_one_of_three_nothing_is_acknowledged_and_with_two_it_goes_on()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 1);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(3))).Error);
        int leader = await cluster.UntilLed(Orders);
        int[] others = [.. Enumerable.Range(0, 3).Where(n => n != leader)];
        await cluster.Kill(others[0]);
        await cluster.Kill(others[1]);
        ProduceOutcome alone = await cluster.TryProduce(leader, Orders, TestBatches.Of(1), timeoutMs: 300);
        Assert.NotNull(alone.Error);

        await cluster.Open(others[0]);
        ProduceOutcome again = await cluster.Produce(Orders, TestBatches.Of(2));
        Assert.Null(again.Error);
        Assert.True(again.BaseOffset >= new Offset(3));
    }

    [Fact]
    public async Task What_a_stopping_node_hands_over_is_not_given_back_to_it_because_it_is_preferred()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 3);
        int stopping = await cluster.UntilLed(Orders);
        NodeId node = cluster.Brokers[stopping]!.NodeId;
        var clock = Stopwatch.StartNew();
        await cluster.Until(() => clock.ElapsedMilliseconds > 5_500); // heard for long enough to be preferred again
        await cluster.Brokers[stopping]!.LeaveOfficeAsync(TestContext.Current.CancellationToken);
        await cluster.Until(() => !IsLeader(cluster, node)); // the others hear of it a moment later
        clock.Restart();
        await cluster.Until(() =>
        {
            Assert.False(IsLeader(cluster, node));
            return clock.ElapsedMilliseconds > 2_500; // two looks at who is preferred
        });
        Broker leader = cluster.Brokers[cluster.LeaderOf(Orders)]!;
        Result<NodeId> moved = await leader.TransferLeader(Orders, node, TestContext.Current.CancellationToken);
        Assert.Equal(ErrorCode.Timeout, moved.Error?.Code);
    }

    private static bool IsLeader(ThreeNodes cluster, NodeId node) =>
        cluster.Brokers.Any(b => b!.DescribeCluster().Partitions.Any(p => p.Leader == node));

    [Fact]
    public async Task Row13_a_batch_for_a_follower_is_refused_with_the_leader_its_address_and_its_epoch()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 1);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(1))).Error);
        int leader = await cluster.UntilLed(Orders);
        int follower = (leader + 1) % 3;
        NodeId node = cluster.Brokers[leader]!.NodeId;
        await cluster.Until(() => cluster.Brokers[follower]!.DescribeCluster().Partitions.Any(p => p.Name == Orders && p.Leader == node));
        BrokerError refused = (await cluster.TryProduce(follower, Orders, TestBatches.Of(1))).Error!;
        Assert.Equal(ErrorCode.NotLeader, refused.Code);
        Assert.Equal(node.ToString(), refused.Metadata["leaderNodeId"]);
        Assert.Equal($"127.0.0.1:{8001 + leader}", refused.Metadata["leaderAddress"]);
        Assert.Equal(
            cluster.Brokers[leader]!.DescribeCluster().Partitions.Single(p => p.Name == Orders).LeaderEpoch.ToString(),
            refused.Metadata["leaderEpoch"]);
        Assert.Equal(new Offset(1), HighWatermark(cluster.Brokers[leader]!));
    }

    [Fact]
    public async Task A_wiped_node_copies_everything_and_gets_its_vote_back()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 1);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(4))).Error);
        int wiped = (await cluster.UntilLed(Orders) + 1) % 3;
        await cluster.Kill(wiped);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(4))).Error);
        cluster.Wipe(wiped);
        await cluster.Open(wiped);
        await cluster.Until(() => HighWatermark(cluster.Brokers[wiped]!) == new Offset(8));
        await cluster.Until(() => cluster.Brokers.Any(b => b!.DescribeCluster().Partitions
            .Any(p => p.Name == Orders && p.Progress.Count == 3 && p.Progress.All(r => r.IsReadmitted && r.IsInSync))));

        // Its vote counts: with another one gone the two of them go on.
        int other = Enumerable.Range(0, 3).First(n => n != wiped && n != cluster.LeaderOf(Orders));
        await cluster.Kill(other);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(1))).Error);
    }

    /// <summary>It asks again every half second, and said so each time.</summary>
    [Fact]
    public async Task A_follower_without_room_says_once_that_it_takes_nothing_and_catches_up_when_there_is_some()
    {
        var log = new RecordingLoggers();
        await using ThreeNodes cluster = await ThreeNodes.Start(log);
        await cluster.Create("orders", 1);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(5))).Error);
        int full = (await cluster.UntilLed(Orders) + 1) % 3;
        await cluster.Until(() => HighWatermark(cluster.Brokers[full]!) == new Offset(5));
        SimDisk disk = cluster.DiskOf(full);
        disk.TotalBytes -= disk.Space("/data").FreeBytes;
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(5, 5_000))).Error);
        Assert.Null(cluster.Brokers[full]!.Hosted.Find(Orders, out HostedPartition hosted));
        await cluster.Until(() => hosted.Replica!.ItemsRefused >= 5);
        Assert.Single(log.Lines, static l => l.Contains("orders/0 did not take all items of node", StringComparison.Ordinal));

        disk.TotalBytes = 1L << 40;
        await cluster.Until(() => HighWatermark(cluster.Brokers[full]!) == new Offset(10));
    }

    [Fact]
    public async Task A_leadership_is_transferred_and_a_drained_node_leads_nothing()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 3);
        int leader = await cluster.UntilLed(Orders);
        var to = new NodeId(((leader + 1) % 3) + 1);
        Result<NodeId> moved = await cluster.Brokers[leader]!.TransferLeader(Orders, to, CancellationToken.None);
        Assert.Equal(to, moved.Value);

        int controller = await cluster.UntilLed(new TopicPartition(MetadataLog.TopicName, 0));
        Assert.Null(await cluster.Brokers[controller]!.SetDraining(to, true, CancellationToken.None));
        Broker drained = cluster.Brokers[to.Value - 1]!;
        await cluster.Until(() => drained.Hosted.Replicas.All(r => !r.View.Serves));
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(1))).Error);
    }

    [Fact]
    public async Task A_node_that_stops_in_good_order_hands_over_what_it_leads_and_nothing_acknowledged_is_lost()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 1);
        Assert.Null((await cluster.Produce(Orders, TestBatches.Of(2))).Error);
        int leader = await cluster.UntilLed(Orders);
        Broker broker = cluster.Brokers[leader]!;
        cluster.Brokers[leader] = null;
        await broker.LeaveOfficeAsync(CancellationToken.None);
        await broker.StopAsync(CancellationToken.None);
        ProduceOutcome outcome = await cluster.Produce(Orders, TestBatches.Of(1));
        Assert.Equal(new Offset(2), outcome.BaseOffset);
    }

    [Fact]
    public async Task A_topic_that_is_deleted_is_gone_from_every_node()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 2);
        int controller = await cluster.UntilLed(new TopicPartition(MetadataLog.TopicName, 0));
        Assert.True((await cluster.Brokers[controller]!.DeleteTopic("orders", null, false, CancellationToken.None)).IsOk);
        await cluster.Until(() => cluster.Brokers.All(b => b!.Topics.Find("orders") is null));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_replication_factor_that_the_cluster_cannot_hold_is_refused_with_its_size(int replicas)
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        int controller = await cluster.UntilLed(new TopicPartition(MetadataLog.TopicName, 0));
        var command = new CreateTopicCommand("orders", 1, replicas, new Dictionary<string, string>(), "", false);
        Result<TopicDescription> created = await cluster.Brokers[controller]!.CreateTopic(command, CancellationToken.None);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, created.Error!.Code);
        Assert.Contains("the cluster has 3 nodes", created.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_does_not_lead_says_who_does()
    {
        await using ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("orders", 1);
        int leader = await cluster.UntilLed(Orders);
        ProduceOutcome refused = await cluster.TryProduce((leader + 1) % 3, Orders, TestBatches.Of(1));
        Assert.Equal(ErrorCode.NotLeader, refused.Error!.Code);
        Assert.Equal($"{leader + 1}", refused.Error.Metadata["leaderNodeId"]);
        Assert.Equal($"127.0.0.1:{8001 + leader}", refused.Error.Metadata["leaderAddress"]);
        Assert.True(refused.Error.Metadata.ContainsKey("leaderEpoch"));
    }

    private static Offset? HighWatermark(Broker broker) =>
        broker.Hosted.Find(Orders, out HostedPartition hosted) is null ? hosted.Replica!.Log.Bounds.HighWatermark : null;
}
