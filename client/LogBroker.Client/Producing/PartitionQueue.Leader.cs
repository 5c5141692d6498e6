namespace LogBroker.Client;

/// <summary>Which sender has the partition, what it takes, and how the partition goes over to that of another leader.</summary>
internal sealed partial class PartitionQueue
{
    /// <summary>The sender that sent what is in flight, and the epoch of the leader that it was for.</summary>
    private NodeSender? _via;
    private int _viaEpoch;

    /// <summary>The sender that is to come and take; no other may.</summary>
    private NodeSender? _owner;
    private bool _isScheduled;

    /// <summary>Since when a sweep has found it scheduled and not served; 0 for not at all.</summary>
    private long _scheduledSince;

    /// <summary>True when what is known about the leader may be wrong.</summary>
    private bool _doubtsLeader;

    /// <summary>The scheduled partition is about to be handed to a sender.</summary>
    public void AssignTo(NodeSender sender)
    {
        lock (_gate)
        {
            _owner = sender;
        }
    }

    /// <summary>True while a sender is the one to take from it.</summary>
    public bool IsOwnedBy(NodeSender sender)
    {
        lock (_gate)
        {
            return _isScheduled && _owner == sender;
        }
    }

    /// <summary>Called by the sender that has the partition scheduled; any other gets nothing.</summary>
    /// <param name="sender">That sender.</param>
    /// <param name="leaderEpoch">The epoch of the leader that it sends to.</param>
    /// <param name="batch">The batch to send, with a reference that the sender drops.</param>
    /// <param name="attempt">Which attempt of the batch it is: belongs to its answer.</param>
    /// <param name="hasMore">True when the sender should come again; the partition stays scheduled then.</param>
    public TakeOutcome TryTake(NodeSender sender, int leaderEpoch, out ProducerBatch? batch, out int attempt, out bool hasMore)
    {
        lock (_gate)
        {
            batch = null;
            attempt = 0;
            hasMore = false;
            if (!_isScheduled || _owner != sender)
            {
                return TakeOutcome.Nothing;
            }

            long now = core.Now();
            _scheduledSince = 0;
            if (_inFlight.Count > 0 && _via != sender)
            {
                // Over another stream the next batch could overtake those in flight.
                _isDraining = true;
            }

            if (!CanSend(now))
            {
                _isScheduled = false;
                return TakeOutcome.Nothing;
            }

            if (core.IsIdempotent && PrepareSequence() is var preparation and not TakeOutcome.Batch)
            {
                _isAdopting = true;
                _isScheduled = false;
                return preparation;
            }

            batch = Next();
            Stamp(batch);
            batch.Attempts++;
            batch.SentAt = now;
            batch.Server = sender.Server;
            batch.AddReference();
            attempt = batch.Attempts;
            _inFlight.Add(batch);
            _via = sender;
            _viaEpoch = leaderEpoch;
            hasMore = CanSend(now);
            _isScheduled = hasMore;
            return TakeOutcome.Batch;
        }
    }

    /// <summary>Gives up being scheduled until some time has passed: nobody leads it, or the leader cannot be reached.</summary>
    /// <param name="sender">Who says so, or null when no sender is known; one that does not have the partition any more is ignored.</param>
    /// <param name="why">The reason.</param>
    public void BackOff(NodeSender? sender, LogBrokerException why)
    {
        lock (_gate)
        {
            if (sender is not null && (!_isScheduled || _owner != sender))
            {
                return;
            }

            _isScheduled = false;
            _lastError = why;
            _doubtsLeader = true;
            Delay(why.RetryAfter);
        }
    }

    /// <summary>Another node leads, or the same in a later epoch: what waits goes there at once.</summary>
    public void FollowLeader()
    {
        bool mustSchedule;
        lock (_gate)
        {
            long now = core.Now();
            _failures = 0;
            _notBefore = 0;
            _doubtsLeader = false;
            LeaveSilentLeader(now);

            // Whoever has it finds that it is not his any more.
            _isScheduled = false;
            _scheduledSince = 0;
            mustSchedule = MarkScheduled(now);
        }

        Finish(mustSchedule);
    }

