using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What happens beside produce and fetch: producer state, retention, trimming, configuration, leaving.</summary>
internal sealed partial class PartitionReplica
{
    private const int ReplayBytesMax = 1024 * 1024;

    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(Offset Before, TaskCompletionSource<Result<Offset>> Done)> _trims = [];
    private long _bytesSinceSnapshot;
    private bool _isRetired;
    private byte[]? _snapshot;
    private Offset _snapshotUpTo;

    /// <summary>Looks at deadlines, and at a row that found no room. Any thread.</summary>
    public void Tick() => Schedule();

    /// <summary>Looks at retention, expiry and snapshots, soon. Any thread.</summary>
    public void Maintain() => Post(MaintainNow);

    /// <summary>Takes another configuration or partition count. Any thread.</summary>
    public void Configure(TopicInfo topic) => Post(() =>
    {
        if (_life == ReplicaLife.Stopped)
        {
            return;
        }

        Volatile.Write(ref _topic, topic);
        Log.Config = topic.Config;
        bool countsAppended = topic.Config.Durability == TopicDurability.Memory;
        if (_core.CountsAppended && !countsAppended)
        {
            _memoryUntil = _core.End;
            _env.Flushes.Request(Log);
        }

        _core.CountAppended(countsAppended);
    });

    /// <summary>
    /// Advances the log start to an offset, -1 meaning the high watermark. Waits for a flush where the records in front of it are
    /// not durable yet.
    /// </summary>
    public Task<Result<Offset>> DeleteRecords(Offset before, bool validateOnly)
    {
        var done = new TaskCompletionSource<Result<Offset>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            BrokerError? error = _life == ReplicaLife.Running ? RefusalOfRead(View, Epoch.None) : PartitionErrors.ShuttingDown(Name);
            Offset wanted = before == Offset.None ? _core.HighWatermark : before;
            if (error is null && (wanted.Value < 0 || wanted > _core.HighWatermark))
            {
                error = PartitionErrors.OutOfRange(Name, wanted.Value, _core.LogStart, _core.HighWatermark);
            }

            if (error is not null || validateOnly)
            {
                done.SetResult(error is null ? Offset.Max(wanted, _core.LogStart) : error);
                return;
            }

            _trims.Add((wanted, done));
            if (wanted > _core.Durable.Offset)
            {
                _env.Flushes.Request(Log);
            }
        });
        return done.Task;
    }

    /// <summary>Refuses batches from now on; completes when those it has are answered. Any thread.</summary>
    public Task Drain()
    {
        Post(() =>
        {
            _life = _life == ReplicaLife.Running ? ReplicaLife.Stopping : _life;
            if (_life == ReplicaLife.Stopped)
            {
                _drained.TrySetResult();
            }
        });
        return _drained.Task;
    }

    /// <summary>
    /// Resigns (R18), stores what makes the next start fast, and closes the log. After <see cref="Drain"/>, when no flush turn can come
    /// any more; not on the loop, which must have ended.
    /// </summary>
    public void Close()
    {
        if (_life == ReplicaLife.Stopped)
        {
            return;
        }

        TakeFlushed();
        _core.Resign();
        CarryOut();
        LeaveLife("the node is stopping");
        Log.Close();
        if (View.Epoch > Epoch.None && Log.Damage is null && Log.Bounds.Flushed == Log.Bounds.End)
        {
            StoreHints(ProducerSnapshot.Write(_producers, Log.Bounds.End, _env.RunningMs));
        }

        _isClosed = true;
    }

    /// <summary>Lets go of everything at once: the topic was deleted. Completes when no file is held but by leases.</summary>
    public Task Retire()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            _isRetired = true;
            if (_life != ReplicaLife.Stopped)
            {
                _core.Resign();
                FailPending("the topic was deleted");
                LeaveLife("the topic was deleted");
                Log.Dispose();
            }

            _isClosed = true;
            _drained.TrySetResult();
            done.SetResult();
        });
        return done.Task;
    }

    private void LeaveLife(string why)
    {
        _life = ReplicaLife.Stopped;
        Publish(View with { Leader = NodeId.None, Serves = false, Detail = why });
        foreach ((_, TaskCompletionSource<Result<Offset>> done) in _trims)
        {
            done.TrySetResult(PartitionErrors.ShuttingDown(Name));
        }

        _trims.Clear();
        _served.TrySetResult();
        _waiters.WakeAll();
    }

    private void MaintainNow()
    {
        if (_life != ReplicaLife.Running || Log.Damage is not null || !View.Serves)
        {
            return;
        }

        _producers.Expire(_env.RunningMs);
        Log.ApplyRetention(_env.WallClockMs);
        NoteLogStart();
        SnapshotProducers();

        // A memory topic is flushed only for retention, which deletes nothing that is not durable.
        if (_core.CountsAppended && _core.End - _core.Durable.Offset > 0 && Log.SegmentCount > 1)
        {
            _env.Flushes.Request(Log);
        }
    }

    /// <summary>Advances the log start for those who asked, as far as the log is durable (R26).</summary>
    private void Trim()
    {
        for (int i = 0; i < _trims.Count; i++)
        {
            (Offset before, TaskCompletionSource<Result<Offset>> done) = _trims[i];
            if (_core.LogStartFor(before).Offset < before)
            {
                continue;
            }

            Log.AdvanceLogStart(before);
            NoteLogStart();
            done.SetResult(_core.LogStart);
            _trims.RemoveAt(i--);
        }
    }

    private void NoteLogStart()
    {
        LogPosition start = Log.Bounds.Start;
        if (start.Offset > _core.LogStart)
        {
            _core.LogStartAdvanced(start, RowsOf(Log)[0]);
        }
    }

    /// <summary>
    /// Snapshots the producers as of the end of the log and stores that once the log is durable up to there. Of an offset in the middle
    /// there is none: who appended a window of batches behind it has left no trace of those in front of it.
    /// </summary>
    private void SnapshotProducers()
    {
        if (_snapshot is null && _bytesSinceSnapshot >= _env.Settings.SnapshotIntervalBytes)
        {
            _snapshotUpTo = _core.End;
            _snapshot = ProducerSnapshot.Write(_producers, _snapshotUpTo, _env.RunningMs);
            _bytesSinceSnapshot = 0;
        }

        if (_snapshot is { } snapshot && _core.Durable.Offset >= _snapshotUpTo)
        {
            StoreHints(snapshot);
            _snapshot = null;
        }
    }

    /// <summary>Stores a snapshot of the producers, and the high watermark; unsynced, for both can be found again.</summary>
    private void StoreHints(byte[] snapshot)
    {
        _state.Clear();
        _state.Put(StateKey.Of(Id, StateKind.ProducerSnapshot), snapshot);
        HardStateStore.PutHighWatermark(_state, Id, _core.HighWatermark);
        WriteState(sync: false);
    }

    /// <summary>
    /// Producer state from the snapshot and the batches behind it, before anything is appended; null, or why the log cannot be read.
    /// </summary>
    private BrokerError? RecoverProducers()
    {
        LogBounds bounds = Log.Bounds;
        byte[]? snapshot = _env.Logs.State.Get(StateKey.Of(Id, StateKind.ProducerSnapshot));
        long nowMs = _env.RunningMs;
        Offset? covered = snapshot is null ? null : ProducerSnapshot.Read(snapshot, _producers, bounds.End, nowMs);
        Offset at = Offset.Max(covered ?? Offset.Zero, bounds.LogStart);
        if (at >= bounds.HighWatermark)
        {
            return null;
        }

        var header = new byte[BatchHeader.Bytes];
        while (at < bounds.HighWatermark)
        {
            Result<LogSlice> read = Log.Read(at, bounds.HighWatermark, ReplayBytesMax);
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

        StoreHints(ProducerSnapshot.Write(_producers, _core.Durable.Offset, nowMs));
        return null;
    }
}
