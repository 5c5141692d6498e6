using System.Buffers;
using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Cluster.Tests;

/// <summary>
/// A broker on a simulated machine. Without threads unless asked for: then every call runs all there is to do, and two runs of the
/// same calls are equal.
/// </summary>
internal sealed class TestBroker : IAsyncDisposable
{
    private readonly bool _isThreaded;
    private int _ids;

    private TestBroker(bool isThreaded)
    {
        _isThreaded = isThreaded;
        Disk = new SimDisk(Machine);
        State = new SimStateStore(Machine);
    }

    public SimMachine Machine { get; } = new();

    public SimDisk Disk { get; }

    public SimStateStore State { get; }

    /// <summary>Lives on through restarts and crashes, as the store of a real node does where it was flushed.</summary>
    public MemoryTableStore Tables { get; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public RecordedFailure Fatal { get; private set; } = new();

    /// <summary>Small segments: the simulated disk keeps preallocated files in memory.</summary>
    public BrokerSettings Settings { get; set; } = new()
    {
        DataDirectory = "/data",
        DiskHeadroomBytes = 0,
        MetadataSegmentBytes = Limits.SegmentBytesMin,
        TopicDefaults = new TopicConfig { SegmentBytesMax = Limits.SegmentBytesMin },
    };

    public ILoggerFactory Loggers { get; set; } = NullLoggerFactory.Instance;

    public Broker Broker { get; private set; } = null!;

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public static TestBroker New(bool isThreaded = false) => new(isThreaded);

    public static async Task<TestBroker> Open(bool isThreaded = false, Func<BrokerSettings, BrokerSettings>? with = null)
    {
        TestBroker broker = New(isThreaded);
        broker.Settings = with?.Invoke(broker.Settings) ?? broker.Settings;
        await broker.Open();
        return broker;
    }

    public async Task Open()
    {
        Result<Broker> opened = await TryOpen();
        Assert.True(opened.IsOk, opened.Error?.ToString());
        Broker = opened.Value;
    }

    public async Task<Result<Broker>> TryOpen()
    {
        Fatal = new RecordedFailure();
        BrokerSettings settings = Settings with { NewId = NextId };
        var around = new BrokerSurroundings(settings, Disk, State, Time, Loggers, Fatal) { Tables = Tables };
        return await BrokerStart.Open(around, !_isThreaded, null, CancellationToken.None);
    }

    /// <summary>Stops in good order and opens again.</summary>
    public async Task Restart()
    {
        await Broker.StopAsync(CancellationToken.None);
        await Open();
    }

    /// <summary>Loses power and opens again.</summary>
    public async Task Crash(LossMode mode, int seed = 1)
    {
        Machine.Restart(mode, new Random(seed));
        await Open();
    }

    /// <summary>Does all there is to do.</summary>
    public void Pump()
    {
        var threads = (PumpedThreads)Broker.Threads;
        while (threads.Step())
        {
        }
    }

    public async Task<TopicDescription> Create(string topic, int partitions = 1, params (string Key, string Value)[] config)
    {
        Result<TopicDescription> created = await TryCreate(topic, partitions, config);
        Assert.True(created.IsOk, created.Error?.ToString());
        return created.Value;
    }

    public async Task<Result<TopicDescription>> TryCreate(string topic, int partitions = 1, params (string Key, string Value)[] config) =>
        await Broker.CreateTopic(
            new CreateTopicCommand(topic, partitions, 0, config.ToDictionary(c => c.Key, c => c.Value), "", false), CancellationToken.None);

    /// <summary>Hands a batch in; its outcome is there after <see cref="Pump"/>.</summary>
    public Outcome Send(
        string topic,
        int partition,
        byte[] batch,
        RequiredAcks acks = RequiredAcks.Quorum,
        Outcomes? stream = null,
        int timeoutMs = 30_000,
        long? expects = null,
        long? expectsVersion = null)
    {
        stream ??= new Outcomes();
        Outcome outcome = stream.Next();
        var command = new ProduceCommand(new TopicPartition(topic, partition), outcome.Id, acks, timeoutMs, Epoch.None)
        {
            ExpectedOffset = expects,
            ExpectedKeyVersion = expectsVersion,
        };
        _ = Broker.Produce(command, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(batch)), stream);
        return outcome;
    }

