using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

public sealed class ReaderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task ABoundedReadGivesEveryRecordOfEveryPartitionInOrder()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 3));
        await using LogBrokerClient client = Clients.Of(broker);
        await FillAsync(client, 3000, 3);
        var seen = new List<string>[] { [], [], [] };
        await foreach (ConsumedRecord record in client.ReadAsync("t", Position.Start, Position.End))
        {
            Assert.Equal(seen[record.Partition].Count, record.Offset);
            seen[record.Partition].Add(Encoding.UTF8.GetString(record.Value!.Value.Span));
        }

        for (int p = 0; p < 3; p++)
        {
            Assert.Equal(broker.Partition("t", p).Values(), seen[p]);
        }
    }

    [Theory]
    [InlineData("10:20", 10, 20)]
    [InlineData("+5:-5", 5, 95)]
    [InlineData("-3:end", 97, 100)]
    [InlineData("99:100", 99, 100)]
    [InlineData("end:end", 100, 100)]
    [InlineData("50:20", 50, 50)]
    public async Task PositionsCutInsideOfBatches(string range, int from, int until)
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await FillAsync(client, 100, 1);
        PositionRange parsed = PositionRange.Parse(range);
        List<long> offsets = await client.ReadAsync("t", parsed.From, parsed.Until).Select(r => r.Offset).ToListAsync();
        Assert.Equal(Enumerable.Range(from, until - from).Select(i => (long)i), offsets);
    }

    [Fact]
    public async Task AFollowingReadSurvivesARestartWithoutALossOrARepetition()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        using var stop = new CancellationTokenSource();
        var seen = new List<long>[] { [], [] };
        int count = 0;
        Task reading = Task.Run(async () =>
        {
            await foreach (ConsumedRecord record in client.ReadAsync("t", Position.Start, cancellationToken: stop.Token))
            {
                seen[record.Partition].Add(record.Offset);
                Interlocked.Increment(ref count);
            }
        });
        for (int round = 1; round <= 3; round++)
        {
            await FillAsync(client, 200, 2);
            int expected = round * 200;
            await Clients.UntilAsync(() => Volatile.Read(ref count) == expected);
            await broker.KillAsync();
            await broker.StartAsync();
        }

        await FillAsync(client, 200, 2);
        await Clients.UntilAsync(() => Volatile.Read(ref count) == 800);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Patience));
        Assert.All(seen, s => Assert.Equal(Enumerable.Range(0, 400).Select(i => (long)i), s));
    }

    [Fact]
    public async Task EventsTellOfCatchingUpAndOfTheEnd()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await FillAsync(client, 3, 1);
        var kinds = new List<(ReadEventKind, long)>();
        await foreach (ReadEvent e in client.ReadEventsAsync(["t"], Position.Start, until: Position.At(4)))
        {
            kinds.Add((e.Kind, e.Offset));
            if (e.Kind == ReadEventKind.CaughtUp)
            {
                await FillAsync(client, 1, 1);
            }
        }

        Assert.Equal(
            [
                (ReadEventKind.Record, 0), (ReadEventKind.Record, 1), (ReadEventKind.Record, 2), (ReadEventKind.CaughtUp, 3),
                (ReadEventKind.Record, 3), (ReadEventKind.End, 4),
            ],
            kinds);
    }

    [Fact]
    public async Task DeletedRecordsAreSkippedWithAnEventOrRefused()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < 10; i++)
        {
            await producer.ProduceAsync("t", ProducerFaultTests.Record(i, 0));
        }

        broker.Partition("t").Trim(6);
        var events = new List<ReadEvent>();
        await foreach (ReadEvent e in client.ReadEventsAsync(["t"], Position.At(2), Position.End))
        {
            events.Add(e);
        }

        Assert.Equal(ReadEventKind.Truncated, events[0].Kind);
        Assert.Equal((2, 6), (events[0].PreviousOffset, events[0].Offset));
        Assert.Equal([6, 7, 8, 9], events.Where(e => e.Kind == ReadEventKind.Record).Select(e => e.Offset));

        var strict = new ReadOptions { FailOnTruncation = true };
        var error = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await client.ReadAsync("t", Position.At(2), Position.End, options: strict).CountAsync());
        Assert.Equal(ErrorCode.OffsetOutOfRange, error.Reason);
    }

    [Fact]
    public async Task DamagedBytesAreNeverHandedOver()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await FillAsync(client, 3, 1);
        broker.Partition("t").Damage();
        var error = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await client.ReadAsync("t", Position.Start, Position.End).CountAsync());
        Assert.Equal(ErrorCode.CorruptBatch, error.Reason);
        Assert.Equal("t", error.Topic);
    }

    [Fact]
    public async Task KeysValuesHeadersAndTimesComeBackAsTheyWere()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        var time = new DateTimeOffset(2026, 2, 14, 1, 2, 3, 456, TimeSpan.Zero);
        await using (Producer producer = client.CreateProducer(new ProducerOptions { Compression = Compression.Gzip }))
        {
            await producer.ProduceAsync("t", new ProducerRecord(null, new byte[10_000]));
            await producer.ProduceAsync("t", new ProducerRecord("k"u8.ToArray(), (ReadOnlyMemory<byte>?)null) { Timestamp = time });
            RecordHeader[] headers = [new("a", "1"u8.ToArray()), new("a", null)];
            await producer.ProduceAsync("t", new ProducerRecord(Array.Empty<byte>(), Array.Empty<byte>()) { Headers = headers });
        }

        List<ConsumedRecord> records = await client.ReadAsync("t", Position.Start, Position.End).Select(r => r.Copy()).ToListAsync();
        Assert.Null(records[0].Key);
        Assert.Equal(10_000, records[0].Value!.Value.Length);
        Assert.Equal("k"u8.ToArray(), records[1].Key!.Value.ToArray());
        Assert.Null(records[1].Value);
        Assert.Equal(time, records[1].Timestamp);
        Assert.Equal(0, records[2].Key!.Value.Length);
        Assert.Equal(0, records[2].Value!.Value.Length);
        Assert.Equal(["a", "a"], records[2].Headers.Select(h => h.Key));
        Assert.Equal("1"u8.ToArray(), records[2].Headers[0].Value!.Value.ToArray());
        Assert.Null(records[2].Headers[1].Value);
    }

    [Fact]
    public async Task TypedRecordsAreDeserializedAndABadOneIsNamed()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using (Producer<string, long> producer = client.CreateProducer<string, long>("t"))
        {
            await producer.ProduceAsync("a", 1);
            await producer.EnqueueAsync("b", 2);
            await producer.FlushAsync();
            await producer.Untyped.ProduceAsync("t", new ProducerRecord("bad"u8.ToArray()));
        }

        var seen = new List<(string, long)>();
        var error = await Assert.ThrowsAsync<LogBrokerException>(async () =>
        {
            await foreach (Record<string, long> r in client.ReadAsync<string, long>("t", Position.Start, Position.End))
            {
                seen.Add((r.Key, r.Value));
            }
        });
        Assert.Equal([("a", 1L), ("b", 2L)], seen);
        Assert.Contains("offset 2 of t/0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASlowCallerHoldsThePrefetchWithinItsBound()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using (Producer producer = client.CreateProducer())
        {
            for (int i = 0; i < 100; i++)
            {
                await producer.EnqueueAsync("t", new ProducerRecord(new byte[10_000]));
            }
        }

        var options = new ReadOptions { PrefetchBytes = 64 * 1024, PartitionMaxBytes = 1024, FetchMaxBytes = 1024 };
        int count = 0;
        await foreach (ConsumedRecord record in client.ReadAsync("t", Position.Start, Position.End, options: options))
        {
            Assert.Equal(count++, record.Offset);
            Assert.Equal(10_000, record.Value!.Value.Length);
        }

        Assert.Equal(100, count);
    }

    [Fact]
    public async Task WithoutABrokerAReadFailsInsteadOfStallingForEver()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using var client = new LogBrokerClient(new LogBrokerClientOptions
        {
            Servers = broker.Address,
            ConnectTimeout = TimeSpan.FromMilliseconds(50),
        });
        var options = new ReadOptions { UnreachableTimeout = TimeSpan.FromMilliseconds(300) };
        var error = await Assert.ThrowsAsync<ServerUnreachableException>(async () =>
        {
            await foreach (ReadEvent e in client.ReadEventsAsync(["t"], Position.Start, options: options))
            {
                if (e.Kind == ReadEventKind.CaughtUp)
                {
                    await broker.KillAsync();
                }
            }
        });
        Assert.Contains(broker.Address, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownTopicsAndPartitionsAreNamed()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        var topic = await Assert.ThrowsAsync<LogBrokerException>(async () => await client.ReadAsync("x", Position.Start).CountAsync());
        Assert.Contains("logbroker topic create x", topic.Message, StringComparison.Ordinal);
        var partition = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await client.ReadAsync("t", Position.Start, partitions: [3]).CountAsync());
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, partition.Reason);
        Assert.Equal(3, partition.Partition);
    }

    private static async Task FillAsync(LogBrokerClient client, int count, int partitions)
    {
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        for (int i = 0; i < count; i++)
        {
            await producer.EnqueueAsync("t", ProducerFaultTests.Record(i, i % partitions));
        }

        await producer.FlushAsync();
    }
}
