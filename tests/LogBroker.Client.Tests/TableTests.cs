using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>A compacted topic by key.</summary>
public sealed class TableTests
{
    [Fact]
    public async Task WhatWasPutIsFoundAndWhatWasDeletedIsNot()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("stock", 3));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Table<string, long> stock = client.OpenTable<string, long>("stock");
        ProduceReceipt first = await stock.PutAsync("apples", 3);
        await stock.PutAsync("apples", 5);
        await stock.PutAsync("pears", 1);
        TableEntry<string, long> apples = await stock.GetAsync("apples");
        Assert.True(apples.HasValue);
        Assert.Equal(5, apples.Value);
        Assert.Equal((first.Partition, first.Offset + 1), (apples.Partition, apples.Offset));
        Assert.Equal(TimeSpan.Zero, apples.Freshness.Behind);
        Assert.Equal(broker.Partition("stock", apples.Partition).End, apples.Freshness.AppliedOffset);
        await stock.DeleteAsync("apples");
        Assert.False((await stock.GetAsync("apples", new TableReadOptions { Linearizable = true })).HasValue);
        IReadOnlyList<TableEntry<string, long>> many = await stock.GetManyAsync(["pears", "apples", "plums", "pears"]);
        Assert.Equal(["pears 1", "apples -", "plums -", "pears 1"], many.Select(e => $"{e.Key} {(e.HasValue ? $"{e.Value}" : "-")}"));
    }

    [Fact]
    public async Task AScanGoesOverAllPartitionsAndGoesOnWhereItWasCut()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("stock", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Table<string, int> stock = client.OpenTable<string, int>("stock");
        for (int i = 0; i < 20; i++)
        {
            await stock.PutAsync($"a{i:D2}", i);
            await stock.PutAsync($"b{i:D2}", -i);
        }

        broker.LosesAnswer = true;
        List<TableEntry<string, int>> found = await stock.ScanAsync("a").ToListAsync();
        Assert.False(broker.LosesAnswer);
        Assert.Equal(Enumerable.Range(0, 20), found.Select(static e => e.Value).Order());
        Assert.All(
            found.GroupBy(static e => e.Partition),
            static p => Assert.Equal(p.Select(static e => e.Key).Order(StringComparer.Ordinal), p.Select(static e => e.Key)));
        Assert.Equal(40, await stock.ScanAsync().CountAsync());
    }

    [Fact]
    public async Task ALeaderThatMovesIsFollowedAndFollowersMayAnswer()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await using Table<string, string> table = client.OpenTable<string, string>("t");
        await table.PutAsync("k", "v");
        cluster.Elect(0, 2);
        Assert.Equal("v", (await table.GetAsync("k")).Value);
        await cluster.Node(2).KillAsync();
        Assert.Equal("v", (await table.GetAsync("k", new TableReadOptions { AllowFollowers = true })).Value);
        Assert.Throws<ArgumentException>(() => new TableReadOptions { AllowFollowers = true, Linearizable = true }.Validate());
    }

    [Fact]
    public async Task ATopicThatIsNotCompactedIsNoTable()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("log", 1));
        broker.IsTable = static _ => false;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Table<string, string> table = client.OpenTable<string, string>("log");
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(() => table.GetAsync("k").AsTask());
        Assert.Equal(ErrorCode.NotATable, refused.Reason);
        refused = await Assert.ThrowsAsync<LogBrokerException>(() => table.ScanAsync().CountAsync().AsTask());
        Assert.Equal(ErrorCode.NotATable, refused.Reason);
        await Assert.ThrowsAsync<ArgumentNullException>(() => table.GetAsync(null!).AsTask());
    }
}
