using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What happens beside produce and fetch: producer state, retention, trimming, configuration, leaving.</summary>
internal sealed partial class PartitionReplica
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(Offset Before, TaskCompletionSource<Result<Offset>> Done)> _trims = [];
    private bool _isRetired;

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
        bool coversAll = _hasServed;
        _core.Resign();
        CarryOut(isClosing: true);
        LeaveLife("the node is stopping");
        Log.Close();
        StoreHintsAtClose(coversAll);

        _isClosed = true;
    }

    /// <summary>Lets go of everything at once. Completes when no file is held but by leases.</summary>
    /// <param name="reason">Why, when its topic lives on; null when the topic was deleted.</param>
    public Task Retire(string? reason = null)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            _isRetired = reason is null;
            if (_life != ReplicaLife.Stopped)
            {
                string why = reason ?? "the topic was deleted";
                _core.Resign();
                SendAll(_core.TakeReady().Messages);
                FailPending(why);
                LeaveLife(why);
                Log.Dispose();
            }

            _isClosed = true;
            _drained.TrySetResult();
            done.SetResult();
        });
        return done.Task;
    }

    /// <summary>What the table covers is worth storing where it is committed and durable.</summary>
    private void StoreHintsAtClose(bool wasServing)
    {
        LogBounds bounds = Log.Bounds;
        Offset? covered = wasServing ? bounds.End : _producersUpTo;
        if (covered is { } upTo && Log.Damage is null && bounds.Flushed >= upTo && bounds.HighWatermark >= upTo)
        {
            StoreHints(ProducerSnapshot.Write(_producers, upTo, _env.RunningMs), upTo);
        }
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
        AnswerConfirmations();
        _handOver?.Done.TrySetResult(false);
        _handOver = null;
        _served.TrySetResult();
        _waiters.WakeAll();
    }

    private void MaintainNow()
    {
        if (_life != ReplicaLife.Running || Log.Damage is not null)
        {
            return;
        }

        _producers.Expire(_env.RunningMs);
        if (View.Serves)
        {
            Offset start = Log.RetentionStart(_env.WallClockMs);
            if (start > _core.LogStart && KeepsProducersOf(start))
            {
                Log.AdvanceLogStart(start);
                NoteLogStart();
            }
        }

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
            if (_core.LogStartFor(before).Offset < before || (before > _core.LogStart && !KeepsProducersOf(before)))
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
            _core.LogStartAdvanced(start, RowsOf(Log)[0], Log.ItemStartOf(start.Offset));
        }
    }
}
