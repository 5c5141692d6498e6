using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

public sealed class ProducerTests
{
    [Fact]
    public async Task AReceiptSaysWhereAndHowSafe()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        var time = new DateTimeOffset(2026, 2, 14, 1, 2, 3, TimeSpan.Zero);
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 1));
        ProduceReceipt receipt = await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 1) with { Timestamp = time });
        Assert.Equal(new ProduceReceipt("t", 1, 1, time, 1, Durability.QuorumFsync, false), receipt);
    }

    [Fact]
    public async Task ManyAwaitedRecordsShareBatchesAndEachGetsItsOwnOffset()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        ValueTask<ProduceReceipt>[] waiting =
            [.. Enumerable.Range(1, 1000).Select(i => producer.ProduceAsync("t", ProducerFaultTests.Record(i, 0)))];
        for (int i = 0; i < waiting.Length; i++)
        {
            Assert.Equal(i + 1, (await waiting[i]).Offset);
        }

        Assert.InRange(broker.BatchesSeen, 2, 100);
    }

    [Fact]
    public async Task RecordsHandedOverBeforeTheMetadataAreKnownKeepTheirOrder()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        ValueTask[] handed = [.. Enumerable.Range(0, 200).Select(i => producer.EnqueueAsync("t", ProducerFaultTests.Record(i, 0)))];
        foreach (ValueTask one in handed)
        {
            await one;
        }

        await producer.FlushAsync();
        Assert.Equal(Enumerable.Range(0, 200).Select(ProducerFaultTests.Text), broker.Partition("t").Values());
    }

    [Fact]
    public async Task AFullBufferMakesCallersWaitAndNothingIsLost()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(new ProducerOptions { BufferBytes = 64 * 1024, BatchBytes = 8 * 1024 });
        await producer.ProduceAsync("t", new ProducerRecord("first"u8.ToArray()));
        var gate = new TaskCompletionSource();
        broker.AckGate = gate.Task;
        var handed = new List<ValueTask>();
        for (int i = 0; i < 200; i++)
        {
            handed.Add(producer.EnqueueAsync("t", new ProducerRecord(Encoding.UTF8.GetBytes(ProducerFaultTests.Text(i).PadLeft(1000)))));
        }

        bool isLastWaiting = !handed[^1].IsCompleted;
        long buffered = producer.BufferedBytes;
        broker.AckGate = null;
        gate.SetResult();
        Assert.True(isLastWaiting);
        Assert.InRange(buffered, 56 * 1024, 80 * 1024);
        foreach (ValueTask one in handed)
        {
            await one.AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }

        await producer.FlushAsync();
        IEnumerable<string> written = broker.Partition("t").Values().Skip(1).Select(v => v.Trim());
        Assert.Equal(Enumerable.Range(0, 200).Select(ProducerFaultTests.Text), written);
        Assert.Equal(0, producer.BufferedBytes);
    }

    [Fact]
    public async Task ALargeRecordIsABatchOfItsOwnAndATooLargeOneIsRefusedAtOnce()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Partition("t").MessageBytesMax = 100_000;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        await producer.EnqueueAsync("t", ProducerFaultTests.Record(0, 0));
        await producer.EnqueueAsync("t", new ProducerRecord(new byte[90_000]));
        await producer.EnqueueAsync("t", ProducerFaultTests.Record(2, 0));
        await producer.FlushAsync();
        Assert.Equal([8, 90_000, 8], broker.Partition("t").Values().Select(v => v.Length));
        var e = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await producer.EnqueueAsync("t", new ProducerRecord(new byte[100_000])));
        Assert.Equal(ErrorCode.RecordTooLarge, e.Reason);
        Assert.Contains("> 100000", e.Message, StringComparison.Ordinal);
        await producer.FlushAsync();
        Assert.Equal(0, producer.BufferedBytes);
    }

    [Fact]
    public async Task UnknownTopicsAndPartitionsAreRefusedByName()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        var topic = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await producer.ProduceAsync("x", ProducerFaultTests.Record(0, 0)));
        Assert.Contains("logbroker topic create x", topic.Message, StringComparison.Ordinal);
        var partition = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 7)));
        Assert.Contains("has no partition 7", partition.Message, StringComparison.Ordinal);
        broker.AddPartition("t");
        Assert.Equal(1, (await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 1))).Partition);
    }

    [Fact]
    public async Task CancellationEndsTheWaitAndTheRecordIsWrittenAllTheSame()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        var gate = new TaskCompletionSource();
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        broker.AckGate = gate.Task;
        using var cancellation = new CancellationTokenSource();
        ValueTask<ProduceReceipt> waiting = producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0), cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        broker.AckGate = null;
        gate.SetResult();
        await producer.FlushAsync();
        Assert.Equal(2, broker.Partition("t").Values().Count);
        Assert.Equal(2, (await producer.ProduceAsync("t", ProducerFaultTests.Record(2, 0))).Offset);
    }

    [Fact]
    public async Task DisposingFlushesAndADisposedProducerRefuses()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        Producer producer = client.CreateProducer();
        for (int i = 0; i < 100; i++)
        {
            await producer.EnqueueAsync("t", ProducerFaultTests.Record(i, 0));
        }

        await producer.DisposeAsync();
        Assert.Equal(100, broker.Partition("t").Values().Count);
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await producer.EnqueueAsync("t", ProducerFaultTests.Record(0, 0)));
        await producer.DisposeAsync();
    }

    [Fact]
    public async Task EnqueueingAllocatesNothingPerRecord()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        var record = new ProducerRecord(new byte[100]);
        await producer.ProduceAsync("t", record);
        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int done = 0;
            while (done < 2000 && producer.EnqueueAsync("t", record) is { IsCompletedSuccessfully: true })
            {
                done++;
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(2000, done);
            await producer.FlushAsync();
        }

        // A batch object now and then, nothing for each of 2,000 records.
        Assert.InRange(least, 0, 2000);
    }

    [Fact]
    public async Task SpansAndMetricsHaveTheNamesOfTheConventions()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("telemetry", 1));
        var spans = new ConcurrentQueue<Activity>();
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "LogBroker.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(activities);
        var counted = new ConcurrentDictionary<string, long>();
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "LogBroker.Client")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag is { Key: "messaging.destination.name", Value: "telemetry" })
                {
                    counted.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
                }
            }
        });
        meters.Start();
        await using LogBrokerClient client = Clients.Of(broker);
        await using (Producer producer = client.CreateProducer())
        {
            await producer.ProduceAsync("telemetry", ProducerFaultTests.Record(0, 0));
        }

        Assert.Equal(1, await client.ReadAsync("telemetry", Position.Start, Position.End).CountAsync());
        Assert.Equal(1, counted["messaging.client.sent.messages"]);
        Assert.Equal(1, counted["messaging.client.consumed.messages"]);
        Activity span = Assert.Single(spans, s => s.DisplayName == "send telemetry");
        Assert.Equal(ActivityKind.Producer, span.Kind);
        Assert.Equal("logbroker", span.GetTagItem("messaging.system"));
        Assert.Equal(1, span.GetTagItem("messaging.batch.message_count"));
    }
}
