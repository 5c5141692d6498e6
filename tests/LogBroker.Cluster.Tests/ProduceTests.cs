using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>The produce path: acks, order, back-pressure, refusals and failures of the disk.</summary>
public sealed class ProduceTests
{
    [Fact]
    public async Task AcksSayWhatWasReached()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("disk");
        await broker.Create("memory", 1, ("durability", "memory"));
        (string, RequiredAcks, ReachedDurability)[] rows =
        [
            ("disk", RequiredAcks.Quorum, ReachedDurability.QuorumFsync),
            ("disk", RequiredAcks.Leader, ReachedDurability.LeaderFsync),
            ("disk", RequiredAcks.None, ReachedDurability.None),
            ("memory", RequiredAcks.Quorum, ReachedDurability.QuorumMemory),
            ("memory", RequiredAcks.Leader, ReachedDurability.LeaderMemory),
            ("memory", RequiredAcks.None, ReachedDurability.None),
        ];
        foreach ((string topic, RequiredAcks acks, ReachedDurability reached) in rows)
        {
            ProduceOutcome outcome = await broker.Produce(topic, 0, TestBatches.Of(1), acks);
            Assert.Null(outcome.Error);
            Assert.Equal(reached, outcome.Durability);
            Assert.Equal(acks == RequiredAcks.None, outcome.BaseOffset == Offset.None);
        }

