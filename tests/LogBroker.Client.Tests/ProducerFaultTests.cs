using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>Exactly once and in order, whatever happens on the way.</summary>
public sealed class ProducerFaultTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static TheoryData<string> Faults => ["none", "cut", "lost ack", "busy", "unknown", "mixed", "not leader"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task RecordsAreWrittenOnceAndInOrderWithFiveInFlight(string fault)
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 3));
        broker.Judge = JudgeOf(fault);
        broker.Refusal = fault == "not leader" ? ErrorCode.NotLeader : ErrorCode.Busy;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);

        var offsetsHeard = new List<long>[] { [], [], [] };
        var errorsHeard = new List<Exception>();
        for (int i = 0; i < 3000; i++)
        {
            await producer.EnqueueAsync("t", Record(i, i % 3), (_, in receipt, error) =>
            {
                if (error is not null)
                {
                    errorsHeard.Add(error);
                }
                else
                {
                    offsetsHeard[receipt.Partition].Add(receipt.Offset);
                }
            });
        }

        await producer.FlushAsync().WaitAsync(Patience);

        for (int p = 0; p < 3; p++)
        {
            int partition = p;
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => Text((i * 3) + partition)), broker.Partition("t", p).Values());
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => (long)i), offsetsHeard[p]);
        }

        Assert.Empty(errorsHeard);
        Assert.Equal(0, broker.EpochsBumped);
        Assert.Equal(1, broker.ProducersBegun);
        Assert.Equal(0, producer.BufferedBytes);
    }

    [Fact]
    public async Task ABrokerKilledInMidFlightEndsWithEveryRecordOnce()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        int sent = 0;
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 500; i++, sent++)
            {
                await producer.EnqueueAsync("t", Record(sent, sent % 2));
            }

            await broker.KillAsync();
            for (int i = 0; i < 100; i++, sent++)
            {
                await producer.EnqueueAsync("t", Record(sent, sent % 2));
            }

            await broker.StartAsync();
        }

        await producer.FlushAsync().WaitAsync(Patience);
        for (int p = 0; p < 2; p++)
        {
            int partition = p;
            Assert.Equal(Enumerable.Range(0, sent / 2).Select(i => Text((i * 2) + partition)), broker.Partition("t", p).Values());
        }
    }

    [Fact]
    public async Task NoMoreThanFiveBatchesAreInFlight()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        var gate = new TaskCompletionSource();
        broker.AckGate = gate.Task;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        for (int i = 0; i < 2000; i++)
        {
            await producer.EnqueueAsync("t", Record(i, 0));
        }

        await Clients.UntilAsync(() => broker.BatchesSeen == 5);
        gate.SetResult();
        broker.AckGate = null;
        await producer.FlushAsync().WaitAsync(Patience);
        Assert.Equal(5, broker.InFlightMost);
        Assert.Equal(2000, broker.Partition("t").Values().Count);
    }

    [Fact]
    public async Task ABatchThatFailsForGoodTakesNothingElseWithIt()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Refusal = ErrorCode.InvalidTimestamp;
        broker.Judge = (n, _) => n == 3 ? Verdict.Refuse : Verdict.Serve;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        var failed = new List<int>();
        for (int i = 0; i < 1000; i++)
        {
            await producer.EnqueueAsync(
                "t",
                Record(i, 0),
                (state, in _, error) =>
                {
                    if (error is not null)
                    {
                        Assert.Equal(ErrorCode.InvalidTimestamp, error.Reason);
                        failed.Add((int)state!);
                    }
                },
                i);
        }

        await producer.FlushAsync().WaitAsync(Patience);
        Assert.NotEmpty(failed);
        Assert.Equal(Enumerable.Range(0, 1000).Except(failed).Select(Text), broker.Partition("t").Values());
        Assert.Equal(0, broker.EpochsBumped);
    }

    [Fact]
    public async Task AnExpiredProducerGoesOnWithTheNextEpoch()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", Record(0, 0));
        broker.Partition("t").ForgetProducers();
        ProduceReceipt receipt = await producer.ProduceAsync("t", Record(1, 0));
        Assert.Equal(1, receipt.Offset);
        Assert.Equal(1, broker.EpochsBumped);
        Assert.Equal([Text(0), Text(1)], broker.Partition("t").Values());
    }

    [Fact]
    public async Task SilenceUntilTheDeadlineIsAnUnknownOutcomeAndTheNextRecordFollowsInOrder()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Judge = (n, _) => n == 1 ? Verdict.WriteAndKeepSilent : Verdict.Serve;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(2) });
        var e = await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await producer.ProduceAsync("t", Record(0, 0)));
        Assert.False(e.IsRetriable);
        Assert.Equal("t", e.Topic);
        Assert.Equal(0, e.Partition);
        await producer.ProduceAsync("t", Record(1, 0));
        Assert.Equal([Text(0), Text(1)], broker.Partition("t").Values());
        Assert.Equal(1, broker.EpochsBumped);
    }

    [Fact]
    public async Task WithoutABrokerUntilTheDeadlineTheErrorIsDefiniteAndNamesTheServer()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        var options = new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(2) };
        await using Producer producer = client.CreateProducer(options);
        await producer.ProduceAsync("t", Record(0, 0));
        await broker.KillAsync();
        var e = await Assert.ThrowsAnyAsync<LogBrokerException>(async () => await producer.ProduceAsync("t", Record(1, 0)));
        Assert.Contains(broker.Address, e.Message, StringComparison.Ordinal);
        await broker.StartAsync();
        await producer.ProduceAsync("t", Record(2, 0));
        Assert.Contains(Text(2), broker.Partition("t").Values());
    }

    [Fact]
    public async Task WithoutIdempotenceALostAckIsAnUnknownOutcome()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Judge = (n, _) => n == 1 ? Verdict.WriteAndCut : Verdict.Serve;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(new ProducerOptions { EnableIdempotence = false });
        await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await producer.ProduceAsync("t", Record(0, 0)));
        await producer.ProduceAsync("t", Record(1, 0));
        Assert.Equal(0, broker.ProducersBegun);
    }

    [Fact]
    public async Task FailuresOfEnqueuedRecordsAreThrownByTheNextFlushAndOnlyOnce()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Refusal = ErrorCode.InvalidTimestamp;
        broker.Judge = (_, _) => Verdict.Refuse;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.EnqueueAsync("t", Record(0, 0));
        var e = await Assert.ThrowsAsync<LogBrokerException>(() => producer.FlushAsync());
        Assert.Equal(ErrorCode.InvalidTimestamp, e.Reason);
        Assert.StartsWith("1 records", e.Message, StringComparison.Ordinal);
        await producer.FlushAsync();
    }

    [Fact]
    public async Task APartitionThatMovesToAnotherNodeKeepsItsOrder()
    {
        await using FakeBroker first = await FakeBroker.StartAsync(("t", 1));
        await using var second = new FakeBroker { NodeId = 2 };
        second.ShareTopic("t", first);
        await second.StartAsync();
        (int NodeId, string Address, int Epoch) leader = (1, first.Address, 1);
        first.LeaderOf = second.LeaderOf = _ => leader;
        first.Refusal = ErrorCode.NotLeader;
        await using LogBrokerClient client = Clients.Of(first);
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        first.Judge = (n, _) =>
        {
            leader = n >= 6 ? (2, second.Address, 2) : leader;
            return n >= 6 ? Verdict.Refuse : Verdict.Serve;
        };
        for (int i = 0; i < 1000; i++)
        {
            await producer.EnqueueAsync("t", Record(i, 0));
        }

        await producer.FlushAsync().WaitAsync(Patience);
        Assert.True(second.BatchesSeen > 0);
        Assert.Equal(Enumerable.Range(0, 1000).Select(Text), first.Partition("t").Values());
        Assert.Equal(0, first.EpochsBumped + second.EpochsBumped);
    }

    [Fact]
    public async Task ALateAnswerForAnExpiredBatchIsNotTakenForTheAnswerOfAnother()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Refusal = ErrorCode.InvalidTimestamp;
        broker.Judge = (n, _) => n == 2 ? Verdict.Refuse : Verdict.Serve;
        var gate = new TaskCompletionSource();
        broker.AckGate = gate.Task;
        await using LogBrokerClient client = Clients.Of(broker);
        var options = new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(2) };
        await using Producer producer = client.CreateProducer(options);
        await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await producer.ProduceAsync("t", Record(0, 0)));
        ValueTask<ProduceReceipt> second = producer.ProduceAsync("t", Record(1, 0));
        await Clients.UntilAsync(() => broker.BatchesSeen == 2);

        // Now the answers come in order: the late good one for the first batch, then the refusal of the second.
        broker.AckGate = null;
        gate.SetResult();
        var e = await Assert.ThrowsAsync<LogBrokerException>(async () => await second);
        Assert.Equal(ErrorCode.InvalidTimestamp, e.Reason);
        Assert.Equal([Text(0)], broker.Partition("t").Values());
    }

    [Fact]
    public async Task ACallbackThatProducesWhileMemoryIsFullLosesNothing()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        var options = new ProducerOptions { BufferBytes = 64 * 1024, BatchBytes = 4 * 1024 };
        await using Producer producer = client.CreateProducer(options);
        var more = new ConcurrentQueue<Task>();
        int heard = 0;
        for (int i = 0; i < 300; i++)
        {
            await producer.EnqueueAsync(
                "t",
                Record(i, i % 2) with { Headers = [new RecordHeader("padding", new byte[1000])] },
                (state, in _, _) =>
                {
                    int n = (int)state!;
                    Interlocked.Increment(ref heard);
                    ProducerRecord next = Record(n + 1000, n % 2) with { Headers = [new RecordHeader("padding", new byte[1000])] };
                    more.Enqueue(producer.EnqueueAsync("t", next, (_, in _, _) => Interlocked.Increment(ref heard)).AsTask());
                },
                i);
        }

        await Clients.UntilAsync(() => more.Count == 300);
        await Task.WhenAll(more).WaitAsync(Patience);
        await producer.FlushAsync().WaitAsync(Patience);
        Assert.Equal(600, heard);
        IEnumerable<string> all = broker.Partitions("t").SelectMany(p => p.Values()).Order(StringComparer.Ordinal);
        Assert.Equal(Enumerable.Range(0, 300).Concat(Enumerable.Range(1000, 300)).Select(Text), all);
        Assert.Equal(0, producer.BufferedBytes);
    }

    [Fact]
    public async Task ARefusalAfterALostAnswerIsAnUnknownOutcome()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Refusal = ErrorCode.InvalidTimestamp;
        broker.Judge = (n, _) => n switch { 1 => Verdict.WriteAndCut, 2 => Verdict.Refuse, _ => Verdict.Serve };
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await producer.ProduceAsync("t", Record(0, 0)));
        Assert.Equal(1, (await producer.ProduceAsync("t", Record(1, 0))).Offset);
        Assert.Equal([Text(0), Text(1)], broker.Partition("t").Values());
    }

    [Fact]
    public async Task AFencedProducerWithALostAnswerReportsAnUnknownOutcomeAndEnds()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Refusal = ErrorCode.ProducerFenced;
        broker.Judge = (n, _) => n == 1 ? Verdict.WriteAndCut : Verdict.Refuse;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await producer.ProduceAsync("t", Record(0, 0)));
        var e = await Assert.ThrowsAsync<LogBrokerException>(async () => await producer.ProduceAsync("t", Record(1, 0)));
        Assert.Equal(ErrorCode.ProducerFenced, e.Reason);
    }

    [Fact]
    public async Task AGapThatOnlyTheBrokerSeesIsClosedByTheNextEpoch()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Refusal = ErrorCode.OutOfOrderSequence;
        broker.Judge = (n, _) => n == 2 ? Verdict.Refuse : Verdict.Serve;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", Record(0, 0));
        Assert.Equal(1, (await producer.ProduceAsync("t", Record(1, 0))).Offset);
        Assert.Equal(1, broker.EpochsBumped);
    }

    internal static ProducerRecord Record(int i, int partition) => new(Encoding.UTF8.GetBytes(Text(i))) { Partition = partition };

    internal static string Text(int i) => i.ToString("D8", CultureInfo.InvariantCulture);

    /// <summary>Draws from a fixed seed: a fixed period could hit the same batch for ever.</summary>
    private static Func<int, FakePartition, Verdict> JudgeOf(string fault)
    {
        var random = new Random(20260214);
        Verdict[] faults = fault switch
        {
            "cut" => [Verdict.Cut],
            "lost ack" => [Verdict.WriteAndCut],
            "busy" or "not leader" => [Verdict.Refuse],
            "unknown" => [Verdict.WriteAndSayUnknown],
            "mixed" => [Verdict.WriteAndCut, Verdict.Refuse, Verdict.WriteAndSayUnknown, Verdict.Cut],
            _ => [Verdict.Serve],
        };
        return (_, _) => random.Next(6) == 0 ? faults[random.Next(faults.Length)] : Verdict.Serve;
    }
}