    /// <summary>
    /// Looks at the clock: ends what has had its time, takes back what an old leader does not answer, schedules what has waited long
    /// enough.
    /// </summary>
    public PartitionHealth Sweep()
    {
        bool mustSchedule;
        PartitionHealth health;
        lock (_gate)
        {
            long now = core.Now();
            foreach (ProducerBatch batch in _order)
            {
                if (now - batch.OpenedAt < core.DeliveryTicks)
                {
                    break;
                }

                if (!batch.IsEnded)
                {
                    Expire(batch);
                }
            }

            long silentTicks = _inFlight.Count > 0 ? now - _inFlight[0].SentAt : 0;
            NodeSender? stuck = silentTicks > core.SilenceTicks ? _via : null;
            NodeSender? silent = silentTicks > core.PatienceTicks ? _via : SilentOwner(now);
            LeaveSilentLeader(now);
            mustSchedule = AfterAnswer();
            health = new PartitionHealth(_order.Count > 0, _order.Count > 0 && (_doubtsLeader || silent is not null), silent, stuck);
        }

        Finish(mustSchedule);
        return health;
    }

    /// <summary>Gives a batch that is sent for the first time its place and its sequence.</summary>
    private void Stamp(ProducerBatch batch)
    {
        if (batch.Attempts == 0)
        {
            batch.Place = ++_places;
            core.OnFirstSent();
        }

        if (batch.Sequence < 0 && core.IsIdempotent)
        {
            batch.Stamp(_identity, _nextSequence);
            _nextSequence = ProducerIdentity.NextSequence(_nextSequence, batch.Records);
        }
    }

    /// <summary>The sender that should have come long ago: it hangs at its server.</summary>
    private NodeSender? SilentOwner(long now)
    {
        if (!_isScheduled)
        {
            _scheduledSince = 0;
            return null;
        }

        _scheduledSince = _scheduledSince == 0 ? now : _scheduledSince;
        return now - _scheduledSince > core.PatienceTicks ? _owner : null;
    }

    /// <summary>Takes back what is in flight when it has been unanswered for a while and another node leads in a later epoch.</summary>
    private void LeaveSilentLeader(long now)
    {
        if (_inFlight.Count == 0
            || now - _inFlight[0].SentAt <= core.PatienceTicks
            || core.Metadata.LeaderOf(topic.Name, partition) is not { } leader
            || leader.Epoch <= _viaEpoch
            || !IsLedElsewhere(_via!.Server))
        {
            return;
        }

        var why = new ServerUnreachableException($"{_via.Server} does not answer and {leader.Server} leads now") { Endpoint = _via.Server };
        ProducerBatch[] unanswered = [.. _inFlight];
        _inFlight.Clear();
        LogEvents.LeaderLeft(core.Log, topic.Name, partition, _via.Server, leader.Server, unanswered.Length);
        foreach (ProducerBatch batch in unanswered)
        {
            TakeBack(batch, why);
        }

        _doubtsLeader = false;
        _isDraining = false;
    }

    private bool IsLedElsewhere(string? server) =>
        server is not null
        && core.Metadata.LeaderOf(topic.Name, partition) is { } leader
        && !string.Equals(leader.Server, server, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What a sweep found out about a partition.</summary>
/// <param name="HasWork">True while anything is unfinished.</param>
/// <param name="DoubtsLeader">True when metadata should be asked for.</param>
/// <param name="Silent">The sender whose server has not answered for a while, or null.</param>
/// <param name="Stuck">The sender whose stream must be broken, or null.</param>
internal readonly record struct PartitionHealth(bool HasWork, bool DoubtsLeader, NodeSender? Silent, NodeSender? Stuck);
