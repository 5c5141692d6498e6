using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>The fetch path: long polls, limits, positions.</summary>
public sealed class FetchTests
{
    [Fact]
    public async Task ALongPollIsWokenByTheHighWatermarkAndByNothingEarlier()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        Task<FetchAnswer> poll = broker.FetchOk("a", 0, Offset.Zero, waitMs: 60_000);
        var threads = (PumpedThreads)broker.Broker.Threads;
        broker.Send("a", 0, TestBatches.Of(3));
        Assert.True(threads.Step());
        Assert.False(poll.IsCompleted); // appended, not durable
        broker.Pump();
        using FetchAnswer answer = await poll.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(3, TestBroker.Records(answer.Items[0].Slice).Count());
        Assert.Equal(new Offset(3), answer.Items[0].HighWatermark);
    }

    [Fact]
    public async Task ALongPollWaitsForItsMinimumOverAllPartitions()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 3);
        int batchBytes = TestBatches.Of(1, 100).Length;
        var command = new FetchCommand(
            [.. Enumerable.Range(0, 3).Select(p => new FetchItem(new TopicPartition("a", p), Offset.Zero, 1 << 20, Epoch.None))],
            3 * batchBytes, 1 << 20, 60_000);
        Task<Result<FetchAnswer>> poll = broker.Broker.Fetch(command, CancellationToken.None).AsTask();
        await broker.ProduceOk("a", 0, TestBatches.Of(1, 100));
        await broker.ProduceOk("a", 2, TestBatches.Of(1, 100));
        Assert.False(poll.IsCompleted);
        await broker.ProduceOk("a", 0, TestBatches.Of(1, 100));
        using FetchAnswer answer = (await poll.WaitAsync(TimeSpan.FromSeconds(30))).Value;
        int[] lengths = [answer.Items[0].Slice.Length, answer.Items[1].Slice.Length, answer.Items[2].Slice.Length];
        Assert.Equal([2 * batchBytes, 0, batchBytes], lengths);
    }

    [Fact]
    public async Task AFetchAnswersAtOnceWhenItsMinimumIsMissedBecauseASegmentEnds()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        for (int i = 0; i < 6; i++)
        {
            await broker.ProduceOk("a", 0, TestBatches.Of(1, 30_000));
        }

        Task<FetchAnswer> poll = broker.FetchOk("a", 0, Offset.Zero, waitMs: 60_000, bytesMin: 1 << 20);
        Assert.True(poll.IsCompleted);
        using FetchAnswer answer = await poll;
        FetchedItem item = answer.Items[0];
        Assert.InRange(item.Slice.NextOffset.Value, 1, 5);
        Assert.Equal(new Offset(6), item.HighWatermark);
    }

    [Fact]
    public async Task AFetchAnswersAtOnceWhenItsMinimumIsMissedBecauseAnEpochEnds()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
        await broker.Restart();
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
        Task<FetchAnswer> poll = broker.FetchOk("a", 0, Offset.Zero, waitMs: 60_000, bytesMin: 1 << 20);
        Assert.True(poll.IsCompleted);
        using FetchAnswer answer = await poll;
        Assert.Equal(new Offset(1), answer.Items[0].Slice.NextOffset);
    }

    [Fact]
    public async Task AFetchAnswersAtOnceWhenItsMinimumIsMissedBecauseTheNextBatchDoesNotFit()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 2);
        await broker.ProduceOk("a", 0, TestBatches.Of(1, 1_000));
        await broker.ProduceOk("a", 1, TestBatches.Of(1, 1_000));
        var both = new FetchCommand(
            [.. Enumerable.Range(0, 2).Select(p => new FetchItem(new TopicPartition("a", p), Offset.Zero, 1_500, Epoch.None))],
            1_500, 1_500, 60_000);
        Task<Result<FetchAnswer>> other = broker.Broker.Fetch(both, CancellationToken.None).AsTask();
        Assert.True(other.IsCompleted); // the batch of the other partition
        using (FetchAnswer answer = (await other).Value)
        {
            Assert.True(answer.Items[0].Slice.Length > 1_000);
            Assert.Equal(0, answer.Items[1].Slice.Length);
        }

        await broker.ProduceOk("a", 0, TestBatches.Of(1, 1_000));
        Task<FetchAnswer> same = broker.FetchOk("a", 0, Offset.Zero, bytesMax: 1_500, waitMs: 60_000, bytesMin: 1_500);
        Assert.True(same.IsCompleted); // the next batch of the same partition
        using FetchAnswer next = await same;
        Assert.Equal(new Offset(1), next.Items[0].Slice.NextOffset);
    }

    [Fact]
    public async Task ALongPollEndsAtItsDeadlineWithoutData()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        Task<FetchAnswer> poll = broker.FetchOk("a", 0, Offset.Zero, waitMs: 500);
        broker.Time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(poll.IsCompleted);
        broker.Time.Advance(TimeSpan.FromMilliseconds(1));
        using FetchAnswer answer = await poll.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, answer.Items[0].Slice.Length);
        Assert.Null(answer.Items[0].Error);
    }

    [Fact]
    public async Task ALongPollCanBeCancelledAndEndsWhenItsTopicIsDeletedOrTheBrokerStops()
    {
        TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.Create("b");
        using var cancellation = new CancellationTokenSource();
        var command = new FetchCommand([new FetchItem(new TopicPartition("a", 0), Offset.Zero, 1, Epoch.None)], 1, 1, 60_000);
        Task<Result<FetchAnswer>> cancelled = broker.Broker.Fetch(command, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        Task<FetchAnswer> deleted = broker.FetchOk("a", 0, Offset.Zero, waitMs: 60_000);
        Task<FetchAnswer> stopped = broker.FetchOk("b", 0, Offset.Zero, waitMs: 60_000);
        Assert.True((await broker.DeleteTopic("a")).IsOk);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await deleted.WaitAsync(TimeSpan.FromSeconds(30))).Items[0].Error!.Code);
        Assert.False(stopped.IsCompleted);
        await broker.Broker.StopAsync(CancellationToken.None);
        await stopped.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task TheFirstBatchComesWholeEvenWhenItIsLargerThanTheLimit()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a", 2);
        for (int i = 0; i < 4; i++)
        {
            await broker.ProduceOk("a", i % 2, TestBatches.Of(1, 1_000));
        }

        using (FetchAnswer one = await broker.FetchOk("a", 0, Offset.Zero, bytesMax: 1))
        {
            Assert.Equal(new Offset(1), one.Items[0].Slice.NextOffset);
        }

        var both = new FetchCommand(
            [.. Enumerable.Range(0, 2).Select(p => new FetchItem(new TopicPartition("a", p), Offset.Zero, 10, Epoch.None))], 1, 15, 0);
        using FetchAnswer answer = (await broker.Broker.Fetch(both, CancellationToken.None)).Value;
        Assert.True(answer.Items[0].Slice.Length > 1_000);
        Assert.Equal(0, answer.Items[1].Slice.Length);
    }

    [Fact]
    public async Task AFetchBeginsWithTheBatchThatHoldsTheOffset()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(10));
        await broker.ProduceOk("a", 0, TestBatches.Of(10));
        using FetchAnswer answer = await broker.FetchOk("a", 0, new Offset(13));
        Assert.Equal(new Offset(10), answer.Items[0].Slice.BaseOffset);
        Assert.Equal(new Offset(20), answer.Items[0].Slice.NextOffset);
    }

    [Fact]
    public async Task Rows33And34_OffsetsOutsideTheLogAreRefusedWithBothEnds()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(10));
        Assert.Equal(new Offset(4), (await broker.DeleteRecords("a", 4)).Value);
        foreach (long offset in new long[] { -5, 3, 11, long.MaxValue })
        {
            using FetchAnswer answer = await broker.FetchOk("a", 0, new Offset(offset), waitMs: 60_000);
            BrokerError error = answer.Items[0].Error!;
            Assert.Equal(ErrorCode.OffsetOutOfRange, error.Code);
            Assert.Equal("4", error.Metadata["logStart"]);
            Assert.Equal("10", error.Metadata["highWatermark"]);
            Assert.Equal(offset == 3, error.Message.Contains("deleted; the earliest is 4", StringComparison.Ordinal));
        }

        Assert.Equal(6, (await broker.ReadAll("a")).Count);
        Assert.Empty(await broker.ReadAll("a", from: 10));
    }

    [Fact]
    public async Task Rows35And36_LimitsOfAFetch()
    {
        await using TestBroker broker = await TestBroker.Open(with: s => s with { FetchWaitersMax = 1 });
        await broker.Create("a");
        FetchItem item = new(new TopicPartition("a", 0), Offset.Zero, 1_000, Epoch.None);
        (FetchCommand, ErrorCode)[] rows =
        [
            (new FetchCommand([item], 0, 1_000, 0), ErrorCode.InvalidArgument),
            (new FetchCommand([item], 1, 0, 0), ErrorCode.InvalidArgument),
            (new FetchCommand([item], 1, 1_000, -1), ErrorCode.InvalidArgument),
            (new FetchCommand([item], 1, 1_000, 86_400_000), ErrorCode.InvalidArgument),
            (new FetchCommand([item with { BytesMax = -1 }], 1, 1_000, 0), ErrorCode.InvalidArgument),
            (new FetchCommand([], 1, 1_000, 0), ErrorCode.InvalidArgument),
            (new FetchCommand([.. Enumerable.Repeat(item, 100_000)], 1, 1_000, 0), ErrorCode.LimitExceeded),
        ];
        foreach ((FetchCommand command, ErrorCode code) in rows)
        {
            Assert.Equal(code, (await broker.Broker.Fetch(command, CancellationToken.None)).Error!.Code);
        }

        Assert.True((await broker.Broker.Fetch(new FetchCommand([item], int.MaxValue, int.MaxValue, 0), CancellationToken.None)).IsOk);
        Task<FetchAnswer> parked = broker.FetchOk("a", 0, Offset.Zero, waitMs: 60_000);
        Result<FetchAnswer> second = await broker.Broker.Fetch(new FetchCommand([item], 1, 1_000, 60_000), CancellationToken.None);
        Assert.Equal(ErrorCode.Busy, second.Error!.Code);
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
        (await parked.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
    }

    [Fact]
    public async Task PositionsBecomeOffsets()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(10, timestampMs: 1_000));
        await broker.ProduceOk("a", 0, TestBatches.Of(10, timestampMs: 2_000));
        await broker.DeleteRecords("a", 2);
        (LogQuery, long, long)[] rows =
        [
            (new(LogQueryKind.AfterStart, 0), 2, -1),
            (new(LogQueryKind.AfterStart, 5), 7, -1),
            (new(LogQueryKind.AfterStart, long.MaxValue), 20, -1),
            (new(LogQueryKind.BeforeEnd, 0), 20, -1),
            (new(LogQueryKind.BeforeEnd, 3), 17, -1),
            (new(LogQueryKind.BeforeEnd, long.MaxValue), 2, -1),
            (new(LogQueryKind.Offset, 20), 20, -1),
            (new(LogQueryKind.Timestamp, 0), 2, 1_002),
            (new(LogQueryKind.Timestamp, 1_005), 5, 1_005),
            (new(LogQueryKind.Timestamp, 1_010), 10, 2_000),
            (new(LogQueryKind.Timestamp, 2_010), 20, -1),
        ];
        foreach ((LogQuery query, long offset, long timestampMs) in rows)
        {
            Result<OffsetAnswer> answer = await broker.Broker.FindOffset(new TopicPartition("a", 0), query, CancellationToken.None);
            Assert.True(answer.IsOk, $"{query}: {answer.Error}");
            Assert.Equal((offset, timestampMs), (answer.Value.Offset.Value, answer.Value.TimestampMs));
        }

        LogQuery[] wrong = [new(LogQueryKind.Offset, 1), new(LogQueryKind.Offset, 21), new(LogQueryKind.AfterStart, -1)];
        foreach (LogQuery query in wrong)
        {
            Assert.False((await broker.Broker.FindOffset(new TopicPartition("a", 0), query, CancellationToken.None)).IsOk);
        }
    }
}
