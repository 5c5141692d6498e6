using System.Buffers;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>From changes to records, and back to whoever waits for them.</summary>
internal sealed partial class GroupCoordinator : IProduceSink
{
    private const int BatchBytesAim = 1024 * 1024;
    private const int WaitingMax = 20_000;
    private const int RetryMs = 100;

    private readonly Queue<GroupChange> _waiting = new();
    private readonly List<GroupChange> _inFlight = [];
    private long _retryAtMs;

    /// <summary>The batch on its way was written, or not; in the partition's poll.</summary>
    public void Completed(ulong correlationId, in ProduceOutcome outcome)
    {
        GroupChange[] changes = [.. _inFlight];
        _inFlight.Clear();
        switch (outcome.Error?.Code)
        {
            case null:
                Committed(changes);
                break;
            case ErrorCode.Busy or ErrorCode.DiskFull when _stage == Stage.Serving:
                TryAgain(changes);
                break;
            default:
                Lost(changes, outcome.Error!);
                break;
        }

        _replica.Schedule();
    }

    /// <summary>Has a change written with the next batch; an error when no batch can hold it.</summary>
    private BrokerError? Write(GroupChange change)
    {
        long bytesMax = TopicConfigKeys.BatchBytesMaxOf(_replica.Topic.Config) - BatchHeader.Bytes;
        if (change.Bytes > bytesMax)
        {
            return GroupErrors.TooLarge(change.Group.Id, change.Bytes, bytesMax);
        }

        change.Group.Pending.Enqueue(change);
        change.Group.Newest = change;
        _waiting.Enqueue(change);
        WakeAt(change.DeadlineMs);
        return null;
    }

    private void AppendWaiting()
    {
        if (_inFlight.Count > 0 || _waiting.Count == 0 || _env.RunningMs < _retryAtMs)
        {
            return;
        }

        int bytesMax = TopicConfigKeys.BatchBytesMaxOf(_replica.Topic.Config);
        long bytes = BatchHeader.Bytes;
        long nowMs = _env.WallClockMs;
        using var builder = new BatchBuilder(bytesMax);
        while (_waiting.TryPeek(out GroupChange? change)
            && (_inFlight.Count == 0 || bytes + change.Bytes <= Math.Min(bytesMax, BatchBytesAim)))
        {
            _waiting.Dequeue();
            _inFlight.Add(change);
            bytes += change.Bytes;
            foreach (RecordToWrite record in change.Records)
            {
                Invariant.Require(builder.TryAppend(nowMs, record.Key, record.Value));
            }
        }

        // No deadline of its own: it is answered when it is committed or when the leadership is lost, and only then is it known.
        var command = new ProduceCommand(_replica.Name, 0, RequiredAcks.Quorum, int.MaxValue, _epoch);
        var batch = BatchBuffer.CopyOf(new ReadOnlySequence<byte>(builder.Finish()));
        _ = _replica.Produce(command, batch, this, isInternal: true);
    }

    private void Committed(GroupChange[] changes)
    {
        bool isOurs = _stage == Stage.Serving;
        foreach (GroupChange change in changes)
        {
            if (isOurs)
            {
                Invariant.Require(change.Group.Pending.Dequeue() == change);
                change.Apply?.Invoke();
            }

            change.AnswerWith(null);
            change.Said.ForEach(say => say());
            if (isOurs)
            {
                ForgetIfNothing(change.Group);
            }
        }

        Volatile.Write(ref _needsCare, 1);
    }

    /// <summary>Nothing of it was written; nothing behind it was handed in.</summary>
    private void TryAgain(GroupChange[] changes)
    {
        GroupChange[] later = [.. _waiting];
        _waiting.Clear();
        foreach (GroupChange change in changes.Concat(later))
        {
            _waiting.Enqueue(change);
        }

        _retryAtMs = _env.RunningMs + RetryMs;
        WakeAt(_retryAtMs);
    }

    /// <summary>What is in memory is ahead of what is known to be committed: it is forgotten, and read anew by whoever leads.</summary>
    private void Lost(GroupChange[] changes, BrokerError error)
    {
        foreach (GroupChange change in changes)
        {
            bool isUnknown = error.Code == ErrorCode.OutcomeUnknown;
            change.AnswerWith(isUnknown
                ? GroupErrors.OutcomeUnknown(change.Group.Id, "the leadership was lost")
                : RefusalBy(_replica.View, change.Group.Id));
        }

        if (_stage != Stage.Resting)
        {
            Rest();
        }
    }

    /// <summary>Has a poll look at the times not later than this.</summary>
    private void WakeAt(long atMs)
    {
        if (atMs < _wakeAtMs)
        {
            Volatile.Write(ref _wakeAtMs, atMs);
        }
    }

    /// <summary>Tells those who waited too long, and lets groups whose time has come look.</summary>
    private void LookAtTimes()
    {
        long nowMs = _env.RunningMs;
        Volatile.Write(ref _wakeAtMs, nowMs < _retryAtMs ? _retryAtMs : long.MaxValue);
        foreach (GroupChange change in _inFlight.Concat(_waiting))
        {
            if (change.Answer is not null && nowMs >= change.DeadlineMs)
            {
                change.AnswerWith(GroupErrors.OutcomeUnknown(change.Group.Id, "no majority has it yet"));
            }
            else if (change.Answer is not null)
            {
                WakeAt(change.DeadlineMs);
            }
        }

        foreach (CoordinatedGroup group in _groups.Values.ToArray())
        {
            if (nowMs >= group.WakeAtMs)
            {
                group.WakeAtMs = long.MaxValue;
                Tell(group, TimePassed);
            }

            WakeAt(group.WakeAtMs);
        }
    }
}
