using System.Text;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Kafka;
using LogBroker.Bench.Systems.LogBroker;
using LogBroker.Bench.Systems.Nats;
using LogBroker.Bench.Systems.Nodes;
using LogBroker.Client;

namespace LogBroker.Bench.Tests.Nodes;

/// <summary>How each system is told that it is a cluster.</summary>
public sealed class ClusterSettingsTests
{
    private static Scenario Named(string name) => WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Single(s => s.Name == name);

    [Fact]
    public void Kafka_acknowledges_by_two_of_three()
    {
        string[] lines = KafkaProperties.Broker(new KafkaMembers([1, 2, 3], [4, 5, 6]), 1, "d", Named("W10-A")).Split('\n');
        Assert.Contains("node.id=2", lines);
        Assert.Contains("controller.quorum.voters=1@127.0.0.1:4,2@127.0.0.1:5,3@127.0.0.1:6", lines);
        Assert.Contains("min.insync.replicas=2", lines);
        Assert.Contains("offsets.topic.replication.factor=3", lines);
    }

    [Fact]
    public void A_kafka_alone_is_as_it_was()
    {
        string[] lines = KafkaProperties.Broker(new KafkaMembers([1], [4]), 0, "d", Named("W1-A")).Split('\n');
        Assert.Contains("controller.quorum.bootstrap.servers=127.0.0.1:4", lines);
        Assert.Contains("min.insync.replicas=1", lines);
        Assert.Contains("transaction.state.log.min.isr=1", lines);
    }

    [Fact]
    public void Kgo_makes_topics_with_three_replicas() =>
        Assert.StartsWith("-brokers a,b,c -rf 3 -prefix bench", string.Join(' ', KgoCommands.FixedRate("a,b,c", Named("W10-A-5000"))));

    [Fact]
    public void A_server_of_nats_knows_the_routes_to_all()
    {
        string file = NatsServer.ConfigurationFile("/d", DurabilityClass.A, new NatsMember(1, [1, 2, 3], [4, 5, 6]));
        Assert.Contains("listen: \"127.0.0.1:2\"", file);
        Assert.Contains("server_name: \"n2\"", file);
        Assert.Contains("listen: \"127.0.0.1:5\"", file);
        Assert.Contains("routes: [\"nats://127.0.0.1:4\", \"nats://127.0.0.1:5\", \"nats://127.0.0.1:6\"]", file);
        Assert.DoesNotContain("cluster", NatsServer.ConfigurationFile("/d", DurabilityClass.A, null));
    }

    [Theory]
    [InlineData("""{"stream":"b0","seq":3}""", true)]
    [InlineData("""{"stream":"b0","seq":3,"duplicate":true}""", true)]
    [InlineData("""{"error":{"code":503,"err_code":10008,"description":"temporarily unavailable"},"stream":"b0","seq":0}""", false)]
    [InlineData("NATS/1.0 503\r\n\r\n", false)]
    public void Only_a_sequence_number_is_an_acknowledgement(string payload, bool isAck) =>
        Assert.Equal(isAck, NatsPublisher.IsAck(Encoding.ASCII.GetBytes(payload)));

    [Fact]
    public void Our_nodes_know_each_other()
    {
        IReadOnlyList<string> second = LogBrokerNodes.ClusterArguments(3, [1, 2, 3, 4, 5, 6, 7, 8, 9], "s")[1];
        Assert.Equal(
            "--node-id 2 --cluster 1@127.0.0.1:7,2@127.0.0.1:8,3@127.0.0.1:9 --peer-secret-file s --grpc 127.0.0.1:2 --http 127.0.0.1:5",
            string.Join(' ', second));
    }

    [Fact]
    public void Replicas_are_in_sync_when_the_leader_of_each_partition_says_so()
    {
        ClusterPartition seenByOther = Partition(0);
        ClusterPartition good = Partition(0, true, true, true);
        ClusterPartition behind = Partition(0, true, true, false);
        Assert.True(LogBrokerNodes.AreInSync([[seenByOther], [good]]));
        Assert.False(LogBrokerNodes.AreInSync([[seenByOther], [behind]]));
        Assert.False(LogBrokerNodes.AreInSync([[seenByOther], [seenByOther]]));
    }

    [Fact]
    public void Ports_of_nodes_are_not_those_of_outgoing_connections()
    {
        int[] ports = FreePorts.Take(9);
        Assert.Equal(9, ports.Distinct().Count());
        Assert.All(ports, p => Assert.InRange(p, 15_000, 32_000));
    }

    private static ClusterPartition Partition(int number, params bool[] inSync) => new(
        "bench", number, 1, 1, [1, 2, 3],
        [.. inSync.Select((s, i) => new ReplicaProgress(i + 1, s, s ? 0 : 900, TimeSpan.Zero, true))],
        PartitionState.Online, "");
}
