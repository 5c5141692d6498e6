using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>What becomes of batches: acknowledged, refused, lost with their stream, expired.</summary>
internal sealed partial class PartitionQueue
{
    /// <summary>The broker wrote it.</summary>
    public void OnAck(ProducerBatch batch, int attempt, in ProduceAckView ack)
    {
        bool mustSchedule;
        lock (_gate)
        {
            if (!TakeAnswered(batch, attempt))
            {
                return;
            }

            batch.End(ack);
            _lastError = null;
            _failures = 0;
            _notBefore = 0;
            _doubtsLeader = false;
            mustSchedule = AfterAnswer();
        }

        Finish(mustSchedule);
    }

    /// <summary>The broker answered with an error.</summary>
    public void OnRefused(ProducerBatch batch, int attempt, LogBrokerException error)
    {
        // First, so that the batch need not wait when the broker says who leads.
        core.Metadata.TakeHint(topic.Name, partition, error);
        bool mustSchedule;
        bool mustAsk;
        lock (_gate)
        {
            if (!TakeAnswered(batch, attempt))
            {
                return;
            }

            batch.LastError = error;
            Judge(batch, error);
            mustSchedule = AfterAnswer();
            mustAsk = _doubtsLeader;
        }

        Finish(mustSchedule);
        if (mustAsk)
        {
            core.AskForLeader(topic);
        }
    }

    /// <summary>The stream ended before there was an answer.</summary>
    public void OnLost(ProducerBatch batch, int attempt, LogBrokerException error)
    {
        bool mustSchedule;
        lock (_gate)
        {
            if (!TakeAnswered(batch, attempt))
            {
                return;
            }

            TakeBack(batch, error);
            mustSchedule = AfterAnswer();
        }

        Finish(mustSchedule);
    }

    /// <summary>It could not even be sent.</summary>
    public void OnUnsent(ProducerBatch batch, int attempt, LogBrokerException error)
    {
        bool mustSchedule;
        lock (_gate)
        {
            if (!TakeAnswered(batch, attempt))
            {
                return;
            }

            batch.LastError = error;
            Requeue(batch, error, isCause: _resend.Count == 0);
            mustSchedule = AfterAnswer();
        }

        Finish(mustSchedule);
    }

    /// <summary>True while anything is unfinished.</summary>
    public bool HasWork
    {
        get
        {
            lock (_gate)
            {
                return _order.Count > 0;
            }
        }
    }

    /// <summary>Memory is short: an open batch goes out as soon as it may.</summary>
    public void Hurry()
    {
        bool mustSchedule;
        lock (_gate)
        {
            if (_open is not null)
            {
                Seal();
            }

            mustSchedule = MarkScheduled(core.Now());
        }

        Finish(mustSchedule);
    }

    /// <summary>Ends everything: the producer can do no more.</summary>
    public void FailAll(LogBrokerException error)
    {
        lock (_gate)
        {
            foreach (ProducerBatch batch in _order)
            {
                if (!batch.IsEnded)
                {
                    batch.End(_inFlight.Contains(batch) ? Unknown(batch, error) : AboutOrUnknown(batch, error));
                }
            }

            _inFlight.Clear();
            _resend.Clear();
            _sealed.Clear();
            _open = null;
        }

        Announce();
    }

    private void Judge(ProducerBatch batch, LogBrokerException error)
    {
        switch (error.Reason)
        {
            case ErrorCode.DuplicateSequence:
                batch.End(new ProduceAckView(0, null, -1, 0, Protocol.V1.Durability.Unspecified, true, -1));
                break;
            case ErrorCode.UnknownProducer or ErrorCode.OutOfOrderSequence when core.IsIdempotent && !batch.MayBeWritten:
                Repair(SequenceRepair.NextEpoch, batch);
                Requeue(batch, error, isCause: true);
                break;
            case ErrorCode.UnknownProducer or ErrorCode.Internal:
                Fail(batch, Unknown(batch, error), SequenceRepair.NextEpoch);
                break;
            case ErrorCode.OutOfOrderSequence or ErrorCode.SequenceReuse:
                Fail(batch, AboutOrUnknown(batch, error), SequenceRepair.NextEpoch);
                break;
            case ErrorCode.ProducerFenced:
                Fail(batch, AboutOrUnknown(batch, error), SequenceRepair.NextEpoch);
                core.Fence(error);
                break;
            case ErrorCode.OffsetMismatch or ErrorCode.KeyVersionMismatch when core.IsIdempotent:
                // The broker looks for duplicates before it judges conditions: an earlier attempt was not written either.
                Fail(batch, About(batch, error), SequenceRepair.Renumber);
                break;
            case ErrorCode.OutcomeUnknown:
                // Often said by a leader that resigns.
                TakeBack(batch, error);
                break;
            case ErrorCode.EarlierBatchFailed:
                // Where no earlier one is to be sent again, the broker must be given time.
                Requeue(batch, error, isCause: _resend.Count == 0);
                break;
            default:
                if (error.IsRetriable)
                {
                    _doubtsLeader |= IsAboutLeader(error.Reason) && !IsLedElsewhere(batch.Server);
                    Requeue(batch, error, isCause: true);
                }
                else
                {
                    SequenceRepair repair = batch.MayBeWritten ? SequenceRepair.NextEpoch : SequenceRepair.Renumber;
                    Fail(batch, AboutOrUnknown(batch, error), repair);
                }

                break;
        }
    }

