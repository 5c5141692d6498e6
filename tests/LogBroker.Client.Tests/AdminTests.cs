using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

public sealed class AdminTests
{
    [Fact]
    public async Task TopicsAreCreatedDescribedChangedAndDeleted()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync();
        await using LogBrokerClient client = Clients.Of(broker);
        Assert.Equal(2, (await client.Topics.CreateAsync("t", t => t.Partitions = 2)).Partitions.Count);
        var exists = await Assert.ThrowsAsync<LogBrokerException>(() => client.Topics.CreateAsync("t"));
        Assert.Equal(ErrorCode.TopicAlreadyExists, exists.Reason);
        Assert.Equal(2, (await client.Topics.EnsureAsync("t", t => t.Partitions = 9)).Partitions.Count);
        Assert.Equal(5, (await client.Topics.AddPartitionsAsync("t", 5)).Partitions.Count);
        TopicDescription changed = await client.Topics.UpdateAsync("t", new Dictionary<string, string> { ["retention.ms"] = "1" });
        Assert.Equal(new TopicConfigEntry("retention.ms", "1", ConfigOrigin.Topic, string.Empty), Assert.Single(changed.Config));
        await client.Topics.DeleteAsync("t");
        var unknown = await Assert.ThrowsAsync<LogBrokerException>(() => client.Topics.GetAsync("t"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, unknown.Reason);
    }

    [Fact]
    public async Task AllPagesOfTopicsAreListed()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        Assert.Equal(["a", "b", "c", "d", "e"], await client.Topics.ListAsync().Select(t => t.Name).ToListAsync());
    }

    [Fact]
    public async Task RecordsAreDeletedUpToAnOffset()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < 4; i++)
        {
            await producer.ProduceAsync("t", ProducerFaultTests.Record(i, 0));
        }

        IReadOnlyDictionary<int, long> starts = await client.Topics.DeleteRecordsAsync(
            "t", new Dictionary<int, long> { [0] = 3, [1] = -1 });
        Assert.Equal(3, starts[0]);
        Assert.Equal(0, starts[1]);
        IReadOnlyList<ListedOffset> listed = await client.ListOffsetsAsync("t", Position.Start);
        Assert.Equal([3, 0], listed.Select(l => l.Offset));
    }

    [Fact]
    public async Task StatusAndConfigurationAreTranslated()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync();
        await using LogBrokerClient client = Clients.Of(broker);
        ClusterStatus status = await client.Cluster.GetStatusAsync();
        Assert.Equal(TimeSpan.FromSeconds(1.5), status.Uptime);
        Assert.Equal("all is well", status.Summary);
        Assert.Equal("Node:Id", Assert.Single(await client.Cluster.ListConfigAsync()).Key);
        Assert.Equal("fake", (await client.Cluster.GetMetadataAsync()).ClusterId);
    }

    [Fact]
    public async Task ABadNameIsRefusedWithoutAskingAnybody()
    {
        await using var client = new LogBrokerClient("localhost:1");
        var e = await Assert.ThrowsAsync<LogBrokerException>(() => client.Topics.CreateAsync("a/b"));
        Assert.Equal(ErrorCode.InvalidTopic, e.Reason);
        Assert.Throws<LogBrokerException>(() => client.CreateProducer<string, string>(".."));
    }
}
