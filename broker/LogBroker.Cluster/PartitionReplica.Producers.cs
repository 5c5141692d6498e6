using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// Producer state on every replica, so that a new leader has it at once: the table covers exactly the batches in front of an offset; a
/// leader adds what it appends, a follower what is committed, so nothing of it is ever taken back by a cut. A leader that steps down
/// may have added what another one cuts: it forgets the table and reads it anew, from the last snapshot on.
/// </summary>
internal sealed partial class PartitionReplica
{
    private const int ReplayBytesMax = 1024 * 1024;

    /// <summary>Batches of idempotent producers that were replicated and are not committed yet, in log order.</summary>
    private readonly Queue<ReplicatedBatch> _replicated = new();

    private ProducerTable _producers;
    private Offset? _producersUpTo;
    private Offset _replicatedFrom;
    private long _bytesSinceSnapshot;
    private byte[]? _snapshot;
    private Offset _snapshotUpTo;
    private Offset _snapshotStoredUpTo = Offset.None;

    private readonly record struct ReplicatedBatch(
        ProducerBatch Producer, Offset BaseOffset, Offset NextOffset, Epoch LeaderEpoch, long AppendTimeMs);

    /// <summary>Remembers the producers of items that a follower appended up to an end.</summary>
    private void NoteReplicated(ReadOnlySpan<byte> items, Offset end)
    {
        int bytes = 0;
        while (items.Length >= BatchHeader.Bytes)
        {
            var batch = new RecordBatch(items[..BatchHeader.Bytes]);
            if (!batch.IsEpochRow)
            {
                if (batch.NextOffset > end)
                {
                    break;
                }

                bytes += batch.TotalBytes;
                if (batch.ProducerId.IsSome)
                {
                    long appendTimeMs = batch.TimestampType == TimestampType.LogAppendTime ? batch.MaxTimestampMs : -1;
                    _replicated.Enqueue(new ReplicatedBatch(
                        ProducerBatch.Of(batch), batch.BaseOffset, batch.NextOffset, batch.LeaderEpoch, appendTimeMs));
                }
            }

            items = items[batch.TotalBytes..];
        }

        _bytesSinceSnapshot += bytes;
        _invisible.Enqueue((end, bytes));
    }

    /// <summary>Adds what became committed to the table of a follower.</summary>
    private void CommitReplicated(Offset highWatermark)
    {
        if (_hasServed)
        {
            return; // the table has what this leader appends, committed or not
        }

        while (_replicated.TryPeek(out ReplicatedBatch batch) && batch.NextOffset <= highWatermark)
        {
            _replicated.Dequeue();
            if (_producersUpTo is { } covered && batch.BaseOffset >= covered)
            {
                _producers.Append(
                    batch.Producer, batch.BaseOffset, batch.NextOffset, batch.LeaderEpoch, batch.AppendTimeMs, _env.RunningMs);
            }
        }

        _producers.Commit(int.MaxValue);
        _replicatedFrom = Offset.Max(_replicatedFrom, highWatermark);
        if (_producersUpTo is not null)
        {
            _producersUpTo = Offset.Max(_producersUpTo.Value, highWatermark);
        }
    }

    /// <summary>A cut took what stood at or behind an end.</summary>
    private void ForgetReplicated(Offset end)
    {
        Keep(_replicated, b => b.NextOffset <= end);
        Keep(_invisible, g => g.Next <= end);
        _replicatedFrom = Offset.Min(_replicatedFrom, end);
    }

    /// <summary>The table may hold what will be cut, or its records are gone: it is read anew when it is needed.</summary>
    private void ForgetProducers(Offset from)
    {
        _producers = NewProducerTable();
        _producersUpTo = null;
        _replicated.Clear();
        _replicatedFrom = from;
        _snapshot = null;
    }

    private ProducerTable NewProducerTable() => new(_env.Settings.ProducersPerPartitionMax, _env.Settings.ProducerExpiryMs);

    /// <summary>
    /// Snapshots the producers as of what the table covers, and stores that once the log is committed and durable up to there. Of an
    /// offset in the middle there is none: who appended a window of batches behind it has left no trace of those in front of it.
    /// </summary>
    private void SnapshotProducers()
    {
        if (_bytesSinceSnapshot >= _env.Settings.SnapshotIntervalBytes)
        {
            TakeSnapshot();
        }

        StoreSnapshot();
    }

