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

    private static Offset? HighWatermark(Broker broker) =>
        broker.Hosted.Find(Orders, out HostedPartition hosted) is null ? hosted.Replica!.Log.Bounds.HighWatermark : null;
}
