using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Answers producers, in order, when what they asked for has been reached (R19).</summary>
internal sealed partial class PartitionReplica
{
    private readonly KeyValuePair<string, object?> _topicTag;

    /// <summary>The label of this topic's metrics.</summary>
    public KeyValuePair<string, object?> TopicTag => _topicTag;

    /// <summary>Answers from the front of the queue for as long as answers are known.</summary>
    private void Answer()
    {
        long nowMs = -1;
        while (_pending.TryPeek(out PendingAck ack))
        {
            ReachedDurability? reached = ack.Error is null ? ReachedFor(ack) : null;
            if (ack.Error is null ? reached is null : !IsLeadersWord(ack))
            {
                nowMs = nowMs < 0 ? _env.RunningMs : nowMs;
                bool isStopped = _life == ReplicaLife.Stopped;
                if (nowMs < ack.DeadlineMs && !isStopped)
                {
                    break;
                }

                string why = isStopped ? "the node stopped" : "not acknowledged in time";
                ack.Error = ack.Error is null ? PartitionErrors.OutcomeUnknown(Name, why) : NotALeadersWord();
            }

            _pending.Dequeue();
            Complete(ack, reached);
        }

        Volatile.Write(ref _hasPending, _pending.Count > 0 ? 1 : 0);
        if (_life == ReplicaLife.Stopping && _pending.Count == 0)
        {
            _drained.TrySetResult();
        }
    }

    private void Complete(in PendingAck ack, ReachedDurability? reached)
    {
        if (ack.Error is not null)
        {
            _env.Metrics.ProduceRefusals.Add(1, new KeyValuePair<string, object?>("reason", ack.Error.Code));
        }

        bool hasOffset = ack.Error is null && reached != ReachedDurability.None;
        ack.Sink.Completed(ack.CorrelationId, new ProduceOutcome(
            ack.Error,
            hasOffset ? ack.BaseOffset : Offset.None,
            ack.LeaderEpoch,
            reached ?? ReachedDurability.None,
            ack.IsDuplicate,
            hasOffset ? ack.AppendTimeMs : -1));
    }

    /// <summary>What has been reached, if it is what the producer asked for; else null.</summary>
    private ReachedDurability? ReachedFor(in PendingAck ack)
    {
        bool isDurable = _core.Durable.Offset >= ack.NextOffset;
        switch (ack.Acks)
        {
            case RequiredAcks.None:
                return ReachedDurability.None;
            case RequiredAcks.Leader when isDurable:
                return ReachedDurability.LeaderFsync;
            case RequiredAcks.Leader when _core.CountsAppended:
                return ReachedDurability.LeaderMemory;
            case RequiredAcks.Leader:
                return null;
            default:
                if (_core.HighWatermark < ack.NextOffset)
                {
                    return null;
                }

                // What was counted while the topic was a memory topic is no more than that.
                bool isMemory = _core.CountsAppended || ack.NextOffset <= _memoryUntil;
                // What is durable here alone is durable on a majority only where there is no other voter.
                return isMemory && !(isDurable && Voters.Count == 1) ? ReachedDurability.QuorumMemory : ReachedDurability.QuorumFsync;
        }
    }

    /// <summary>Answers everybody who waits for a high watermark that this leader will not bring any more (R18).</summary>
    private void FailPending(string why)
    {
        while (_pending.TryDequeue(out PendingAck ack))
        {
            ReachedDurability? reached = ack.Error is null ? ReachedFor(ack) : null;
            if (ack.Error is null && reached is null)
            {
                ack.Error = PartitionErrors.OutcomeUnknown(Name, why);
            }
            else if (ack.Error is not null && !IsLeadersWord(ack))
            {
                ack.Error = NotALeadersWord();
            }

            Complete(ack, reached);
        }
    }

    /// <summary>
    /// True for an error that may be given: one that says that a producer's sequence is wrong is a leader's word only when it still led
    /// after it had judged (R22).
    /// </summary>
    private bool IsLeadersWord(in PendingAck ack) => ack.Round == 0 || (_core.IsLeader && _core.ConfirmedRound >= ack.Round);

    private BrokerError NotALeadersWord() => PartitionErrors.NotLeader(
        Name, View with { Detail = "its leader could not show that it still leads; nothing was written" });

    /// <summary>Tells parked fetches how many bytes the high watermark passed.</summary>
    private void ShowVisible(Offset highWatermark)
    {
        long bytes = 0;
        while (_invisible.TryPeek(out (Offset Next, int Bytes) group) && group.Next <= highWatermark)
        {
            _invisible.Dequeue();
            bytes += group.Bytes;
        }

        if (bytes > 0)
        {
            _waiters.Arrived(bytes);
        }
    }
}
