using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

public sealed class KafkaSystemTests
{
    [Fact]
    public void Without_a_home_it_is_absent_and_says_which_option_it_wants() =>
        Assert.Contains("--kafka-home", new KafkaSystem(null, null).WhyAbsent());

    [Fact]
    public void A_directory_without_kafka_is_named() =>
        Assert.Contains("no-such-directory", new KafkaSystem("no-such-directory", null).WhyAbsent());

    [Fact]
    public void Every_scenario_can_be_run_with_kafkas_own_tools() =>
        Assert.All(
            WorkloadCatalogue.All.SelectMany(w => w.Scenarios),
            s => Assert.Contains("java", new KafkaSystem("k", null).ClientsFor(s)));

    [Fact]
    public void Without_kgo_bench_there_is_no_second_client() =>
        Assert.All(WorkloadCatalogue.All.SelectMany(w => w.Scenarios), s => Assert.Single(new KafkaSystem("k", null).ClientsFor(s)));

    [Theory]
    [InlineData("W1-A", true)]
    [InlineData("W2-B-64", true)]
    [InlineData("W5-B-5000", true)]
    [InlineData("W7-B-256", true)]
    [InlineData("W8-warm-1", true)]
    [InlineData("W8-warm-4", false)]
    [InlineData("W8-cold-1", false)]
    [InlineData("W4-A", false)]
    [InlineData("W12-idle-256", false)]
    public void Kgo_bench_is_used_where_it_does_the_same(string name, bool isUsed)
    {
        Scenario scenario = WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Single(s => s.Name == name);
        Assert.Equal(isUsed, new KafkaSystem("k", "kgo-bench").ClientsFor(scenario).Contains("franz-go"));
    }

    [Fact]
    public void Only_class_B_topics_are_flushed()
    {
        Assert.Empty(KafkaProperties.Topic(DurabilityClass.A));
        Assert.Equal("1", KafkaProperties.Topic(DurabilityClass.B)["flush.messages"]);
    }

    [Fact]
    public void The_broker_takes_the_batches_of_the_scenario()
    {
        Scenario scenario = WorkloadCatalogue.All[0].Scenarios[0];
        var alone = new KafkaMembers([1], [2]);
        Assert.Contains("message.max.bytes=1048588", KafkaProperties.Broker(alone, 0, "d", scenario));
        Assert.Contains(
            "message.max.bytes=4259840", KafkaProperties.Broker(alone, 0, "d", scenario with { BatchBytesMax = 4 << 20 }));
    }
}
