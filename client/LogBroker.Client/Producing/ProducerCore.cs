using System.Collections.Concurrent;
using LogBroker.Protocol;
using Microsoft.Extensions.Logging;

namespace LogBroker.Client;

/// <summary>
/// What is behind a producer: takes records in, owns topics, senders, memory, identity and the sweep. Thread-safe.
/// </summary>
internal sealed partial class ProducerCore : IAsyncDisposable
{
    /// <summary>Added to the ack timeout before a silent stream is broken: the server answers at its own timeout.</summary>
    private static readonly TimeSpan SilenceGrace = TimeSpan.FromSeconds(10);

    /// <summary>After this time without an answer other nodes are asked whether the leader is still the leader.</summary>
    private static readonly TimeSpan LeaderPatience = TimeSpan.FromSeconds(1);

    private readonly BrokerCalls _calls;
    private readonly ConcurrentDictionary<string, TopicQueue> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<NodeSender>> _senders = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<ProducerBatch> _freeBatches = new();
    private readonly int _freeBatchesMax;
    private readonly ITimer _sweeper;
    private readonly Lock _failureLock = new();
    private TopicQueue? _lastTopic;
    private LogBrokerException? _firstFailure;
    private long _failedRecords;
    private int _inFlight;
    private volatile LogBrokerException? _fence;
    private volatile bool _isDisposed;

    public ProducerCore(LogBrokerClient client, ProducerOptions options)
    {
        Options = options;
        _calls = client.Calls;
        Metadata = client.Metadata;
        Clock = client.Options.TimeProvider;
        ClientId = client.Options.ClientId;
        Memory = new MemoryGate(options.BufferBytes);
        Codec = (CompressionCodec)options.Compression;
        LingerTicks = Ticks(options.Linger);
        DeliveryTicks = Ticks(options.DeliveryTimeout);
        SilenceTicks = Ticks(options.AckTimeout + SilenceGrace);
        PatienceTicks = Ticks(LeaderPatience);
        OpenTimeout = client.Options.RequestTimeout < TimeSpan.FromSeconds(10) ? client.Options.RequestTimeout : TimeSpan.FromSeconds(10);
        _freeBatchesMax = (int)Math.Clamp(options.BufferBytes / options.BatchBytes, 4, 256);
        SweepPeriod = TimeSpan.FromMilliseconds(Math.Clamp(options.Linger.TotalMilliseconds / 2, 1, 20));
        _sweeper = Clock.CreateTimer(
            static core => ((ProducerCore)core!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Metadata.LeaderChanged += OnLeaderChanged;
    }

    public ProducerOptions Options { get; }

    public MetadataCache Metadata { get; }

    public TimeProvider Clock { get; }

    public string ClientId { get; }

    public MemoryGate Memory { get; }

    public CompressionCodec Codec { get; }

    public bool IsIdempotent => Options.EnableIdempotence;

    public int BatchesInFlightMax => IsIdempotent ? Options.BatchesInFlightMax : 1;

    public long LingerTicks { get; }

    public long DeliveryTicks { get; }

    public long SilenceTicks { get; }

    public long PatienceTicks { get; }

    public TimeSpan OpenTimeout { get; }

    public RetryPolicy Retry => _calls.Retry;

    public ILogger Log => _calls.Log;

    public ChannelPool Channels => _calls.Channels;

    public long BufferedBytes => Memory.Held;

    public bool IsAnythingInFlight => Volatile.Read(ref _inFlight) > 0;

    private TimeSpan SweepPeriod { get; }

    public long Now() => Clock.GetTimestamp();

    public long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Clock.TimestampFrequency);

    public double Milliseconds(long ticks) => ticks * 1000.0 / Clock.TimestampFrequency;

    public TimeSpan Elapsed(long since) => Clock.GetElapsedTime(since);

    /// <summary>How long the server may wait for the acks of a batch: no longer than its time that is left.</summary>
    public int AckTimeoutMs(ProducerBatch batch)
    {
        double leftMs = Milliseconds(DeliveryTicks - (Now() - batch.OpenedAt));
        return (int)Math.Clamp(leftMs, 1, Options.AckTimeout.TotalMilliseconds);
    }

    public ValueTask<ProduceReceipt> ProduceAsync(string topic, in ProducerRecord record, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ProduceReceipt>(cancellation);
        }

        CheckConditions(record);
        ReceiptSource source = ReceiptSource.Rent();
        var delivery = new Delivery(source, null);
        if (TryAppendAtOnce(topic, record, delivery, out LogBrokerException? failure))
        {
            if (failure is not null)
            {
                source.Abandon();
                return ValueTask.FromException<ProduceReceipt>(failure);
            }

            ValueTask<ProduceReceipt> task = source.Task;
            source.ObserveCancellation(cancellation);
            return task;
        }

        return AppendAndWaitAsync(GetTopic(topic), record, source, cancellation);
    }

