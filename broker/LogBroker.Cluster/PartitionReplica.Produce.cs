using System.Runtime.InteropServices;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>From a producer's bytes to the log and back to its answer.</summary>
internal sealed partial class PartitionReplica
{
    // Owned by the loop; kept between polls so that nothing is allocated per batch.
    private readonly List<ProduceEntry> _taken = [];
    private readonly List<PendingAck> _group = [];
    private long _groupRound; // begun for what is refused in this group, 0 for none
    private readonly Queue<PendingAck> _pending = new();
    private readonly Queue<(Offset Next, int Bytes)> _invisible = new();
    private Memory<byte>[] _batches = new Memory<byte>[16];
    private Offset _memoryUntil = Offset.None;

    /// <summary>Takes a batch in: checks it where it stands and queues it. Any thread; the answer goes to the sink.</summary>
    public ValueTask Produce(in ProduceCommand command, BatchBuffer batch, IProduceSink sink, bool isInternal)
    {
        TopicInfo topic = Topic;
        var entry = new ProduceEntry
        {
            Sink = sink,
            CorrelationId = command.CorrelationId,
            Acks = command.Acks,
            LeaderEpoch = command.LeaderEpoch,
            ExpectedOffset = command.ExpectedOffset,
            ExpectedKeyVersion = command.ExpectedKeyVersion,
            DeadlineMs = _env.RunningMs + command.TimeoutMs,
            Producer = ProducerBatch.None,
        };
        entry.Error = Admit(batch, topic, isInternal, out BatchFacts facts);
        if (entry.Error is null)
        {
            entry.Buffer = batch;
            entry.RecordsCount = facts.RecordsCount;
            entry.Producer = ProducerBatch.Of(facts);
        }
        else
        {
            // A refusal keeps its place in the order. The producer is taken from the header as far as there is one.
            entry.Producer = ProducerBatch.OfHeader(batch.Span);
            batch.Return();
        }

        _queue.Put(entry);
        _scheduler.Schedule(this);
        PollIfClosed();
        return _queue.WhenRoom();
    }

    /// <summary>Takes room in the queue before the batch is checked: a broker that is busy already spends nothing on it.</summary>
    private BrokerError? Admit(BatchBuffer batch, TopicInfo topic, bool isInternal, out BatchFacts facts)
    {
        facts = default;
        BatchRules rules = RulesOf(topic);
        bool needsRoom = batch.Length <= rules.BatchBytesMax;
        if (needsRoom && !_queue.TryReserve(batch.Length))
        {
            return PartitionErrors.Busy(Name, batch.Length);
        }

        BrokerError? error = BatchValidator.Check(batch.Span, rules, out facts);
        Invariant.Require(error is null ? needsRoom : !isInternal);
        if (error is not null && needsRoom)
        {
            _queue.GiveBack(batch.Length);
        }

        return error;
    }

    private BatchRules RulesOf(TopicInfo topic) => new(
        TopicConfigKeys.BatchBytesMaxOf(topic.Config),
        topic.Config.TimestampType == TopicTimestampType.LogAppendTime ? TimestampType.LogAppendTime : TimestampType.CreateTime,
        0,
        _env.WallClockMs + _env.Settings.TimestampFutureMsMax,
        RequiresKeys: topic.Config.IsCompacted);

    /// <summary>Appends what waits, a group at a time: one write for as many batches as fit.</summary>
    private void AppendWaiting()
    {
        while (true)
        {
            _taken.Clear();
            _queue.Take(_taken, _env.Settings.GroupAppendBytesMax);
            if (_taken.Count == 0)
            {
                return;
            }

            AppendGroup();
        }
    }

    private void AppendGroup()
    {
        _group.Clear();
        _groupRound = 0;
        int batches = 0;
        int bytes = 0;
        int records = 0;
        Offset next = _core.End;
        long nowMs = _env.RunningMs;
        long wallClockMs = _env.WallClockMs;
        foreach (ref ProduceEntry entry in CollectionsMarshal.AsSpan(_taken))
        {
            PendingAck ack = Judge(entry, next, nowMs, wallClockMs);
            _group.Add(ack);
            if (ack.Error is not null || ack.IsDuplicate)
            {
                continue;
            }

            Span<byte> batch = entry.Buffer.Span;
            if (ack.AppendTimeMs >= 0)
            {
                BatchHeader.StampAppendTime(batch, ack.AppendTimeMs);
            }

            if (batches == _batches.Length)
            {
                Array.Resize(ref _batches, 2 * batches);
            }

            _batches[batches++] = entry.Buffer.Array.AsMemory(0, entry.Buffer.Length);
            next = ack.NextOffset;
            bytes += entry.Buffer.Length;
            records += entry.RecordsCount;
        }

        if (batches > 0)
        {
            Write(batches, bytes, records);
        }

        foreach (ref ProduceEntry entry in CollectionsMarshal.AsSpan(_taken))
        {
            entry.Buffer.Return();
        }

        foreach (PendingAck ack in _group)
        {
            _pending.Enqueue(ack);
        }
    }

