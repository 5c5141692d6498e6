using System.Collections.Concurrent;
using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Nodes;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// Hands records over when they are due, on a thread of its own. One that is late, because it woke late or the SDK made it wait, hands
/// over everything that has become due at once; the delay counts, for all latencies are from the intended time.
/// </summary>
/// <remarks>
/// It sleeps until the next record is due, but at least <see cref="GrainMicroseconds"/>: above 10,000 records a second several are
/// handed over per wake-up, which keeps the pacing below a tenth of a core. The partition is left to the SDK's own choice for records
/// without a key, as with other clients.
/// </remarks>
internal sealed class PacedProducer(LoadTarget target, Schedule schedule, int index)
{
    private const long GrainMicroseconds = 100;

    private static readonly DeliveryCallback OnDelivered = static (object? state, in ProduceReceipt receipt, LogBrokerException? error) =>
    {
        var record = (PendingRecord)state!;
        record.Owner.End(record, receipt.Partition, error);
    };

    private readonly Scenario _scenario = target.Scenario;
    private readonly ConcurrentQueue<PendingRecord> _free = new();
    private long _acknowledged;
    private long _measured;
    private ulong _checksum;
    private LogBrokerException? _failure;

    /// <summary>Records acknowledged.</summary>
    public long Records => Interlocked.Read(ref _acknowledged);

    /// <summary>Those of them that were due in the measured part.</summary>
    public long RecordsMeasured => Interlocked.Read(ref _measured);

    /// <summary>Sum of the hashes of what was acknowledged.</summary>
    public ulong Checksum => Interlocked.Read(ref _checksum);

    /// <summary>When the last acknowledgement had come.</summary>
    public long EndTicks { get; private set; }

    /// <summary>Where latencies go: hand-over and acknowledgement, each from the intended time.</summary>
    public required LatencyRecorder PublishDelay { get; init; }

    public required LatencyRecorder Ack { get; init; }

    public required MeasuredSpan Span { get; init; }

    public required long MeasuredFromTicks { get; init; }

    /// <summary>
    /// Hears of each acknowledgement on the SDK's threads; then partitions are taken in turn, so that each has its share at any time. Null
    /// leaves them to the SDK.
    /// </summary>
    public Action<AckEntry>? OnAcknowledged { get; init; }

    /// <summary>Runs until the end of the measured part, and flushes.</summary>
    /// <exception cref="LogBrokerException">A record was not acknowledged.</exception>
    public Task RunAsync(CancellationToken cancellationToken) => RunAsync(cancellationToken, cancellationToken);

    /// <summary>The same, or until it is told to stop; flushes then too.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken cancellationToken)
    {
        await using LogBrokerClient client = target.Connect();
        await using Producer producer = client.CreateProducer(target.ProducerOptions());
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(producer, ended, stop)) { IsBackground = true, Name = "pace" };
        thread.Start();
        await ended.Task;
        await producer.FlushAsync(cancellationToken);
        EndTicks = Stopwatch.GetTimestamp();
        if (Volatile.Read(ref _failure) is { } failure)
        {
            throw failure;
        }
    }

    private void Run(Producer producer, TaskCompletionSource ended, CancellationToken cancellationToken)
    {
        try
        {
            PreciseSleep.Sharpen();
            Pace(producer, cancellationToken);
            ended.SetResult();
        }
        catch (Exception e)
        {
            ended.SetException(e);
        }
    }

    private void Pace(Producer producer, CancellationToken cancellationToken)
    {
        var values = new ValueSource(_scenario.ValueBytes, index);
        long grainTicks = GrainMicroseconds * Stopwatch.Frequency / 1_000_000;
        long now = Stopwatch.GetTimestamp();
        for (long record = 0; !cancellationToken.IsCancellationRequested; record++)
        {
            long due = schedule.DueTicks(record);
            if (due >= Ack.EndTicks)
            {
                return;
            }

            if (due > now)
            {
                PreciseSleep.Until(Math.Max(due, now + grainTicks));
                now = Stopwatch.GetTimestamp();
            }

            if (due >= MeasuredFromTicks && !Span.HasStarted)
            {
                Span.Begin(MeasuredFromTicks);
            }

            now = HandOver(producer, values, due, record);
        }
    }

    /// <summary>Returns when it handed over.</summary>
    private long HandOver(Producer producer, ValueSource values, long dueTicks, long number)
    {
        byte[] value = values.Next(dueTicks);
        PendingRecord pending = _free.TryDequeue(out PendingRecord? free) ? free : new PendingRecord(this);
        pending.IntendedTicks = dueTicks;
        pending.Hash = values.LastHash;
        long now = Stopwatch.GetTimestamp();
        PublishDelay.Record(dueTicks, now);
        var record = new ProducerRecord(value) { Partition = OnAcknowledged is null ? null : (int)(number % _scenario.Partitions) };
        ValueTask taken = producer.EnqueueAsync(target.Topic, record, OnDelivered, pending);
        if (!taken.IsCompletedSuccessfully)
        {
            taken.AsTask().GetAwaiter().GetResult();
        }

        return now;
    }

    private void End(PendingRecord record, int partition, LogBrokerException? error)
    {
        if (error is not null)
        {
            Interlocked.CompareExchange(ref _failure, error, null);
            return;
        }

        long now = Stopwatch.GetTimestamp();
        Ack.Record(record.IntendedTicks, now);
        OnAcknowledged?.Invoke(new AckEntry(partition, record.IntendedTicks, now));
        Interlocked.Add(ref _checksum, record.Hash);
        Interlocked.Increment(ref _acknowledged);
        if (record.IntendedTicks >= MeasuredFromTicks)
        {
            Interlocked.Increment(ref _measured);
        }

        _free.Enqueue(record);
    }

    private sealed class PendingRecord(PacedProducer owner)
    {
        public PacedProducer Owner { get; } = owner;

        public long IntendedTicks { get; set; }

        public ulong Hash { get; set; }
    }
}
