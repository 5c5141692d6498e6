using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Idempotent producers through the whole broker: retries neither reorder nor duplicate, whatever happens in between.</summary>
public sealed class IdempotenceTests
{
    [Fact]
    public async Task ProducerIdsAreNeverHandedOutTwice()
    {
        await using TestBroker broker = await TestBroker.Open();
        var ids = new HashSet<long>();
        for (int life = 0; life < 4; life++)
        {
            for (int i = 0; i < 700; i++)
            {
                Result<ProducerIdentity> producer = await broker.Broker.InitProducer(null, CancellationToken.None);
                Assert.Equal(0, producer.Value.Epoch);
                Assert.True(ids.Add(producer.Value.Id.Value));
            }

            await (life % 2 == 0 ? broker.Restart() : broker.Crash(LossMode.LoseUnsynced));
        }
    }

    [Fact]
    public async Task AKnownProducerGetsItsNextEpochAndAnInventedOneNothing()
    {
        await using TestBroker broker = await TestBroker.Open();
        ProducerIdentity producer = (await broker.Broker.InitProducer(null, CancellationToken.None)).Value;
        Assert.Equal(producer with { Epoch = 1 }, (await broker.Broker.InitProducer(producer, CancellationToken.None)).Value);
        ProducerIdentity last = producer with { Epoch = short.MaxValue };
        ProducerIdentity fresh = (await broker.Broker.InitProducer(last, CancellationToken.None)).Value;
        Assert.True(fresh.Id.Value > producer.Id.Value && fresh.Epoch == 0);
        foreach (long id in new long[] { 900, 1 << 30, 0, -1 })
        {
            var invented = new ProducerIdentity(new ProducerId(id), 0);
            Assert.Equal(ErrorCode.UnknownProducer, (await broker.Broker.InitProducer(invented, CancellationToken.None)).Error!.Code);
        }

        await broker.Restart();
        Assert.Equal(producer with { Epoch = 1 }, (await broker.Broker.InitProducer(producer, CancellationToken.None)).Value);
    }