    /// <summary>Hands a batch in and waits for its outcome.</summary>
    public async Task<ProduceOutcome> Produce(
        string topic, int partition, byte[] batch, RequiredAcks acks = RequiredAcks.Quorum, Outcomes? stream = null)
    {
        Outcome outcome = Send(topic, partition, batch, acks, stream);
        if (!_isThreaded)
        {
            Pump();
        }

        return await outcome.Value.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async Task<Offset> ProduceOk(string topic, int partition, byte[] batch, RequiredAcks acks = RequiredAcks.Quorum)
    {
        ProduceOutcome outcome = await Produce(topic, partition, batch, acks);
        Assert.Null(outcome.Error);
        return outcome.BaseOffset;
    }

    /// <summary>All records of a partition that consumers may see: offset and value.</summary>
    public async Task<List<(long Offset, byte[] Value)>> ReadAll(string topic, int partition = 0, long from = -1)
    {
        var records = new List<(long, byte[])>();
        Offset at = from >= 0 ? new Offset(from) : Partition(topic, partition).LogStart;
        while (true)
        {
            using FetchAnswer answer = await FetchOk(topic, partition, at);
            FetchedItem item = answer.Items[0];
            Assert.Null(item.Error);
            if (item.Slice.Length == 0)
            {
                return records;
            }

            foreach ((long offset, byte[] value) in Records(item.Slice))
            {
                if (offset >= at.Value)
                {
                    records.Add((offset, value));
                }
            }

            at = item.Slice.NextOffset;
        }
    }

    public async Task<FetchAnswer> FetchOk(string topic, int partition, Offset at, int bytesMax = 1 << 20, int waitMs = 0, int bytesMin = 1)
    {
        var item = new FetchItem(new TopicPartition(topic, partition), at, bytesMax, Epoch.None);
        var command = new FetchCommand([item], bytesMin, bytesMax, waitMs);
        Result<FetchAnswer> answer = await Broker.Fetch(command, CancellationToken.None);
        Assert.True(answer.IsOk, answer.Error?.ToString());
        return answer.Value;
    }

    public async Task<Result<Offset>> DeleteRecords(string topic, long before, bool validateOnly = false) =>
        await Broker.DeleteRecords(new TopicPartition(topic, 0), new Offset(before), validateOnly, CancellationToken.None);

    public async Task<Result<TopicId>> DeleteTopic(string topic, TopicId? id = null, bool validateOnly = false) =>
        await Broker.DeleteTopic(topic, id, validateOnly, CancellationToken.None);

    public async Task<Result<TopicDescription>> AddPartitions(string topic, int partitions, bool validateOnly = false) =>
        await Broker.AddPartitions(topic, partitions, validateOnly, CancellationToken.None);

    /// <summary>A segment file of a topic.</summary>
    public string LogFile(string topic, string end = ".log") => Disk.AllFiles.First(
        f => f.Contains($"/{topic}~", StringComparison.Ordinal) && f.EndsWith(end, StringComparison.Ordinal));

    public PartitionDescription Partition(string topic, int partition = 0) => Broker.DescribeTopic(topic).Value.Partitions[partition];

    /// <summary>Stops the broker; one that has died would never drain, and says why it died instead.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isThreaded && Fatal.Cause is not null)
        {
            Assert.Fail($"the broker died: {Fatal.Cause}");
        }

        if (Broker is not null && !Machine.IsDown)
        {
            await Broker.StopAsync(CancellationToken.None);
        }
    }

    public static IEnumerable<(long Offset, byte[] Value)> Records(LogSlice slice)
    {
        var bytes = new byte[slice.Length];
        slice.CopyTo(0, bytes);
        ReadOnlyMemory<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            Assert.Null(RecordReader.TryOpen(rest, Limits.BatchBytesMax, out RecordReader reader));
            while (reader.MoveNext())
            {
                yield return (reader.Current.Offset.Value, reader.Current.Value!.Value.ToArray());
            }

            rest = rest[reader.TotalBytes..];
        }
    }

    private Guid NextId() => new(Interlocked.Increment(ref _ids), 0, 0, new byte[8]);
}

/// <summary>One awaited outcome.</summary>
internal sealed class Outcome(ulong id)
{
    private readonly TaskCompletionSource<ProduceOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ulong Id => id;

    public Task<ProduceOutcome> Value => _done.Task;

    public bool IsDone => _done.Task.IsCompleted;

    /// <summary>The outcome, which must be there.</summary>
    public ProduceOutcome Answer
    {
        get
        {
            Assert.True(IsDone, "the batch was not answered");
            return _done.Task.Result;
        }
    }

    public void Set(in ProduceOutcome outcome) => _done.SetResult(outcome);
}

/// <summary>A produce stream: the sink of its batches, which remembers the order of answers.</summary>
internal sealed class Outcomes : IProduceSink
{
    private readonly List<Outcome> _all = [];

    public List<ulong> Order { get; } = [];

    public Outcome Next()
    {
        lock (_all)
        {
            _all.Add(new Outcome((ulong)_all.Count));
            return _all[^1];
        }
    }

    public void Completed(ulong correlationId, in ProduceOutcome outcome)
    {
        Outcome completed;
        lock (_all)
        {
            completed = _all[(int)correlationId];
            Order.Add(correlationId);
        }

        completed.Set(outcome);
    }
}

/// <summary>Batches of an idempotent producer.</summary>
internal static class ProducerBatches
{
    public static byte[] Of(long id, short epoch, int sequence, int records = 1, int fill = 0)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        for (int i = 0; i < records; i++)
        {
            Assert.True(builder.TryAppend(1_000, OptionalBytes.Null, BitConverter.GetBytes(sequence + i + fill)));
        }

        return builder.Finish(new ProducerId(id), epoch, sequence).ToArray();
    }
}