    public ValueTask EnqueueAsync(
        string topic, in ProducerRecord record, DeliveryCallback? onDelivered, object? state, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        CheckConditions(record);
        var delivery = new Delivery(onDelivered, state);
        if (TryAppendAtOnce(topic, record, delivery, out LogBrokerException? failure))
        {
            return failure is null ? ValueTask.CompletedTask : ValueTask.FromException(failure);
        }

        return new ValueTask(AppendInLaneAsync(GetTopic(topic), record, delivery, cancellation));
    }

    public async Task FlushAsync(CancellationToken cancellation)
    {
        foreach (TopicQueue topic in _topics.Values)
        {
            if (topic.Lane.IsBusy)
            {
                await EnterAsync(topic.Lane, cancellation).ConfigureAwait(false);
                topic.Lane.Leave();
            }
        }

        var ends = new List<Task>();
        foreach (TopicQueue topic in _topics.Values)
        {
            foreach (PartitionQueue partition in topic.Partitions)
            {
                if (partition.Flush() is { } ended)
                {
                    ends.Add(ended);
                }
            }
        }

        await Task.WhenAll(ends).WaitAsync(cancellation).ConfigureAwait(false);
        ThrowFailures();
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        try
        {
            await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            Metadata.LeaderChanged -= OnLeaderChanged;
            foreach (Lazy<NodeSender> sender in _senders.Values)
            {
                await sender.Value.CloseAsync().ConfigureAwait(false);
            }

            await _sweeper.DisposeAsync().ConfigureAwait(false);
            while (_freeBatches.TryDequeue(out ProducerBatch? batch))
            {
                batch.Builder.Dispose();
            }
        }
    }

    /// <summary>True when the record was taken or refused at once; false when it must go through the lane.</summary>
    private bool TryAppendAtOnce(string name, in ProducerRecord record, in Delivery delivery, out LogBrokerException? failure)
    {
        failure = null;
        TopicQueue topic = GetTopic(name);
        if (topic.Lane.IsBusy || topic.Choose(record) is not { } partition)
        {
            return false;
        }

        AppendOutcome outcome = partition.Append(record, TimestampMs(record), delivery, 0, out long bytes);
        if (outcome == AppendOutcome.TooLarge)
        {
            failure = TooLarge(partition, bytes, topic.MessageBytesMax);
        }

        return outcome != AppendOutcome.NoMemory;
    }

    private TopicQueue GetTopic(string name)
    {
        if (_isDisposed || _fence is not null)
        {
            ThrowUnusable();
        }

        TopicQueue? last = _lastTopic;
        if (last is not null && (ReferenceEquals(last.Name, name) || last.Name == name))
        {
            return last;
        }

        if (!_topics.TryGetValue(name, out TopicQueue? topic))
        {
            Check.Topic(name);
            topic = _topics.GetOrAdd(name, static (n, core) => new TopicQueue(core, n), this);
        }

        _lastTopic = topic;
        return topic;
    }

