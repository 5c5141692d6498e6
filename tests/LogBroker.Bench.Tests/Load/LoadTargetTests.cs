using LogBroker.Bench.Load;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;
using LogBroker.Client;

namespace LogBroker.Bench.Tests.Load;

public sealed class LoadTargetTests
{
    [Fact]
    public void Every_scenario_of_the_catalogue_can_be_run() =>
        Assert.All(WorkloadCatalogue.All.SelectMany(w => w.Scenarios), s => Target(s).Check());

    [Fact]
    public void The_producer_has_the_batching_of_the_scenario_and_safe_defaults()
    {
        Scenario scenario = WorkloadCatalogue.All[0].Scenarios[0] with { BatchBytesMax = 99_999, InFlightBytesMax = 1_000_000 };
        ProducerOptions options = Target(scenario).ProducerOptions();
        Assert.Equal(new ProducerOptions { BatchBytes = 99_999, BufferBytes = 1_000_000, Linger = scenario.Linger }, options);
    }

    [Fact]
    public void Classes_differ_by_the_durability_of_the_topic()
    {
        Assert.Equal("memory", LoadTarget.TopicConfig(DurabilityClass.A)["durability"]);
        Assert.Empty(LoadTarget.TopicConfig(DurabilityClass.B));
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(4, 3)]
    [InlineData(2, 4)]
    [InlineData(1, 0)]
    public void Readers_share_the_partitions(int partitions, int consumers)
    {
        LoadTarget target = Target(WorkloadCatalogue.All[0].Scenarios[0] with { Partitions = partitions, Consumers = consumers });
        int[][] shares = [.. Enumerable.Range(0, target.ReaderCount).Select(target.PartitionsOf)];
        Assert.All(shares, Assert.NotEmpty);
        Assert.Equal(Enumerable.Range(0, partitions), shares.SelectMany(s => s).Order());
    }

    [Fact]
    public void A_value_without_room_for_its_head_is_refused() =>
        Assert.Throws<BenchException>(() => Target(WorkloadCatalogue.All[0].Scenarios[0] with { ValueBytes = 8 }).Check());

    [Fact]
    public void Fewer_or_other_records_than_acknowledged_are_not_complete()
    {
        var written = new ClientResult { Client = "sdk", RecordsAcknowledged = 10, ValuesChecksum = 5 };
        Assert.True(VerifyLoad.Compare(written, 10, 5).IsComplete);
        Assert.False(VerifyLoad.Compare(written, 10, 6).IsComplete);
        Assert.False(VerifyLoad.Compare(written, 9, 5).IsComplete);
        Assert.True(VerifyLoad.Compare(written, 11, 6).IsComplete);
        Assert.Null(VerifyLoad.Compare(written with { ValuesChecksum = null }, 10, 6).ChecksumMatches);
    }

    private static LoadTarget Target(Scenario scenario) => new("localhost:7070", "bench", scenario);
}
