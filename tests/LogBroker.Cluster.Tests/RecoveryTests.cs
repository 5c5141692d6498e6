using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>What a start makes of what it finds.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task WithoutItsStateStoreALoneNodeGoesOnFromItsSegmentsInHigherEpochs()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 2);
        await broker.ProduceOk("a", 0, TestBatches.Of(5));
        await broker.Restart();
        await broker.ProduceOk("a", 0, TestBatches.Of(5));
        Epoch before = broker.Partition("a").LeaderEpoch;
        broker.State.Wipe();
        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Equal(10, (await broker.ReadAll("a")).Count);
        Assert.True(broker.Partition("a").LeaderEpoch > before);
        Assert.Equal(new Offset(10), await broker.ProduceOk("a", 0, TestBatches.Of(1)));
        Assert.Equal(PartitionState.Online, broker.Partition("a", 1).State);
    }

    [Fact]
    public async Task ADamagedPartitionIsQuarantinedAndTheOthersServe()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 2);
        for (int i = 0; i < 8; i++)
        {
            await broker.ProduceOk("a", i % 2, TestBatches.Of(1, 30_000));
        }

        await broker.Broker.StopAsync(CancellationToken.None);
        string file = broker.LogFile("a", "/0/00000000000000000000.log");
        broker.Disk.Corrupt(file, bytes => bytes[5_000] ^= 1);
        await broker.Open();
        using (FetchAnswer answer = await broker.FetchOk("a", 0, Offset.Zero))
        {
            Assert.Equal(ErrorCode.PartitionQuarantined, answer.Items[0].Error!.Code);
        }

        Assert.Equal(ErrorCode.PartitionQuarantined, (await broker.Produce("a", 0, TestBatches.Of(1))).Error!.Code);
        PartitionDescription damaged = broker.Partition("a", 0);
        Assert.Equal(PartitionState.Quarantined, damaged.State);
        Assert.Contains(file, damaged.Detail, StringComparison.Ordinal);
        Assert.Equal(1, broker.Broker.Status.PartitionsQuarantined);
        Assert.Equal(4, (await broker.ReadAll("a", 1)).Count);
        await broker.ProduceOk("a", 1, TestBatches.Of(1));
        Assert.True((await broker.DeleteTopic("a")).IsOk);
    }

    [Fact]
    public async Task ADirectoryThatNobodyKnowsIsReportedAndLeft()
    {
        var log = new RecordingLoggers();
        TestBroker broker = TestBroker.New();
        broker.Loggers = log;
        await broker.Open();
        await broker.Create("a");
        await broker.Broker.StopAsync(CancellationToken.None);
        broker.Disk.CreateDirectory("/data/topics/lost~0badf00d");
        broker.Disk.CreateDirectory("/data/topics/lost~0badf00d/0");
        broker.Disk.Open("/data/topics/lost~0badf00d/0/00000000000000000000.log", Storage.DiskAccess.CreateNew).Dispose();
        await broker.Open();
        Assert.Contains(broker.Disk.AllFiles, f => f.Contains("lost~0badf00d", StringComparison.Ordinal));
        Assert.Contains(log.Lines, l => l.Contains("lost~0badf00d", StringComparison.Ordinal));
        await broker.DisposeAsync();
    }

    [Fact]
    public async Task AMetadataLogOfANewerVersionRefusesTheStart()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Broker.StopAsync(CancellationToken.None);
        string file = broker.LogFile("__cluster_metadata");
        using (var builder = new BatchBuilder(1000))
        {
            Assert.True(builder.TryAppend(1, OptionalBytes.Null, (ReadOnlySpan<byte>)[9, 1, 2, 3]));
            byte[] batch = builder.Finish().ToArray();
            BatchHeader.StampLeaderEpoch(batch, new Epoch(1));
            long length = broker.Disk.ReadAll(file).Length;
            broker.Disk.CorruptLength(file, length + batch.Length);
            broker.Disk.Corrupt(file, bytes => batch.CopyTo(bytes, (int)length));
        }

        Result<Broker> opened = await broker.TryOpen();
        Assert.False(opened.IsOk);
        Assert.Equal(ErrorCode.UnsupportedVersion, opened.Error.Code);
        Assert.Contains("version 9", opened.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADirectoryInUseOrOfAnotherNodeIsRefused()
    {
        await using TestBroker broker = await TestBroker.Open();
        Result<Broker> second = await broker.TryOpen();
        Assert.Contains("another process", second.Error!.Message, StringComparison.Ordinal);
        await broker.Broker.StopAsync(CancellationToken.None);
        broker.Settings = broker.Settings with { NodeId = new NodeId(2) };
        Assert.Contains("belongs to node 1", (await broker.TryOpen()).Error!.Message, StringComparison.Ordinal);
        broker.Settings = broker.Settings with { NodeId = new NodeId(1) };
        await broker.Open();
    }

    [Fact]
    public async Task ManyPartitionsStartWithOneSyncedWriteOfTheirHardStates()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 40);
        await broker.Restart();
        Assert.All(broker.Broker.DescribeTopic("a").Value.Partitions, p => Assert.Equal(new Epoch(2), p.LeaderEpoch));
    }

    [Fact]
    public async Task AWriteOfHardStateThatFailsEndsTheProcess()
    {
        await using TestBroker broker = await TestBroker.Open();
        broker.State.Fault = () => new Storage.DiskFailedException("write", "state", 5, "input/output error");
        await Assert.ThrowsAnyAsync<Storage.DiskException>(() => broker.Create("a"));
        Assert.NotNull(broker.Fatal.Cause);
        broker.State.Fault = null;
        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Equal(PartitionState.Online, broker.Partition("a").State); // the creation was committed
    }

    [Fact]
    public void BadSettingsAreRefusedByName()
    {
        var settings = new BrokerSettings { DataDirectory = "/data", ProducersPerPartitionMax = 0 };
        Assert.Contains("ProducersPerPartitionMax", settings.Check()!.Message, StringComparison.Ordinal);
        Assert.Null(new BrokerSettings { DataDirectory = "/data" }.Check());
    }
}
