using System.Diagnostics;
using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// Readers at the tail of a topic. They share its partitions, count what they get and, on request, record the time from the intended
/// time to the receipt.
/// </summary>
internal sealed class TailReaders : IAsyncDisposable
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DrainPeriod = TimeSpan.FromMilliseconds(2);

    private readonly LoadTarget _target;
    private readonly Position _from;
    private readonly CancellationTokenSource _stop;
    private readonly Reader[] _readers;
    private readonly Task[] _tasks;
    private readonly TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Observation? _observation;
    private int _partitionsPending;

    private TailReaders(LoadTarget target, Position from, CancellationToken cancellationToken)
    {
        _target = target;
        _from = from;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _partitionsPending = target.Scenario.Partitions;
        _readers = [.. Enumerable.Range(0, target.ReaderCount).Select(_ => new Reader())];
        _tasks = [.. _readers.Select((r, i) => Task.Run(() => ReadAsync(r, target.PartitionsOf(i)), CancellationToken.None))];
    }

    /// <summary>The longest time from the hand-over of a record in the measured part to its receipt.</summary>
    public double LagSecondsMax => _readers.Max(r => r.LagTicksMax) / (double)Stopwatch.Frequency;

    private long Records => _readers.Sum(r => Volatile.Read(ref r.Records));

    /// <summary>Starts them and waits until each has heard from every partition that it is at its end.</summary>
    public static async Task<TailReaders> StartAsync(LoadTarget target, Position from, CancellationToken cancellationToken)
    {
        var readers = new TailReaders(target, from, cancellationToken);
        Task first = await Task.WhenAny([readers._attached.Task, .. readers._tasks]).WaitAsync(cancellationToken);
        await first;
        return readers;
    }

    /// <summary>Tells them what is measured.</summary>
    /// <param name="span">The measured part.</param>
    /// <param name="endToEnd">Where latencies go, or null.</param>
    public void Observe(MeasuredSpan span, LatencyRecorder? endToEnd) => _observation = new Observation(span, endToEnd);

    /// <summary>Waits until they have got this many records; returns a remark when some did not come, and throws when one failed.</summary>
    public async Task<string?> WaitForAsync(long records, CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        while (Records < records)
        {
            if (_tasks.FirstOrDefault(t => t.IsCompleted) is { } ended)
            {
                await ended;
            }

            if (Stopwatch.GetElapsedTime(begin) > DrainTimeout)
            {
                return FormattableString.Invariant(
                    $"{records - Records} records were not received within {DrainTimeout.TotalSeconds} s of the end");
            }

            await Task.Delay(DrainPeriod, cancellationToken);
        }

        return null;
    }

    /// <summary>What came after the begin of the measured part, until the last receipt.</summary>
    public Throughput Measured()
    {
        long records = _readers.Sum(r => r.RecordsBefore < 0 ? 0 : Volatile.Read(ref r.Records) - r.RecordsBefore);
        double seconds = _observation!.Span.SecondsUntil(_readers.Max(r => Volatile.Read(ref r.LastTicks)));
        return new Throughput(records, records * _target.Scenario.ValueBytes, seconds);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Task.WhenAll(_tasks);
        }
        catch (Exception e) when (e is OperationCanceledException or LogBrokerException)
        {
            // They were told to end; a failure that matters was thrown by WaitForAsync.
        }

        _stop.Dispose();
    }

    private async Task ReadAsync(Reader reader, int[] partitions)
    {
        var pending = partitions.ToHashSet();
        await using LogBrokerClient client = _target.Connect();
        await foreach (ReadEvent happened in client.ReadEventsAsync(
            [_target.Topic], _from, partitions: partitions, cancellationToken: _stop.Token))
        {
            if (happened.Kind == ReadEventKind.Record)
            {
                Take(reader, happened.Record.Value!.Value.Span);
            }
            else if (happened.Kind == ReadEventKind.CaughtUp
                && pending.Remove(happened.Partition)
                && Interlocked.Decrement(ref _partitionsPending) == 0)
            {
                _attached.TrySetResult();
            }
        }
    }

    private void Take(Reader reader, ReadOnlySpan<byte> value)
    {
        long now = Stopwatch.GetTimestamp();
        if (_observation is { Span.HasStarted: true } observation)
        {
            if (reader.RecordsBefore < 0)
            {
                reader.RecordsBefore = reader.Records;
            }

            long intended = ValueSource.IntendedTicks(value);
            observation.EndToEnd?.Record(intended, now);
            if (intended >= observation.Span.StartTicks)
            {
                reader.LagTicksMax = Math.Max(reader.LagTicksMax, now - intended);
            }
        }

        Volatile.Write(ref reader.LastTicks, now);
        Volatile.Write(ref reader.Records, reader.Records + 1);
    }

    private sealed class Reader
    {
        public long Records;
        public long RecordsBefore = -1;
        public long LastTicks;
        public long LagTicksMax;
    }

    private sealed record Observation(MeasuredSpan Span, LatencyRecorder? EndToEnd);
}
