using System.Text;
using LogBroker.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Client.Tests;

/// <summary>One member: what is proven, what is committed, what comes again.</summary>
public sealed class ConsumerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task AHandlerThatThrowsOnRecord7SeesItAgainAndTheOneBehindItIsNotCommitted()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 20);
        int handled = 0;
        await using (Consumer first = client.CreateConsumer("g", "t"))
        {
            await Assert.ThrowsAsync<FormatException>(async () =>
            {
                await foreach (ConsumedRecord record in first.ConsumeAsync())
                {
                    if (record.Offset == 7)
                    {
                        throw new FormatException("no such order");
                    }

                    handled++;
                }
            });
        }

        Assert.Equal(7, handled);
        Assert.Equal(7, broker.Groups.CommittedOf("g", "t"));
        await using Consumer second = client.CreateConsumer("g", "t");
        Assert.Equal(["7", "8", "9"], await ConsumerRun.TakeAsync(second, 3));
    }

    [Fact]
    public async Task BreakingOutHandsTheSameRecordOutAgain()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10);
        await using Consumer consumer = client.CreateConsumer("g", "t");
        Assert.Equal(["0", "1", "2"], await ConsumerRun.TakeAsync(consumer, 3));
        Assert.Equal(["2", "3"], await ConsumerRun.TakeAsync(consumer, 2));
        await consumer.CommitAsync();
        Assert.Equal(3, broker.Groups.CommittedOf("g", "t"));
        Assert.Equal(3, Assert.Single(consumer.Assignment).Committed);
        Assert.Equal(3, Assert.Single(consumer.Assignment).Position);
    }

    [Fact]
    public async Task WhatIsProvenIsCommittedInTheBackground()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using var run = new ConsumerRun(client, ConsumerRun.Options() with { CommitInterval = TimeSpan.FromMilliseconds(20) });
        await ConsumerRun.ProduceAsync(client, 0, 5);
        await run.HasSeenAsync(5);
        await Clients.UntilAsync(() => broker.Groups.CommittedOf("g", "t") == 5);
        int commits = broker.Groups.CommitsSeen;
        await ConsumerRun.ProduceAsync(client, 5, 1);
        await Clients.UntilAsync(() => broker.Groups.CommittedOf("g", "t") == 6);

        // What is committed is not committed again.
        Assert.InRange(broker.Groups.CommitsSeen, commits + 1, commits + 2);
    }

    [Fact]
    public async Task CancellingProvesWhatWasHandled()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 5);
        using var stop = new CancellationTokenSource();
        await using (Consumer consumer = client.CreateConsumer("g", "t"))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (ConsumedRecord record in consumer.ConsumeAsync(stop.Token))
                {
                    if (record.Offset == 3)
                    {
                        await stop.CancelAsync();
                    }
                }
            });
        }

        Assert.Equal(4, broker.Groups.CommittedOf("g", "t"));
    }

    [Fact]
    public async Task ManualCommitsWhatWasHandedOutAndNothingByItself()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10);
        ConsumerOptions options = ConsumerRun.Options() with
        {
            CommitMode = CommitMode.Manual,
            CommitInterval = TimeSpan.FromMilliseconds(10),
        };
        await using (Consumer consumer = client.CreateConsumer(options))
        {
            await foreach (ConsumedRecord record in consumer.ConsumeAsync())
            {
                if (record.Offset == 4)
                {
                    await consumer.CommitAsync();
                }

                if (record.Offset == 6)
                {
                    break;
                }
            }

            Assert.Equal(["6"], await ConsumerRun.TakeAsync(consumer, 1));
        }

        Assert.Equal(5, broker.Groups.CommittedOf("g", "t"));
        Assert.Equal(1, broker.Groups.CommitsSeen);
    }

    [Theory]
    [InlineData(AutoOffsetReset.Earliest, "0")]
    [InlineData(AutoOffsetReset.Latest, "5")]
    public async Task WithoutACommitTheOptionsSayWhereToBegin(AutoOffsetReset reset, string first)
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 5);
        await using var run = new ConsumerRun(client, ConsumerRun.Options() with { AutoOffsetReset = reset });
        await Clients.UntilAsync(() => run.Consumer.Assignment is [{ Position: >= 0 }]);
        await ConsumerRun.ProduceAsync(client, 5, 1);
        await run.HasSeenAsync(1);
        Assert.Equal(first, run.Seen.First().Value);
    }

    [Fact]
    public async Task WithoutACommitAndWithoutAResetTheAskFails()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 5);
        await using Consumer consumer = client.CreateConsumer(ConsumerRun.Options() with { AutoOffsetReset = AutoOffsetReset.None });
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(() => ConsumerRun.TakeAsync(consumer, 1));
        Assert.Equal(ErrorCode.OffsetOutOfRange, refused.Reason);
        Assert.Contains("t/0", refused.Message);
        await using Consumer seeking = client.CreateConsumer(ConsumerRun.Options("h") with
        {
            AutoOffsetReset = AutoOffsetReset.None,
            OnAssigned = async (c, partitions, ct) => await c.SeekAsync(partitions[0], Position.At(3), ct),
        });
        Assert.Equal(["3", "4"], await ConsumerRun.TakeAsync(seeking, 2));
    }

    [Fact]
    public async Task BatchesAreProvenAsAWhole()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10);
        var batches = new List<string[]>();
        await using (Consumer<Nothing, string> consumer = client.CreateConsumer<Nothing, string>("g", "t"))
        {
            await foreach (IReadOnlyList<Record<Nothing, string>> batch in consumer.ConsumeBatchesAsync(4, TimeSpan.Zero))
            {
                batches.Add([.. batch.Select(static r => r.Value)]);
                if (batches.Sum(static b => b.Length) == 10)
                {
                    break;
                }
            }
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), batches.SelectMany(static b => b));
        Assert.All(batches, static b => Assert.InRange(b.Length, 1, 4));
        Assert.Equal(10 - batches[^1].Length, broker.Groups.CommittedOf("g", "t"));
    }

    [Fact]
    public async Task ABatchWaitsForMoreUntilItIsFull()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 2);
        await using Consumer consumer = client.CreateConsumer("g", "t");
        await using IAsyncEnumerator<IReadOnlyList<ConsumedRecord>> batches =
            consumer.ConsumeBatchesAsync(5, TimeSpan.FromMinutes(5)).GetAsyncEnumerator();
        Task<bool> moving = batches.MoveNextAsync().AsTask();
        await Clients.UntilAsync(() => consumer.Assignment.Any(static a => a.Position == 2));
        Assert.False(moving.IsCompleted);
        await ConsumerRun.ProduceAsync(client, 2, 3, partition: 1);
        Assert.True(await moving.WaitAsync(Patience));
        Assert.Equal(
            ["0", "1", "2", "3", "4"], batches.Current.Select(static r => Encoding.UTF8.GetString(r.Value!.Value.Span)).Order());
    }

    [Fact]
    public async Task PausedPartitionsRestAndGoOnWithoutAGap()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using var run = new ConsumerRun(client, ConsumerRun.Options());
        await ConsumerRun.ProduceAsync(client, 0, 5);
        await run.HasSeenAsync(5);
        var paused = new TopicPartition("t", 0);
        run.Consumer.Pause([paused]);
        Assert.True(run.Consumer.Assignment[0].IsPaused);
        await ConsumerRun.ProduceAsync(client, 5, 5);
        await ConsumerRun.ProduceAsync(client, 0, 5, partition: 1);
        await run.HasSeenAsync(10);
        Assert.Equal(5, run.OffsetsOf(0).Count());
        run.Consumer.Resume([paused]);
        await run.HasSeenAsync(15);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), run.OffsetsOf(0));
    }

    [Fact]
    public async Task ASeekGoesOnElsewhereAndIsCommitted()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10);
        var partition = new TopicPartition("t", 0);
        await using Consumer consumer = client.CreateConsumer("g", "t");
        await ConsumerRun.TakeAsync(consumer, 2);
        await consumer.SeekAsync(partition, Position.BeforeEnd(2));
        await consumer.CommitAsync();
        Assert.Equal(8, broker.Groups.CommittedOf("g", "t"));
        Assert.Equal(["8", "9"], await ConsumerRun.TakeAsync(consumer, 2));
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(
            () => consumer.SeekAsync(new TopicPartition("t", 9), Position.Start));
        Assert.Equal(ErrorCode.NotAssigned, refused.Reason);
    }

    [Fact]
    public async Task ACallerThatDoesNotAskForTooLongHasLeftAndIsTold()
    {
        var clock = new FakeTimeProvider();
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using var client = new LogBrokerClient(new LogBrokerClientOptions { Servers = broker.Address, TimeProvider = clock });
        await ConsumerRun.ProduceAsync(client, 0, 5);
        ConsumerOptions options = ConsumerRun.Options() with
        {
            MaxPollInterval = TimeSpan.FromMinutes(1),
            SessionTimeout = TimeSpan.FromMinutes(30),
        };
        await using Consumer consumer = client.CreateConsumer(options);
        await using (IAsyncEnumerator<ConsumedRecord> records = consumer.ConsumeAsync().GetAsyncEnumerator())
        {
            Assert.True(await records.MoveNextAsync().AsTask().WaitAsync(Patience));
            Assert.True(await records.MoveNextAsync());
            clock.Advance(TimeSpan.FromSeconds(59));
            Assert.Equal(1, broker.Groups.Look("g", static g => g.Members.Count));
            clock.Advance(TimeSpan.FromSeconds(61));
            await Clients.UntilAsync(() => broker.Groups.Look("g", static g => g.Members.Count) == 0);
            await Clients.UntilAsync(() => consumer.Core.IsFaulted);
            PollIntervalExceededException late = await Assert.ThrowsAsync<PollIntervalExceededException>(
                () => records.MoveNextAsync().AsTask().WaitAsync(Patience));
            Assert.Equal("g", late.Group);
            Assert.Contains("00:01:00", late.Message);
        }

        Assert.Equal(1, broker.Groups.CommittedOf("g", "t"));
        Assert.Equal(["1", "2"], await ConsumerRun.TakeAsync(consumer, 2));
    }

    [Fact]
    public async Task OneEnumerationAtATime()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Consumer consumer = client.CreateConsumer("g", "t");
        await using (consumer.ConsumeAsync().GetAsyncEnumerator())
        {
            Assert.Throws<InvalidOperationException>(() => consumer.ConsumeAsync().GetAsyncEnumerator());
        }

        await consumer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ConsumerRun.TakeAsync(consumer, 1));
    }

    [Fact]
    public void OptionsThatMakeNoSenseAreRefused()
    {
        var good = ConsumerRun.Options();
        good.Validate();
        Assert.Throws<ArgumentException>(() => (good with { GroupId = "" }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { GroupId = "a\nb" }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { Topics = [] }).Validate());
        Assert.Throws<LogBrokerException>(() => (good with { Topics = ["a/b"] }).Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => (good with { SessionTimeout = TimeSpan.FromSeconds(5) }).Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => (good with { MaxPollInterval = TimeSpan.Zero }).Validate());
        Assert.Throws<ArgumentException>(() => (good with { TopicRegex = new string('a', 257) }).Validate());
        (good with { Topics = [], TopicRegex = "orders.*" }).Validate();
    }
}
