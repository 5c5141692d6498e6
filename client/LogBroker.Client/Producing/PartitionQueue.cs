using System.Diagnostics;
using System.Runtime.InteropServices;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>What came of handing a record to a partition.</summary>
internal enum AppendOutcome
{
    Done,
    NoMemory,
    TooLarge,
}

/// <summary>What the sender of a partition is to do next.</summary>
internal enum TakeOutcome
{
    Nothing,
    Batch,
    NeedsIdentity,
    NeedsNextEpoch,
}

/// <summary>
/// The batches of one partition on their way to the broker, in order: filled, sealed, in flight, answered.
/// </summary>
/// <remarks>
/// Order and exactly-once rest on these rules. Sequence numbers are given when a batch is first sent. At most five batches are in
/// flight, and none is sent that would push an unanswered one out of the broker's memory of five; all go over one stream. After a
/// refusal or a lost stream nothing is sent until every batch in flight has ended; then they are
/// sent again from the first unanswered one, in order, with their old sequences, which the broker recognises. When a batch fails for
/// good, the sequence has a hole: if it certainly was not written, the batches behind it are numbered anew; if it may have been, they
/// take a new producer epoch, and those of them that may themselves have been written fail as unknown.
/// One sender at a time has the partition: that of its leader. When another node leads, batches that the old one does not answer are
/// taken back and sent again there; what the old one still says about them, or still does with them, counts for nothing: it may
/// write copies under the same sequences, which the broker recognises, or under an epoch of its own that is over.
/// State is guarded by one lock; listeners are called outside of it, by one thread at a time, in order.
/// </remarks>
internal sealed partial class PartitionQueue(ProducerCore core, TopicQueue topic, int partition)
{
    /// <summary>Memory that a batch takes when it is opened; it takes more as it grows.</summary>
    private const int FirstBytes = 16 * 1024;

    /// <summary>Stands for the time where asking for it would cost too much: linger and waits are left to the next sweep.</summary>
    private const long TimeNotAsked = -1;

    private readonly Lock _gate = new();

    /// <summary>Everything that has not been announced, in order.</summary>
    private readonly Queue<ProducerBatch> _order = new();

    /// <summary>Sealed and never sent.</summary>
    private readonly Queue<ProducerBatch> _sealed = new();

    /// <summary>Sent before and to be sent again, in order.</summary>
    private readonly List<ProducerBatch> _resend = [];

    /// <summary>Sent and unanswered, in order.</summary>
    private readonly List<ProducerBatch> _inFlight = [];

    private ProducerBatch? _open;
    private bool _isDraining;
    private bool _isAnnouncing;
    private long _notBefore;
    private int _failures;
    private LogBrokerException? _lastError;
    private long _places;

    public string Topic => topic.Name;

    public int Partition => partition;

    /// <summary>Appends a record to the open batch.</summary>
    /// <param name="record">The record.</param>
    /// <param name="timestampMs">Its time.</param>
    /// <param name="delivery">Who listens.</param>
    /// <param name="grantedBytes">Memory that the caller has taken for it already; what is not needed is given back.</param>
    /// <param name="neededBytes">What to take when there was no memory, or the size of a record that is too large.</param>
    public AppendOutcome Append(
        in ProducerRecord record, long timestampMs, in Delivery delivery, long grantedBytes, out long neededBytes)
    {
        bool mustSchedule;
        AppendOutcome outcome;
        lock (_gate)
        {
            outcome = AppendLocked(record, timestampMs, delivery, ref grantedBytes, out neededBytes);
            mustSchedule = outcome == AppendOutcome.Done && MarkScheduled(TimeNotAsked);
        }

        if (grantedBytes > 0)
        {
            core.Memory.Give(grantedBytes);
        }

        if (mustSchedule)
        {
            core.Schedule(this);
        }

        return outcome;
    }

    /// <summary>Sends what there is without waiting for more, and tells when all of it has ended; null when there is nothing.</summary>
    public Task? Flush()
    {
        bool mustSchedule;
        Task? ended;
        lock (_gate)
        {
            ProducerBatch? last = _order.LastOrDefault();
            if (last is null)
            {
                return null;
            }

            ended = last.EndedAsync();
            if (_open is not null)
            {
                Seal();
            }

            mustSchedule = MarkScheduled(core.Now());
        }

        if (mustSchedule)
        {
            core.Schedule(this);
        }

        return ended;
    }

    private AppendOutcome AppendLocked(
        in ProducerRecord record, long timestampMs, in Delivery delivery, ref long grantedBytes, out long neededBytes)
    {
        ReadOnlySpan<RecordHeader> headers = HeadersOf(record.Headers);
        neededBytes = 0;
        bool isAlone = record.IsConditional;
        if (_open is not null && (isAlone || !_open.Builder.TryAppend(timestampMs, record.Key, record.Value, headers)))
        {
            Seal();
        }

        if (_open is null)
        {
            int bytesMax = Math.Min(core.Options.BatchBytes, topic.MessageBytesMax);
            AppendOutcome outcome = OpenBatch(bytesMax, ref grantedBytes, out neededBytes);
            if (outcome == AppendOutcome.Done && !_open!.Builder.TryAppend(timestampMs, record.Key, record.Value, headers))
            {
                outcome = OpenForLarge(record, headers, ref grantedBytes, out neededBytes);
                bool isAppended = outcome == AppendOutcome.Done
                    && _open!.Builder.TryAppend(timestampMs, record.Key, record.Value, headers);
                Invariant.Require(isAppended || outcome != AppendOutcome.Done);
            }

            if (outcome != AppendOutcome.Done)
            {
                return outcome;
            }
        }

        if (delivery.Target is not null)
        {
            _open!.AddDelivery(delivery, timestampMs);
        }

        if (Telemetry.Source.HasListeners() && Activity.Current is { } caller)
        {
            _open!.AddLink(caller);
        }

        if (isAlone)
        {
            _open!.Expect(record);
        }

        Grow(_open!);
        if (isAlone && _open is not null)
        {
            Seal();
        }

        return AppendOutcome.Done;
    }