    /// <summary>False for the answer to an attempt that counts no more: its batch was taken back, sent again, or has ended.</summary>
    private bool TakeAnswered(ProducerBatch batch, int attempt) => batch.Attempts == attempt && _inFlight.Remove(batch);

    /// <summary>A batch without an answer, which is out of flight: it is sent again where that cannot do harm.</summary>
    private void TakeBack(ProducerBatch batch, LogBrokerException error)
    {
        batch.LastError = error;
        batch.MayBeWritten = true;
        _doubtsLeader |= !IsLedElsewhere(batch.Server);
        if (core.IsIdempotent)
        {
            Requeue(batch, error, isCause: error.Reason == ErrorCode.OutcomeUnknown || _resend.Count == 0);
        }
        else
        {
            batch.End(Unknown(batch, error));
        }
    }

    private static bool IsAboutLeader(ErrorCode reason) =>
        reason is ErrorCode.NotLeader or ErrorCode.FencedEpoch or ErrorCode.UnknownEpoch or ErrorCode.ShuttingDown;

    private void Fail(ProducerBatch batch, LogBrokerException failure, SequenceRepair repair)
    {
        batch.End(failure);
        if (core.IsIdempotent)
        {
            Repair(repair, batch);
        }
    }

    /// <summary>Puts a batch back in its place; only the first one of a refused row makes the partition wait.</summary>
    private void Requeue(ProducerBatch batch, LogBrokerException error, bool isCause)
    {
        int place = _resend.Count;
        while (place > 0 && batch.Place < _resend[place - 1].Place)
        {
            place--;
        }

        _resend.Insert(place, batch);
        _isDraining = true;
        _lastError = error;
        if (isCause && !IsLedElsewhere(batch.Server))
        {
            Delay(error.RetryAfter);
            LogEvents.BatchRefused(
                core.Log, topic.Name, partition, batch.Records, core.Milliseconds(_notBefore - core.Now()), error.Message);
        }

        if (Telemetry.BatchesResent.Enabled)
        {
            Telemetry.BatchesResent.Add(1, Telemetry.Tags("send", "send", topic.Name, partition, batch.Server));
        }
    }

    private bool AfterAnswer()
    {
        if (_inFlight.Count == 0)
        {
            _isDraining = false;
        }

        return MarkScheduled(core.Now());
    }

    private void Finish(bool mustSchedule)
    {
        Announce();
        if (mustSchedule)
        {
            core.Schedule(this);
        }
    }

    private void Expire(ProducerBatch batch)
    {
        bool wasInFlight = _inFlight.Remove(batch);
        _resend.Remove(batch);
        if (_sealed.TryPeek(out ProducerBatch? head) && head == batch)
        {
            _sealed.Dequeue();
        }

        if (_open == batch)
        {
            _open = null;
        }

        if (batch.Attempts == 0)
        {
            batch.End(NotWrittenInTime(batch, _lastError));
        }
        else if (wasInFlight || batch.MayBeWritten)
        {
            // Those behind it that expire next would find nothing in flight any more.
            _lastError ??= Silence(batch.Server!);
            Fail(batch, Unknown(batch, batch.LastError), SequenceRepair.NextEpoch);
        }
        else
        {
            Fail(batch, NotWrittenInTime(batch, batch.LastError), SequenceRepair.Renumber);
        }
    }