    private void ThrowUnusable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(Producer));
        throw new LogBrokerException(ErrorCode.ProducerFenced, $"this producer can do no more: {_fence!.Message}", _fence);
    }

    private async ValueTask<ProduceReceipt> AppendAndWaitAsync(
        TopicQueue topic, ProducerRecord record, ReceiptSource source, CancellationToken cancellation)
    {
        ValueTask<ProduceReceipt> task = source.Task;
        await AppendInLaneAsync(topic, record, new Delivery(source, null), cancellation).ConfigureAwait(false);
        source.ObserveCancellation(cancellation);
        return await task.ConfigureAwait(false);
    }

    /// <summary>Takes its place in the lane before it first waits, so that the order of calls is the order of records.</summary>
    private async Task AppendInLaneAsync(TopicQueue topic, ProducerRecord record, Delivery delivery, CancellationToken cancellation)
    {
        await EnterAsync(topic.Lane, cancellation).ConfigureAwait(false);
        try
        {
            await LearnAsync(topic, record.Partition, cancellation).ConfigureAwait(false);
            long grantedBytes = 0;
            while (true)
            {
                PartitionQueue partition = topic.Choose(record)!;
                AppendOutcome outcome = partition.Append(record, TimestampMs(record), delivery, grantedBytes, out long bytes);
                if (outcome == AppendOutcome.Done)
                {
                    return;
                }

                if (outcome == AppendOutcome.TooLarge)
                {
                    throw TooLarge(partition, bytes, topic.MessageBytesMax);
                }

                await TakeMemoryAsync(topic, bytes, cancellation).ConfigureAwait(false);
                grantedBytes = bytes;
            }
        }
        finally
        {
            topic.Lane.Leave();
        }
    }

    private static async Task EnterAsync(Lane lane, CancellationToken cancellation)
    {
        Task turn = lane.EnterAsync();
        try
        {
            await turn.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = turn.ContinueWith(static (_, l) => ((Lane)l!).Leave(), lane, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Makes sure that the topic's partitions are known, the wanted one among them.</summary>
    private async Task LearnAsync(TopicQueue topic, int? partition, CancellationToken cancellation)
    {
        if (topic.Partitions.Length == 0)
        {
            topic.Learn(await Metadata.GetAsync(topic.Name, cancellation).ConfigureAwait(false));
        }

        if (partition is { } wanted && (uint)wanted >= (uint)topic.Partitions.Length)
        {
            TopicMetadata fresh = await Metadata.RefreshAsync(topic.Name, cancellation).ConfigureAwait(false);
            topic.Learn(fresh);
            OffsetLookup.CheckPartition(fresh, wanted);
        }
    }

    private async Task TakeMemoryAsync(TopicQueue topic, long bytes, CancellationToken cancellation)
    {
        // What is held goes out now, so that there will be memory.
        foreach (PartitionQueue partition in topic.Partitions)
        {
            partition.Hurry();
        }

        using var timeout = new CancellationTokenSource(Options.DeliveryTimeout, Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await Memory.TakeAsync(bytes, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LogBrokerException(
                ErrorCode.Timeout,
                $"no memory for the record within {Options.DeliveryTimeout.TotalSeconds} s: "
                    + $"{Memory.Held} of {Options.BufferBytes} bytes wait for acks")
            {
                Topic = topic.Name,
                Elapsed = Options.DeliveryTimeout,
            };
        }
    }

    private static void CheckConditions(in ProducerRecord record)
    {
        if (record.ExpectedOffset < 0 || record.ExpectedKeyVersion < -1 || (record.ExpectedKeyVersion is not null && record.Key is null))
        {
            throw new ArgumentException(
                $"ExpectedOffset {record.ExpectedOffset} must be at least 0, ExpectedKeyVersion {record.ExpectedKeyVersion} at least -1 "
                    + "and in a record with a key",
                nameof(record));
        }
    }

    private long TimestampMs(in ProducerRecord record) => (record.Timestamp ?? Clock.GetUtcNow()).ToUnixTimeMilliseconds();

    private static LogBrokerException TooLarge(PartitionQueue partition, long bytes, int bytesMax) => new(
        ErrorCode.RecordTooLarge,
        $"record has {bytes} bytes with its batch header > {bytesMax}, max.message.bytes of topic {partition.Topic}")
    {
        Topic = partition.Topic,
        Partition = partition.Partition,
    };

    private void ThrowFailures()
    {
        LogBrokerException? first;
        long count;
        lock (_failureLock)
        {
            (first, _firstFailure) = (_firstFailure, null);
            (count, _failedRecords) = (_failedRecords, 0);
        }

        if (first is null)
        {
            return;
        }

        string message = $"{count} records that were enqueued since the last flush failed; the first: {first.Message}";
        throw first switch
        {
            OutcomeUnknownException => new OutcomeUnknownException(message, first)
            {
                Topic = first.Topic,
                Partition = first.Partition,
                Endpoint = first.Endpoint,
                Elapsed = first.Elapsed,
            },
            ServerUnreachableException => new ServerUnreachableException(message, first)
            {
                Topic = first.Topic,
                Partition = first.Partition,
                Endpoint = first.Endpoint,
                Elapsed = first.Elapsed,
            },
            _ => new LogBrokerException(first.Reason, message, first)
            {
                Topic = first.Topic,
                Partition = first.Partition,
                Endpoint = first.Endpoint,
                Elapsed = first.Elapsed,
            },
        };
    }
}