    /// <summary>Decides on one batch: refused, duplicate, or next in the log at <paramref name="next"/>.</summary>
    private PendingAck Judge(in ProduceEntry entry, Offset next, long nowMs, long wallClockMs)
    {
        var ack = new PendingAck
        {
            Sink = entry.Sink,
            CorrelationId = entry.CorrelationId,
            Acks = entry.Acks,
            DeadlineMs = entry.DeadlineMs,
            LeaderEpoch = _core.Epoch,
            AppendTimeMs = -1,
            Error = entry.Error ?? RefusalNow(entry, nowMs),
        };
        bool hasProducer = entry.Producer.Id.IsSome;
        if (ack.Error is null && hasProducer)
        {
            JudgeSequence(entry, ref ack);
        }

        if (ack.Error is null && !ack.IsDuplicate)
        {
            JudgeConditions(entry, next, ref ack);
        }

        if (hasProducer && ack.Error is { Code: not ErrorCode.ProducerFenced })
        {
            _env.Refusals.Note(entry.Sink, Name, entry.Producer);
        }

        if (ack.Error is not null || ack.IsDuplicate)
        {
            return ack;
        }

        ack.BaseOffset = next;
        ack.NextOffset = next + new RecordBatch(entry.Buffer.Span).LastOffsetDelta + 1;
        ack.AppendTimeMs = Topic.Config.TimestampType == TopicTimestampType.LogAppendTime ? wallClockMs : -1;
        NoteTail(entry, ack);
        if (hasProducer)
        {
            _producers.Append(entry.Producer, ack.BaseOffset, ack.NextOffset, ack.LeaderEpoch, ack.AppendTimeMs, nowMs);
            _env.Refusals.Clear(entry.Sink, Name, entry.Producer);
        }

        return ack;
    }

    private BrokerError? RefusalNow(in ProduceEntry entry, long nowMs)
    {
        if (_life != ReplicaLife.Running)
        {
            return _isRetired ? PartitionErrors.Unknown(Name, isTopicKnown: false) : PartitionErrors.ShuttingDown(Name);
        }

        if (Log.Damage is not null)
        {
            return QuarantineError();
        }

        if (!View.Serves || !_core.MayServe)
        {
            return NotLeaderError(View);
        }

        return PartitionErrors.CheckEpoch(Name, entry.LeaderEpoch, _core.Epoch)
            ?? (nowMs >= entry.DeadlineMs ? PartitionErrors.TimedOut(Name) : null);
    }

    private void JudgeSequence(in ProduceEntry entry, ref PendingAck ack)
    {
        SequenceVerdict verdict = _producers.Check(entry.Producer);
        if (verdict.IsDuplicate)
        {
            ack.IsDuplicate = true;
            ack.BaseOffset = verdict.BaseOffset;
            ack.NextOffset = verdict.NextOffset;
            ack.LeaderEpoch = verdict.LeaderEpoch;
            ack.AppendTimeMs = verdict.AppendTimeMs;
            _env.Metrics.ProduceDuplicates.Add(1);
            return;
        }

        bool isGap = verdict.Error?.Code is ErrorCode.OutOfOrderSequence or ErrorCode.UnknownProducer;
        ack.Error = isGap && _env.Refusals.TryFind(entry.Sink, Name, entry.Producer, out int refused)
            ? SequenceErrors.EarlierFailed(entry.Producer, refused)
            : verdict.Error;
        if (ack.Error is not null)
        {
            // A leader that was replaced without knowing it misses what the producer wrote since: only a leader may give it up.
            AskForLeadersWord(ref ack);
        }
    }

    /// <summary>The error is given only when a majority has shown, after it was judged, that this replica leads still (R22).</summary>
    private void AskForLeadersWord(ref PendingAck ack)
    {
        if (Voters.Count > 1)
        {
            _groupRound = _groupRound > 0 ? _groupRound : _core.BeginRound();
            ack.Round = _groupRound;
        }
    }

    /// <summary>Writes the group. What the log did not take is refused, and so is every duplicate of it.</summary>
    private void Write(int batches, int bytes, int records)
    {
        AppendOutcome outcome = Log.Append(_batches.AsSpan(0, batches), _core.Epoch, _env.WallClockMs);
        Array.Clear(_batches, 0, batches);
        _tailKeys = outcome.Error is null ? _tailKeys : null; // it may have what the log did not take
        Offset end = Log.Bounds.End;
        int producersInLog = 0;
        for (int i = 0; i < _group.Count; i++)
        {
            PendingAck ack = _group[i];
            if (ack.Error is not null)
            {
                continue;
            }

            if (ack.NextOffset <= end)
            {
                producersInLog += !ack.IsDuplicate && _taken[i].Producer.Id.IsSome ? 1 : 0;
                if (!ack.IsDuplicate)
                {
                    _invisible.Enqueue((ack.NextOffset, _taken[i].Buffer.Length));
                }

                continue;
            }

            ack.Error = outcome.Error;
            ack.IsDuplicate = false;
            _group[i] = ack;
            if (_taken[i].Producer.Id.IsSome)
            {
                _env.Refusals.Note(ack.Sink, Name, _taken[i].Producer);
            }
        }

        _producers.Commit(producersInLog);
        if (outcome.Count == 0)
        {
            return;
        }

        if (outcome.Error is null)
        {
            _env.Metrics.ProducedBytes.Add(bytes, _topicTag);
            _env.Metrics.ProducedRecords.Add(records, _topicTag);
        }

        _bytesSinceSnapshot += bytes;
        _core.Appended(end);
        if (!_core.CountsAppended)
        {
            _env.Flushes.Request(Log);
        }
    }
}