    [Theory]
    [InlineData("restart")]
    [InlineData("crash")]
    [InlineData("lost state")]
    public async Task Row28_DuplicatesAreKnownAfter(string what)
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(3));
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(new Offset(3 + (2 * i)), await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 2 * i, 2)));
        }

        switch (what)
        {
            case "restart":
                await broker.Restart();
                break;
            case "crash":
                await broker.Crash(LossMode.LoseUnsynced);
                break;
            default:
                broker.State.Wipe();
                await broker.Crash(LossMode.LoseUnsynced);
                break;
        }

        for (int i = 3; i < 8; i++)
        {
            ProduceOutcome again = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 2 * i, 2));
            Assert.True(again.IsDuplicate);
            Assert.Null(again.Error);
            Assert.Equal(new Offset(3 + (2 * i)), again.BaseOffset);
            Assert.Equal(ReachedDurability.QuorumFsync, again.Durability);
            Assert.Equal(new Epoch(1), again.LeaderEpoch);
        }

        Assert.Equal(ErrorCode.DuplicateSequence, (await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 4, 2))).Error!.Code);
        Assert.Equal(ErrorCode.OutOfOrderSequence, (await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 18, 2))).Error!.Code);
        Assert.Equal(ErrorCode.SequenceReuse, (await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 14, 2, fill: 9))).Error!.Code);
        Assert.Equal(ErrorCode.UnknownProducer, (await broker.Produce("a", 0, ProducerBatches.Of(8, 0, 1))).Error!.Code);
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 1, 0));
        Assert.Equal(ErrorCode.ProducerFenced, (await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 16))).Error!.Code);
        Assert.Equal(20, (await broker.ReadAll("a")).Count);
    }

    [Fact]
    public async Task StateSurvivesTheDeletionOfItsRecords()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        for (int i = 0; i < 4; i++)
        {
            await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 100 * i, 100));
            await broker.ProduceOk("a", 0, TestBatches.Of(1, 40_000));
        }

        Assert.True((await broker.DeleteRecords("a", -1)).IsOk);
        Assert.Empty(await broker.ReadAll("a"));
        await broker.Restart();
        Assert.True((await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 300, 100))).IsDuplicate);
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 400));
    }

    [Fact]
    public async Task ADuplicateInFlightWaitsForTheSameAck()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        byte[] batch = ProducerBatches.Of(7, 0, 0, 3);
        Outcome first = broker.Send("a", 0, batch);
        Outcome second = broker.Send("a", 0, batch);
        var threads = (PumpedThreads)broker.Broker.Threads;
        Assert.True(threads.Step()); // appended, not flushed
        Outcome third = broker.Send("a", 0, batch);
        Assert.True(threads.Step());
        Assert.False(first.IsDone || second.IsDone || third.IsDone);
        broker.Pump();
        Assert.Equal(Offset.Zero, (await first.Value).BaseOffset);
        Assert.False((await first.Value).IsDuplicate);
        foreach (Outcome again in new[] { second, third })
        {
            Assert.True((await again.Value).IsDuplicate);
            Assert.Equal(Offset.Zero, (await again.Value).BaseOffset);
            Assert.Equal(ReachedDurability.QuorumFsync, (await again.Value).Durability);
        }

        Assert.Equal(3, (await broker.ReadAll("a")).Count);
    }

    [Fact]
    public async Task AfterARefusedBatchLaterOnesOfTheStreamAreRefusedUntilItIsResent()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.Create("b");
        var stream = new Outcomes();
        byte[] good = ProducerBatches.Of(7, 0, 5, 5);
        byte[] bad = [.. good];
        bad[^1] ^= 1;
        Outcome[] outcomes =
        [
            broker.Send("a", 0, ProducerBatches.Of(7, 0, 0, 5), stream: stream),
            broker.Send("a", 0, bad, stream: stream),
            broker.Send("a", 0, ProducerBatches.Of(7, 0, 10, 5), stream: stream),
            broker.Send("a", 0, ProducerBatches.Of(7, 0, 15, 5), stream: stream),
            broker.Send("b", 0, ProducerBatches.Of(7, 0, 0, 5), stream: stream),
            broker.Send("a", 0, ProducerBatches.Of(9, 0, 0, 5), stream: stream),
            broker.Send("a", 0, TestBatches.Of(1), stream: stream),
        ];
        broker.Pump();
        ErrorCode?[] codes = [.. outcomes.Select(o => o.Answer.Error?.Code)];
        Assert.Equal(
            [null, ErrorCode.CorruptBatch, ErrorCode.EarlierBatchFailed, ErrorCode.EarlierBatchFailed, null, null, null], codes);
        Assert.Equal("5", outcomes[2].Answer.Error!.Metadata["expectedSequence"]);

        byte[][] again = [good, ProducerBatches.Of(7, 0, 10, 5), ProducerBatches.Of(7, 0, 15, 5)];
        Outcome[] resent = [.. again.Select(b => broker.Send("a", 0, b, stream: stream))];
        broker.Pump();
        Assert.All(resent, o => Assert.Null(o.Answer.Error));

        // Without a refusal on the stream a gap is a gap, and fatal.
        ProduceOutcome gap = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 30), stream: new Outcomes());
        Assert.Equal(ErrorCode.OutOfOrderSequence, gap.Error!.Code);
        Assert.Equal(20 + 5 + 1, (await broker.ReadAll("a")).Count);
    }

    [Fact]
    public async Task ABatchRefusedInFrontOfTheQueueExplainsTheGapBehindIt()
    {
        await using TestBroker broker = await TestBroker.Open();
        var stream = new Outcomes();
        Outcome nowhere = broker.Send("a", 0, ProducerBatches.Of(7, 0, 0, 5), stream: stream);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, nowhere.Answer.Error!.Code);
        await broker.Create("a");
        ProduceOutcome second = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 5, 5), stream: stream);
        Assert.Equal(ErrorCode.EarlierBatchFailed, second.Error!.Code);
        Assert.Equal("0", second.Error.Metadata["expectedSequence"]);

        // The first one still waits in the queue when the second is refused in front of it.
        Outcome first = broker.Send("a", 0, ProducerBatches.Of(7, 0, 0, 5), stream: stream);
        Outcome refused = broker.Send("a", 0, ProducerBatches.Of(7, 0, 5, 5), (RequiredAcks)9, stream);
        Outcome third = broker.Send("a", 0, ProducerBatches.Of(7, 0, 10, 5), stream: stream);
        broker.Pump();
        Assert.Null(first.Answer.Error);
        Assert.Equal(ErrorCode.InvalidRequiredAcks, refused.Answer.Error!.Code);
        Assert.Equal(ErrorCode.EarlierBatchFailed, third.Answer.Error!.Code);
        Assert.Equal("5", third.Answer.Error.Metadata["expectedSequence"]);

        Assert.Null((await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 5, 5), stream: stream)).Error);
        Assert.Null((await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 10, 5), stream: stream)).Error);
        ProduceOutcome gap = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 20, 5), stream: stream);
        Assert.Equal(ErrorCode.OutOfOrderSequence, gap.Error!.Code);
    }

    [Fact]
    public void RefusalsOfOtherEpochsAreForgottenAndTheOldestMakesRoom()
    {
        var refusals = new EarlierRefusals();
        var stream = new Outcomes();
        var partition = new TopicPartition("a", 0);
        ProducerBatch Batch(long id, int epoch, int sequence) => new(new ProducerId(id), (short)epoch, sequence, sequence, 100, null);
        for (int epoch = 0; epoch < 2 * EarlierRefusals.RefusalsPerStreamMax; epoch++)
        {
            refusals.Note(stream, partition, Batch(7, epoch, epoch));
            Assert.True(refusals.TryFind(stream, partition, Batch(7, epoch, epoch + 1), out int sequence));
            Assert.Equal(epoch, sequence);
            Assert.False(refusals.TryFind(stream, partition, Batch(7, epoch - 1, epoch + 1), out _));
        }

        for (int id = 0; id < EarlierRefusals.RefusalsPerStreamMax; id++)
        {
            refusals.Note(stream, partition, Batch(100 + id, 0, 0));
        }

        Assert.False(refusals.TryFind(stream, partition, Batch(7, (2 * EarlierRefusals.RefusalsPerStreamMax) - 1, 1 << 20), out _));
        Assert.True(refusals.TryFind(stream, partition, Batch(100, 0, 1), out _));
        Assert.False(refusals.TryFind(stream, new TopicPartition("a", 1), Batch(100, 0, 1), out _));
        Assert.False(refusals.TryFind(new Outcomes(), partition, Batch(100, 0, 1), out _));
    }

    [Fact]
    public async Task AProducerWithAWindowOfUnflushedBatchesIsKnownAfterAPowerLoss()
    {
        await using TestBroker broker = await TestBroker.Open(
            with: s => s with { RetentionCheckMs = 100, SnapshotIntervalBytes = 1 });
        await broker.Create("a");
        for (int i = 0; i < 3; i++)
        {
            await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, i));
        }

        var threads = (PumpedThreads)broker.Broker.Threads;
        Outcome[] unflushed =
            [.. Enumerable.Range(3, Limits.ProducerWindowBatches).Select(i => broker.Send("a", 0, ProducerBatches.Of(7, 0, i)))];
        Assert.True(threads.Step()); // appended, not flushed
        broker.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(threads.Step()); // snapshots are looked at
        Assert.True(threads.Step());
        Assert.All(unflushed, o => Assert.False(o.IsDone));
        var mark = new StateBatch();
        mark.Put([255, 1], [1]);
        broker.State.Write(mark, sync: true); // what the broker stored of it is not lost
        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Equal(3, (await broker.ReadAll("a")).Count);
        Assert.True((await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 2))).IsDuplicate);
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 3));
    }

    [Fact]
    public async Task ASnapshotIsStoredOnceTheLogIsDurableUpToIt()
    {
        await using TestBroker broker = await TestBroker.Open(
            with: s => s with { RetentionCheckMs = 100, SnapshotIntervalBytes = 1 });
        await broker.Create("a");
        PartitionReplica replica = broker.Broker.Hosted.Find("a")!.Partitions[0].Replica!;
        byte[]? Stored() => broker.State.Get(StateKey.Of(replica.Id, StateKind.ProducerSnapshot));
        byte[]? before = Stored();
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 0));
        var threads = (PumpedThreads)broker.Broker.Threads;
        broker.Send("a", 0, ProducerBatches.Of(7, 0, 1));
        Assert.True(threads.Step());
        replica.Maintain();
        Assert.True(threads.Step());
        Assert.Equal(before, Stored());
        broker.Pump();
        replica.Maintain();
        broker.Pump();
        var table = new ProducerTable(10, 1_000_000);
        Assert.Equal(new Offset(2), ProducerSnapshot.Read(Stored(), table, new Offset(2), 0));
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public async Task ANewProducerWhoseFirstBatchIsRefusedIsNotUnknown()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        var stream = new Outcomes();
        byte[] bad = ProducerBatches.Of(7, 0, 0, 5);
        bad[^1] ^= 1;
        Outcome first = broker.Send("a", 0, bad, stream: stream);
        Outcome second = broker.Send("a", 0, ProducerBatches.Of(7, 0, 5, 5), stream: stream);
        broker.Pump();
        Assert.Equal(ErrorCode.CorruptBatch, (await first.Value).Error!.Code);
        Assert.Equal(ErrorCode.EarlierBatchFailed, (await second.Value).Error!.Code);
    }

    [Fact]
    public async Task SilentProducersAreForgottenByRunningTimeNotByTheClock()
    {
        await using TestBroker broker = await TestBroker.Open(with: s => s with { ProducerExpiryMs = 3_600_000, RetentionCheckMs = 1_000 });
        await broker.Create("a");
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 0));
        broker.Time.Advance(TimeSpan.FromMinutes(59));
        broker.Pump();
        Assert.True((await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 0))).IsDuplicate);
        broker.Time.Advance(TimeSpan.FromMinutes(2));
        broker.Pump();
        Assert.Equal(ErrorCode.UnknownProducer, (await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 1))).Error!.Code);
    }

    [Fact]
    public async Task AppendTimeTopicsKnowTheirDuplicatesThoughTheBrokerStampedThem()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 1, ("message.timestamp.type", "LogAppendTime"));
        ProduceOutcome first = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 0, 2));
        Assert.Equal(broker.NowMs, first.AppendTimeMs);
        broker.Time.Advance(TimeSpan.FromSeconds(5));
        foreach (bool crash in new[] { false, true })
        {
            if (crash)
            {
                await broker.Crash(LossMode.LoseUnsynced);
            }

            ProduceOutcome again = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 0, 2));
            Assert.True(again.IsDuplicate);
            Assert.Equal(first.AppendTimeMs, again.AppendTimeMs);
        }

        Assert.Equal(2, (await broker.ReadAll("a")).Count);
    }
}
