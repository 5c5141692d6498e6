using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Identity and sequence of the partition's batches, and how a hole in the sequence is closed.</summary>
internal sealed partial class PartitionQueue
{
    private ProducerIdentity _identity = ProducerIdentity.None;
    private int _nextSequence;
    private bool _isAdopting;
    private SequenceRepair _repair;
    private int _holeSequence;
    private long _holePlace;

    /// <summary>What must be done about a hole in the sequence before anything more is sent.</summary>
    private enum SequenceRepair
    {
        None,

        /// <summary>The batch was certainly not written: those behind it take over its numbers.</summary>
        Renumber,

        /// <summary>It may have been written, or the broker no longer knows the producer: a new epoch begins at 0.</summary>
        NextEpoch,
    }

    /// <summary>The identity to begin or to go on with, asked for because <see cref="TryTake"/> said so.</summary>
    public void Adopt(ProducerIdentity identity)
    {
        bool mustSchedule;
        lock (_gate)
        {
            Invariant.Require(_isAdopting && _inFlight.Count == 0);
            _isAdopting = false;
            _identity = identity;
            _nextSequence = 0;
            if (_repair == SequenceRepair.NextEpoch)
            {
                EndUncertain();
                Renumber(_resend);
            }

            _repair = SequenceRepair.None;
            mustSchedule = MarkScheduled(core.Now());
        }

        Finish(mustSchedule);
    }

    /// <summary>There is no identity to be had now.</summary>
    public void FailToAdopt(LogBrokerException why)
    {
        lock (_gate)
        {
            _isAdopting = false;
            _lastError = why;
            Delay(why.RetryAfter);
        }
    }

    /// <summary>The identity that is to be replaced.</summary>
    public ProducerIdentity Identity
    {
        get
        {
            lock (_gate)
            {
                return _identity;
            }
        }
    }

    private void Repair(SequenceRepair repair, ProducerBatch hole)
    {
        if (_repair == SequenceRepair.None || hole.Place < _holePlace)
        {
            _holeSequence = hole.Sequence;
            _holePlace = hole.Place;
        }

        // A second hole further on needs nothing more than the first one; an uncertain one needs the epoch.
        _repair = repair > _repair ? repair : _repair;
        _isDraining = true;
    }

    /// <summary>Makes the sequence whole before the next batch; nothing is in flight when there is something to repair.</summary>
    private TakeOutcome PrepareSequence()
    {
        if (!_identity.Id.IsSome)
        {
            return TakeOutcome.NeedsIdentity;
        }

        if (_repair == SequenceRepair.NextEpoch)
        {
            return TakeOutcome.NeedsNextEpoch;
        }

        if (_repair == SequenceRepair.Renumber)
        {
            List<ProducerBatch> behind = _resend.FindAll(b => b.Place > _holePlace);
            if (behind.Exists(static b => b.MayBeWritten))
            {
                _repair = SequenceRepair.NextEpoch;
                return TakeOutcome.NeedsNextEpoch;
            }

            _nextSequence = _holeSequence;
            Renumber(behind);
            _repair = SequenceRepair.None;
        }

        return TakeOutcome.Batch;
    }

    private void Renumber(List<ProducerBatch> batches)
    {
        foreach (ProducerBatch batch in batches)
        {
            batch.Stamp(_identity, _nextSequence);
            _nextSequence = ProducerIdentity.NextSequence(_nextSequence, batch.Records);
        }
    }

    /// <summary>Under a new epoch the broker could not recognise a batch that it has written under the old one.</summary>
    private void EndUncertain()
    {
        foreach (ProducerBatch batch in _resend)
        {
            if (batch.MayBeWritten)
            {
                batch.End(Unknown(batch, batch.LastError));
            }
        }

        _resend.RemoveAll(static b => b.IsEnded);
    }
}