    /// <summary>
    /// True when what the records in front of an offset say of producers is stored, so that they may go: a resent batch must be known
    /// after a restart too. Otherwise a snapshot is on its way.
    /// </summary>
    private bool KeepsProducersOf(Offset before)
    {
        if (_snapshotStoredUpTo < before)
        {
            TakeSnapshot();
            StoreSnapshot();
            if (_snapshot is not null && _core.Durable.Offset < _snapshotUpTo)
            {
                _env.Flushes.Request(Log); // what a memory topic appends is not flushed by itself
            }
        }

        return _snapshotStoredUpTo >= before;
    }

    private void TakeSnapshot()
    {
        if (_snapshot is null && RecoverProducers() is null && _producersUpTo is { } covered)
        {
            _snapshotUpTo = _hasServed ? _core.End : covered;
            _snapshot = ProducerSnapshot.Write(_producers, _snapshotUpTo, _env.RunningMs);
            _bytesSinceSnapshot = 0;
        }
    }

    private void StoreSnapshot()
    {
        if (_snapshot is { } snapshot && Offset.Min(_core.Durable.Offset, _core.HighWatermark) >= _snapshotUpTo)
        {
            StoreHints(snapshot, _snapshotUpTo);
            _snapshot = null;
        }
    }

    /// <summary>Stores a snapshot of the producers, and the high watermark; unsynced, for both can be found again.</summary>
    private void StoreHints(byte[] snapshot, Offset upTo)
    {
        _snapshotStoredUpTo = upTo;
        _state.Clear();
        _state.Put(StateKey.Of(Id, StateKind.ProducerSnapshot), snapshot);
        HardStateStore.PutHighWatermark(_state, Id, _core.HighWatermark);
        WriteState(sync: false);
    }

    /// <summary>
    /// Brings the table to the high watermark unless it is there: from the snapshot and the batches behind it. Null, or why the log cannot
    /// be read.
    /// </summary>
    private BrokerError? RecoverProducers()
    {
        if (_producersUpTo is not null || _core.HighWatermark < _replicatedFrom)
        {
            return null;
        }

        LogBounds bounds = Log.Bounds;
        byte[]? snapshot = StoredProducers();
        if (snapshot is not null && !_core.KnowsHighWatermark && ProducerSnapshot.UpToOf(snapshot) > bounds.HighWatermark)
        {
            return null; // it covers what is committed and not known here to be; it is of use later
        }

        if (!_core.IsReadmitted && LacksProducers(snapshot))
        {
            return null; // it comes with the readmission, and until then this replica does not lead
        }

        long nowMs = _env.RunningMs;
        Offset? covered = snapshot is null ? null : ProducerSnapshot.Read(snapshot, _producers, bounds.HighWatermark, nowMs);
        _snapshotStoredUpTo = covered ?? Offset.None;
        Offset at = Offset.Max(covered ?? Offset.Zero, bounds.LogStart);
        bool isBehind = at < bounds.HighWatermark;
        if (isBehind && ReplayProducers(at, bounds.HighWatermark, nowMs) is { } error)
        {
            ForgetProducers(_replicatedFrom);
            return error;
        }

        _producersUpTo = bounds.HighWatermark;
        if (isBehind)
        {
            StoreHints(ProducerSnapshot.Write(_producers, bounds.HighWatermark, nowMs), bounds.HighWatermark);
        }

        return null;
    }

    private BrokerError? ReplayProducers(Offset at, Offset end, long nowMs)
    {
        var header = new byte[BatchHeader.Bytes];
        while (at < end)
        {
            Result<LogSlice> read = Log.Read(at, end, ReplayBytesMax);
            if (!read.IsOk)
            {
                return read.Error;
            }

            using LogSlice slice = read.Value;
            Invariant.Require(slice.Length > 0);
            for (int position = 0; position < slice.Length;)
            {
                slice.CopyTo(position, header);
                var batch = new RecordBatch(header);
                if (batch.ProducerId.IsSome)
                {
                    long appendTimeMs = batch.TimestampType == TimestampType.LogAppendTime ? batch.MaxTimestampMs : -1;
                    _producers.Append(
                        ProducerBatch.Of(batch), batch.BaseOffset, batch.NextOffset, batch.LeaderEpoch, appendTimeMs, nowMs);
                }

                position += batch.TotalBytes;
            }

            _producers.Commit(int.MaxValue);
            at = slice.NextOffset;
        }

        return null;
    }

    private static void Keep<T>(Queue<T> queue, Func<T, bool> isKept)
    {
        for (int left = queue.Count; left > 0; left--)
        {
            T item = queue.Dequeue();
            if (isKept(item))
            {
                queue.Enqueue(item);
            }
        }
    }
}