    private AppendOutcome OpenBatch(int bytesMax, ref long grantedBytes, out long neededBytes)
    {
        neededBytes = Math.Min(FirstBytes, bytesMax);
        if (grantedBytes >= neededBytes)
        {
            neededBytes = grantedBytes;
            grantedBytes = 0;
        }
        else if (!core.Memory.TryTake(neededBytes))
        {
            return AppendOutcome.NoMemory;
        }

        _open = core.RentBatch(bytesMax);
        _open.Open(this, core.Now());
        _open.HeldBytes = neededBytes;
        _order.Enqueue(_open);
        core.Arm();
        return AppendOutcome.Done;
    }

    /// <summary>The record does not fit the empty batch: it becomes a batch of its own, if the topic takes it.</summary>
    private AppendOutcome OpenForLarge(
        in ProducerRecord record, ReadOnlySpan<RecordHeader> headers, ref long grantedBytes, out long neededBytes)
    {
        ProducerBatch small = _open!;
        Invariant.Require(_order.Count > 0 && _order.Last() == small);
        RemoveLastFromOrder();
        _open = null;
        grantedBytes += small.HeldBytes;
        core.ReturnBatch(small);

        neededBytes = BatchBuilder.BytesOfSingle(record.Key, record.Value, headers);
        if (neededBytes > topic.MessageBytesMax)
        {
            return AppendOutcome.TooLarge;
        }

        int bytesMax = (int)neededBytes;
        if (grantedBytes < neededBytes)
        {
            if (!core.Memory.TryTake(neededBytes))
            {
                return AppendOutcome.NoMemory;
            }

            grantedBytes += neededBytes;
        }

        _open = new ProducerBatch(bytesMax, core.Codec);
        _open.Open(this, core.Now());
        _open.HeldBytes = bytesMax;
        grantedBytes -= bytesMax;
        _order.Enqueue(_open);
        return AppendOutcome.Done;
    }

    /// <summary>Rare, and the queue is short then or the record is large: copying is cheap enough.</summary>
    private void RemoveLastFromOrder()
    {
        int others = _order.Count - 1;
        for (int i = 0; i < others; i++)
        {
            _order.Enqueue(_order.Dequeue());
        }

        _order.Dequeue();
    }

    /// <summary>Takes memory for what a batch has grown to; when there is none left the batch goes out as it is.</summary>
    private void Grow(ProducerBatch batch)
    {
        int bytes = batch.Builder.Bytes;
        if (bytes > batch.HeldBytes)
        {
            long more = Math.Max(bytes, Math.Min(4 * batch.HeldBytes, batch.BytesMax)) - batch.HeldBytes;
            bool isTaken = core.Memory.TryTake(more);
            if (!isTaken)
            {
                more = bytes - batch.HeldBytes;
                core.Memory.Take(more);
            }

            batch.HeldBytes += more;
            if (!isTaken)
            {
                Seal();
                return;
            }
        }

        if (bytes >= core.Options.BatchBytes)
        {
            Seal();
        }
    }

    private void Seal()
    {
        _sealed.Enqueue(_open!);
        topic.LeaveSticky(partition, _open!.Builder.Bytes);
        _open = null;
    }

    private ProducerBatch Next()
    {
        ProducerBatch? batch;
        if (_resend.Count > 0)
        {
            batch = _resend[0];
            _resend.RemoveAt(0);
        }
        else if (!_sealed.TryDequeue(out batch))
        {
            batch = _open!;
            topic.LeaveSticky(partition, core.IsAnythingInFlight ? batch.Builder.Bytes : int.MaxValue);
            _open = null;
        }

        return batch;
    }

    /// <summary>True when the caller must schedule it, which it then does outside the lock.</summary>
    private bool MarkScheduled(long now)
    {
        if (_isScheduled || !CanSend(now))
        {
            return false;
        }

        _isScheduled = true;
        return true;
    }

    private bool CanSend(long now)
    {
        if (_isAdopting
            || (_isDraining && _inFlight.Count > 0)
            || _inFlight.Count >= core.BatchesInFlightMax
            || (_notBefore != 0 && now < _notBefore))
        {
            return false;
        }

        if (_resend.Count > 0)
        {
            return true;
        }

        // The broker remembers five batches: none may be sent that would push an unanswered one out of its memory.
        if ((_open is null && _sealed.Count == 0)
            || (_inFlight.Count > 0 && _places + 1 - _inFlight[0].Place >= core.BatchesInFlightMax))
        {
            return false;
        }

        if (_sealed.Count > 0)
        {
            return true;
        }

        return _inFlight.Count == 0
            || core.LingerTicks == 0
            || now - _open!.OpenedAt >= core.LingerTicks
            || core.Memory.HasWaiters;
    }

    private void Delay(TimeSpan? serverAsks)
    {
        _failures++;
        _notBefore = core.Now() + core.Ticks(core.Retry.Wait(_failures, serverAsks));
        core.Arm();
    }

    private static ReadOnlySpan<RecordHeader> HeadersOf(IReadOnlyList<RecordHeader>? headers) => headers switch
    {
        null => default,
        RecordHeader[] array => array,
        List<RecordHeader> list => CollectionsMarshal.AsSpan(list),
        _ => headers.ToArray(),
    };
}
