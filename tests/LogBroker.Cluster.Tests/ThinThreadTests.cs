using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>One record in, acknowledged, power lost, and out again.</summary>
public sealed class ThinThreadTests
{
    [Fact]
    public async Task AnAcknowledgedRecordSurvivesAPowerCut()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("orders", 2);
        byte[] batch = TestBatches.Of(3, timestampMs: broker.NowMs);
        ProduceOutcome first = await broker.Produce("orders", 1, batch);
        Assert.Null(first.Error);
        Assert.Equal(Offset.Zero, first.BaseOffset);
        Assert.Equal(ReachedDurability.QuorumFsync, first.Durability);
        Assert.Equal(new Epoch(1), first.LeaderEpoch);

        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Equal([0, 1, 2], (await broker.ReadAll("orders", 1)).Select(r => r.Offset));
        Assert.Equal(PartitionState.Online, broker.Partition("orders", 1).State);
        Assert.Equal(new Epoch(2), broker.Partition("orders", 1).LeaderEpoch);
        Assert.Equal(new Offset(3), await broker.ProduceOk("orders", 1, batch));
        Assert.Equal(6, (await broker.ReadAll("orders", 1)).Count);
        Assert.Null(broker.Fatal.Cause);
    }

    [Fact]
    public async Task ACleanRestartKeepsEverything()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 1, ("retention.ms", "7d"), ("segment.bytes", "128KiB"));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(new Offset(i * 5), await broker.ProduceOk("a", 0, TestBatches.Of(5)));
        }

        await broker.Restart();
        Assert.Equal(50, (await broker.ReadAll("a")).Count);
        Assert.Equal("131072", broker.Broker.DescribeTopic("a").Value.Overrides["segment.bytes"]);
        Assert.Equal(128 << 10, broker.Broker.Topics.Find("a")!.Config.SegmentBytesMax);
    }

    [Fact]
    public async Task AThreadedBrokerDoesTheSame()
    {
        await using TestBroker broker = await TestBroker.Open(isThreaded: true);
        await broker.Create("a", 4);
        for (int i = 0; i < 40; i++)
        {
            await broker.ProduceOk("a", i % 4, TestBatches.Of(5));
        }

        await broker.Restart();
        for (int p = 0; p < 4; p++)
        {
            Assert.Equal(50, (await broker.ReadAll("a", p)).Count);
        }
    }
}