    /// <summary>
    /// The end of a batch that was never sent, or was refused each time: it is not written. What it waited for may be written, which
    /// says nothing about the batch itself; it had nobody to go to, and that is what is said.
    /// </summary>
    private LogBrokerException NotWrittenInTime(ProducerBatch batch, LogBrokerException? met)
    {
        bool wasSent = batch.Attempts > 0;
        string message = $"not {(wasSent ? "written" : "sent")} to {topic.Name}/{partition} "
            + $"within {core.Options.DeliveryTimeout.TotalSeconds} s: ";
        ErrorCode reason = met?.Reason ?? ErrorCode.None;
        switch (reason)
        {
            case ErrorCode.OutcomeUnknown or ErrorCode.EarlierBatchFailed or ErrorCode.UnknownProducer or ErrorCode.OutOfOrderSequence:
                return Definite(batch, ErrorCode.None, message + "what is in front of it has no answer yet: " + met!.Message, met);
            case ErrorCode.Timeout when !wasSent:
                return Definite(batch, ErrorCode.None, message + met!.Message, met);
            default:
                return Definite(batch, reason, message + (met?.Message ?? Obstacle()), met);
        }
    }

    /// <summary>What keeps the partition from sending though nothing was refused.</summary>
    private string Obstacle() =>
        _isAdopting ? "no controller has given the producer an id"
        : _inFlight.Count > 0 ? Silence(_via!.Server).Message
        : _owner is { } owner ? $"{owner.Server} takes nothing"
        : "its leader is not known";

    private static ServerUnreachableException Silence(string server) =>
        new($"{server} has not answered what is in front of it") { Endpoint = server };

    private OutcomeUnknownException Unknown(ProducerBatch batch, LogBrokerException? cause) => new(
        $"{batch.Records} records for {topic.Name}/{partition} may or may not have been written"
            + (cause is null ? string.Empty : ": " + cause.Message),
        cause)
    {
        Topic = topic.Name,
        Partition = partition,
        Endpoint = cause?.Endpoint,
        Attempts = Math.Max(1, batch.Attempts),
        Elapsed = core.Elapsed(batch.OpenedAt),
        Details = cause?.Details ?? new Dictionary<string, string>(),
    };

    /// <summary>A refusal is about one attempt; an earlier one may have written the batch.</summary>
    private LogBrokerException AboutOrUnknown(ProducerBatch batch, LogBrokerException error) =>
        batch.MayBeWritten ? Unknown(batch, error) : About(batch, error);

    private LogBrokerException About(ProducerBatch batch, LogBrokerException error) => Definite(batch, error.Reason, error.Message, error);

    private LogBrokerException Definite(ProducerBatch batch, ErrorCode reason, string message, LogBrokerException? cause)
    {
        int attempts = Math.Max(1, batch.Attempts);
        TimeSpan elapsed = core.Elapsed(batch.OpenedAt);
        IReadOnlyDictionary<string, string> details = cause?.Details ?? new Dictionary<string, string>();
        return reason == ErrorCode.None
            ? new ServerUnreachableException(message, cause)
            {
                Topic = topic.Name,
                Partition = partition,
                Endpoint = cause?.Endpoint,
                Attempts = attempts,
                Elapsed = elapsed,
                Details = details,
                RetryAfter = cause?.RetryAfter,
            }
            : new LogBrokerException(reason, message, cause)
            {
                Topic = topic.Name,
                Partition = partition,
                Endpoint = cause?.Endpoint,
                Attempts = attempts,
                Elapsed = elapsed,
                Details = details,
                RetryAfter = cause?.RetryAfter,
            };
    }

    /// <summary>
    /// Tells listeners of ended batches, in order, each batch once. One thread at a time does it, and a listener that hands over more
    /// records comes back here: whoever finds it being done leaves it to the one who does it.
    /// </summary>
    private void Announce()
    {
        lock (_gate)
        {
            if (_isAnnouncing)
            {
                return;
            }

            _isAnnouncing = true;
        }

        while (true)
        {
            ProducerBatch? batch;
            lock (_gate)
            {
                if (!_order.TryPeek(out batch) || !batch.IsEnded)
                {
                    _isAnnouncing = false;
                    return;
                }
            }

            core.OnEnded(batch);
            batch.Announce(core);
            lock (_gate)
            {
                _order.Dequeue();
            }

            core.Memory.Give(batch.HeldBytes);
            batch.AnnounceEnd();
            core.DropBatch(batch);
        }
    }
}