        Assert.Equal(3, (await broker.ReadAll("disk")).Count);
        Assert.Equal(3, (await broker.ReadAll("memory")).Count);
    }

    [Fact]
    public async Task AMemoryTopicIsNotSyncedForItsRecordsAndADurableOneIsBeforeTheAck()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("disk");
        await broker.Create("memory", 1, ("durability", "memory"));
        int before = broker.Disk.Syncs;
        for (int i = 0; i < 20; i++)
        {
            await broker.ProduceOk("memory", 0, TestBatches.Of(1));
        }

        Assert.Equal(before, broker.Disk.Syncs);
        for (int i = 0; i < 20; i++)
        {
            await broker.ProduceOk("disk", 0, TestBatches.Of(1));
        }

        Assert.Equal(before + 20, broker.Disk.Syncs);
    }

    [Fact]
    public async Task OneFlushAnswersEverybodyWhoWaits()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 2);
        int before = broker.Disk.Syncs;
        Outcome[] outcomes = [.. Enumerable.Range(0, 100).Select(i => broker.Send("a", i % 2, TestBatches.Of(2)))];
        broker.Pump();
        Assert.All(outcomes, o => Assert.Null(o.Answer.Error));
        Assert.Equal(before + 2, broker.Disk.Syncs);
    }

    [Fact]
    public async Task AnswersOfAPartitionComeInTheOrderOfTheBatches()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        var stream = new Outcomes();
        byte[] bad = TestBatches.Of(1);
        bad[30] ^= 1;
        for (int i = 0; i < 30; i++)
        {
            broker.Send("a", 0, i % 3 == 1 ? bad : TestBatches.Of(1), (RequiredAcks)(1 + (i % 2)), stream);
        }

        broker.Pump();
        Assert.Equal(Enumerable.Range(0, 30).Select(i => (ulong)i), stream.Order);
    }

    [Fact]
    public async Task AFullQueueAnswersBusyAndTheNodeLives()
    {
        await using TestBroker broker = await TestBroker.Open(with: s => s with { ProduceQueueBatchesMax = 10 });
        await broker.Create("a");
        Outcome[] outcomes = [.. Enumerable.Range(0, 15).Select(_ => broker.Send("a", 0, TestBatches.Of(1)))];
        broker.Pump();
        Assert.Equal(10, outcomes.Count(o => o.Answer.Error is null));
        Assert.All(outcomes.Skip(10), o => Assert.Equal(ErrorCode.Busy, o.Answer.Error!.Code));
        Assert.Equal(10, (await broker.ReadAll("a")).Count);
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
    }

    [Fact]
    public async Task ACallerThatWaitsForRoomNeverMeetsBusy()
    {
        await using TestBroker broker = await TestBroker.Open(isThreaded: true, with: s => s with { ProduceQueueBatchesMax = 4 });
        await broker.Create("a");
        var stream = new Outcomes();
        var outcomes = new List<Outcome>();
        for (int i = 0; i < 500; i++)
        {
            Outcome outcome = stream.Next();
            outcomes.Add(outcome);
            var command = new ProduceCommand(new TopicPartition("a", 0), outcome.Id, RequiredAcks.Quorum, 30_000, Epoch.None);
            await broker.Broker.Produce(command, BatchBuffer.CopyOf(new System.Buffers.ReadOnlySequence<byte>(TestBatches.Of(1))), stream);
        }

        ProduceOutcome[] all = await Task.WhenAll(outcomes.Select(o => o.Value)).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(all, o => Assert.Null(o.Error));
        Assert.Equal(Enumerable.Range(0, 500).Select(i => (long)i), all.Select(o => o.BaseOffset.Value));
    }

    [Fact]
    public async Task ABatchThatIsNotAcknowledgedInTimeHasAnUnknownOutcome()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        Outcome outcome = broker.Send("a", 0, TestBatches.Of(1), timeoutMs: 1_000);
        var threads = (PumpedThreads)broker.Broker.Threads;
        Assert.True(threads.Step());
        broker.Time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.False(outcome.IsDone);
        broker.Time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.True(threads.Step());
        Assert.Equal(ErrorCode.OutcomeUnknown, (await outcome.Value).Error!.Code);

        Outcome late = broker.Send("a", 0, TestBatches.Of(1), timeoutMs: 1_000);
        broker.Time.Advance(TimeSpan.FromSeconds(2));
        broker.Pump();
        Assert.Equal(ErrorCode.Timeout, (await late.Value).Error!.Code);
        Assert.Single(await broker.ReadAll("a"));
    }

    [Fact]
    public async Task AFailedSyncEndsTheProcessAndNothingIsAcknowledgedAfterIt()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
        broker.Disk.Fault = (operation, path) =>
            operation == "fdatasync" ? new DiskFailedException(operation, path, 5, "input/output error") : null;
        Outcome first = broker.Send("a", 0, TestBatches.Of(1));
        Assert.ThrowsAny<DiskException>(broker.Pump);
        Assert.NotNull(broker.Fatal.Cause);
        broker.Disk.Fault = null; // the next sync would say yes
        Outcome second = broker.Send("a", 0, TestBatches.Of(1));
        broker.Pump();
        Assert.False(first.IsDone);
        Assert.False(second.IsDone);
        await broker.Crash(LossMode.LoseUnsynced);
        Assert.Single(await broker.ReadAll("a"));
    }

    [Fact]
    public async Task AFullDiskRefusesProducersAndNothingElseAndServiceResumes()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(5, 5_000));
        broker.Disk.TotalBytes = broker.Disk.TotalBytes - broker.Disk.Space("/data").FreeBytes;
        ProduceOutcome refused = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 0, 2_000));
        Assert.Equal(ErrorCode.DiskFull, refused.Error!.Code);
        Assert.True(broker.Broker.Status.DiskFull);
        Assert.Equal(5, (await broker.ReadAll("a")).Count);
        Assert.True((await broker.DeleteRecords("a", 2)).IsOk);
        broker.Disk.TotalBytes = 1L << 40;

        // What was refused was not remembered either: the same batch is new.
        ProduceOutcome resent = await broker.Produce("a", 0, ProducerBatches.Of(7, 0, 0, 2_000));
        Assert.Null(resent.Error);
        Assert.False(resent.IsDuplicate);
        Assert.Equal(new Offset(5), resent.BaseOffset);
        Assert.Null(broker.Fatal.Cause);
    }

    [Fact]
    public async Task ATopicCanBeDeletedWhileTheHeadroomIsAllThatIsLeft()
    {
        await using TestBroker broker = TestBroker.New();
        broker.Settings = broker.Settings with { DiskHeadroomBytes = 1 << 20 };
        broker.Disk.TotalBytes = 3 << 20;
        await broker.Open();
        await broker.Create("a");
        await broker.Create("b");
        ProduceOutcome outcome;
        do
        {
            outcome = await broker.Produce("a", 0, TestBatches.Of(1, 30_000));
        }
        while (outcome.Error is null);
        Assert.Equal(ErrorCode.DiskFull, outcome.Error.Code);
        Assert.InRange(broker.Disk.Space("/data").FreeBytes, 1 << 20, 2 << 20);
        Assert.True((await broker.DeleteTopic("a")).IsOk);
        await broker.ProduceOk("b", 0, TestBatches.Of(1, 30_000));
    }

    [Fact]
    public async Task Rows12To19_BadBatchesAreRefusedAndNothingIsWritten()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 1, ("max.message.bytes", "1000"));
        byte[] good = TestBatches.Of(2);
        (ErrorCode Code, byte[] Batch)[] rows =
        [
            (ErrorCode.EmptyBatch, []),
            (ErrorCode.CorruptBatch, good[..30]),
            (ErrorCode.CorruptBatch, good[..^1]),
            (ErrorCode.CorruptBatch, Changed(good, 70)),
            (ErrorCode.UnsupportedVersion, Changed(good, BatchHeader.MagicAt)),
            (ErrorCode.RecordTooLarge, TestBatches.Of(1, 2_000)),
            (ErrorCode.InvalidTimestamp, TestBatches.Of(1, timestampMs: broker.NowMs + 7_200_000)),
        ];
        foreach ((ErrorCode code, byte[] batch) in rows)
        {
            ProduceOutcome outcome = await broker.Produce("a", 0, batch);
            Assert.Equal(code, outcome.Error?.Code);
        }

        Assert.Empty(await broker.ReadAll("a"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await broker.Produce("b", 0, good)).Error!.Code);
        Assert.Contains("topic create b", (await broker.Produce("b", 0, good)).Error!.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await broker.Produce("a", 1, good)).Error!.Code);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await broker.Produce("a", -1, good)).Error!.Code);
        Assert.Equal(ErrorCode.InternalTopic, (await broker.Produce("__cluster_metadata", 0, good)).Error!.Code);
        Assert.Equal(ErrorCode.InvalidRequiredAcks, (await broker.Produce("a", 0, good, (RequiredAcks)9)).Error!.Code);
        await broker.ProduceOk("a", 0, good);
    }

    [Fact]
    public async Task Row14_StaleAndFutureLeaderEpochs()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.Restart();
        Epoch now = broker.Partition("a").LeaderEpoch;
        (int, ErrorCode?)[] rows =
            [(now.Value - 1, ErrorCode.FencedEpoch), (now.Value, null), (now.Value + 1, ErrorCode.UnknownEpoch), (0, null)];
        foreach ((int epoch, ErrorCode? code) in rows)
        {
            var stream = new Outcomes();
            Outcome outcome = stream.Next();
            var command = new ProduceCommand(new TopicPartition("a", 0), 0, RequiredAcks.Quorum, 1_000, new Epoch(epoch));
            _ = broker.Broker.Produce(command, BatchBuffer.CopyOf(new System.Buffers.ReadOnlySequence<byte>(TestBatches.Of(1))), stream);
            broker.Pump();
            Assert.Equal(code, (await outcome.Value).Error?.Code);
            var fetch = new FetchCommand([new FetchItem(new TopicPartition("a", 0), Offset.Zero, 1000, new Epoch(epoch))], 1, 1000, 0);
            using FetchAnswer answer = (await broker.Broker.Fetch(fetch, CancellationToken.None)).Value;
            Assert.Equal(code, answer.Items[0].Error?.Code);
        }
    }

    [Fact]
    public async Task AStoppedBrokerRefusesAndWhatWasInFlightIsAnswered()
    {
        TestBroker broker = await TestBroker.Open(isThreaded: true);
        await broker.Create("a");
        Outcome[] outcomes = [.. Enumerable.Range(0, 50).Select(_ => broker.Send("a", 0, TestBatches.Of(1)))];
        await broker.Broker.StopAsync(CancellationToken.None);
        foreach (Outcome outcome in outcomes)
        {
            ErrorCode? code = (await outcome.Value.WaitAsync(TimeSpan.FromSeconds(30))).Error?.Code;
            Assert.True(code is null or ErrorCode.ShuttingDown);
        }

        Assert.Equal(ErrorCode.ShuttingDown, (await broker.Produce("a", 0, TestBatches.Of(1))).Error!.Code);
        Assert.Equal(ErrorCode.ShuttingDown, (await broker.TryCreate("b")).Error!.Code);
        await broker.Open();
        Assert.Equal(outcomes.Count(o => o.Answer.Error is null), (await broker.ReadAll("a")).Count);
        await broker.DisposeAsync();
    }

    private static byte[] Changed(byte[] batch, int at)
    {
        byte[] changed = [.. batch];
        changed[at] ^= 0x40;
        return changed;
    }
}
