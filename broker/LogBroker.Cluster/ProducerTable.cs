using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// What one partition remembers of idempotent producers: per producer the epoch and the last five batches, by which a resent batch
/// is answered with its first offset and a gap is refused. The rules are Kafka's, except that a producer without state may start
/// at sequence 0 only, that a duplicate older than the window and another batch under a used sequence have errors of their own.
/// Rebuilt from a snapshot and the batches behind it; expires by running time since the last append, so that a jump of the clock
/// forgets nobody. Bounded: beyond <c>producersMax</c> the producer that was silent longest is forgotten.
/// Ownership: one partition, one thread at a time. Allocates only for a producer's first batch and for refusals.
/// </summary>
public sealed class ProducerTable(int producersMax, long expiryMs)
{
    private readonly Dictionary<long, ProducerState> _producers = [];
    private readonly List<Undo> _undo = [];

    // Order of last appends: expiry and eviction take from the oldest end.
    private ProducerState? _oldest;
    private ProducerState? _newest;

    /// <summary>Producers remembered.</summary>
    public int Count => _producers.Count;

    /// <summary>Producers in the order of their last appends, for snapshots.</summary>
    internal IEnumerable<ProducerState> OldestFirst
    {
        get
        {
            for (ProducerState? p = _oldest; p is not null; p = p.Newer)
            {
                yield return p;
            }
        }
    }

    /// <summary>Judges a batch; changes nothing.</summary>
    public SequenceVerdict Check(in ProducerBatch batch)
    {
        if (!_producers.TryGetValue(batch.Id.Value, out ProducerState? state) || state.Count == 0)
        {
            return batch.BaseSequence == 0 ? default : Refuse(SequenceErrors.UnknownProducer(batch));
        }

        if (batch.Epoch < state.Epoch)
        {
            return Refuse(SequenceErrors.Fenced(batch, state.Epoch));
        }

        if (batch.Epoch > state.Epoch)
        {
            return batch.BaseSequence == 0 ? default : Refuse(SequenceErrors.OutOfOrder(batch, expected: 0));
        }

        int expected = state.ExpectedSequence;
        return batch.BaseSequence == expected ? default : CheckWindow(batch, state, expected);
    }

    /// <summary>Remembers a batch that is appended. <see cref="Commit"/> must follow.</summary>
    public void Append(in ProducerBatch batch, Offset baseOffset, Offset nextOffset, Epoch leaderEpoch, long appendTimeMs, long nowMs)
    {
        bool isNew = !_producers.TryGetValue(batch.Id.Value, out ProducerState? state);
        if (isNew)
        {
            MakeRoom();
            state = new ProducerState(batch.Id);
            _producers.Add(batch.Id.Value, state);
        }
        else
        {
            Unlink(state!);
        }

        _undo.Add(new Undo(state!, isNew, state!.Epoch, state.Next, state.Count, state.Overwritten));
        var slot = new ProducerSlot
        {
            BaseSequence = batch.BaseSequence,
            LastSequence = batch.LastSequence,
            BaseOffset = baseOffset,
            NextOffset = nextOffset,
            LeaderEpoch = leaderEpoch,
            AppendTimeMs = appendTimeMs,
            Bytes = batch.Bytes,
            HasCrc = batch.Crc.HasValue,
            Crc = batch.Crc.GetValueOrDefault(),
        };
        state.Push(batch.Epoch, slot);
        state.LastAppendMs = nowMs;
        LinkNewest(state);
    }

    /// <summary>
    /// Of what was appended since the last call, the first <paramref name="inLog"/> got into the log; the rest did not and is taken back.
    /// </summary>
    public void Commit(int inLog)
    {
        for (int i = _undo.Count - 1; i >= inLog; i--)
        {
            Undo undo = _undo[i];
            if (undo.IsNew)
            {
                Remove(undo.State);
            }
            else
            {
                undo.State.Restore(undo.Epoch, undo.Next, undo.Count, undo.Overwritten);
            }
        }

        _undo.Clear();
    }

    /// <summary>Forgets producers that appended nothing for the time of expiry.</summary>
    public void Expire(long nowMs)
    {
        while (_oldest is { } oldest && nowMs - oldest.LastAppendMs >= expiryMs)
        {
            Remove(oldest);
        }
    }

    /// <summary>
    /// The batches that compaction of the log in front of an offset must keep, so that who reads the log anew knows what each producer
    /// wrote last. A producer of whom only batches behind it are remembered keeps all: which is his last one in front is not known.
    /// </summary>
    internal KeptBatches KeptInFrontOf(Offset end)
    {
        var offsets = new HashSet<Offset>();
        var producers = new HashSet<ProducerId>();
        foreach (ProducerState state in OldestFirst)
        {
            bool hasOne = false;
            for (int i = 0; i < state.Count; i++)
            {
                hasOne |= state[i].NextOffset <= end;
                offsets.Add(state[i].BaseOffset);
            }

            if (!hasOne)
            {
                producers.Add(state.Id);
            }
        }

        return new KeptBatches(offsets, producers);
    }

    /// <summary>Puts a producer of a snapshot in; in the order of last appends.</summary>
    internal void Restore(ProducerState state)
    {
        if (_producers.TryGetValue(state.Id.Value, out ProducerState? known))
        {
            Remove(known);
        }

        MakeRoom();
        _producers.Add(state.Id.Value, state);
        LinkNewest(state);
    }

    private static SequenceVerdict CheckWindow(in ProducerBatch batch, ProducerState state, int expected)
    {
        long first = Relative(batch.BaseSequence, expected);
        long last = Relative(batch.LastSequence, expected);
        for (int i = 0; i < state.Count; i++)
        {
            ref ProducerSlot slot = ref state[i];
            if (slot.BaseSequence == batch.BaseSequence && slot.LastSequence == batch.LastSequence)
            {
                bool isSame = (slot.Bytes == 0 || slot.Bytes == batch.Bytes)
                    && (!slot.HasCrc || batch.Crc is null || slot.Crc == batch.Crc);
                return isSame
                    ? new SequenceVerdict(null, true, slot.BaseOffset, slot.NextOffset, slot.LeaderEpoch, slot.AppendTimeMs)
                    : Refuse(SequenceErrors.Reuse(batch));
            }

            if (first <= Relative(slot.LastSequence, expected) && last >= Relative(slot.BaseSequence, expected))
            {
                return Refuse(SequenceErrors.Reuse(batch));
            }
        }

        return Refuse(first < 0 ? SequenceErrors.OldDuplicate(batch, expected) : SequenceErrors.OutOfOrder(batch, expected));
    }

    /// <summary>Distance from the expected sequence, below 0 for the past; sequences wrap at 2^31.</summary>
    private static long Relative(int sequence, int expected)
    {
        long ahead = ((long)sequence - expected) & int.MaxValue;
        return ahead < 1L << 30 ? ahead : ahead - (1L << 31);
    }

    private static SequenceVerdict Refuse(BrokerError error) => new(error, false, Offset.None, Offset.None, Epoch.None, -1);

    private void MakeRoom()
    {
        if (_producers.Count >= producersMax && _oldest is { } oldest)
        {
            Remove(oldest);
        }
    }

    private void Remove(ProducerState state)
    {
        if (_producers.TryGetValue(state.Id.Value, out ProducerState? known) && ReferenceEquals(known, state))
        {
            _producers.Remove(state.Id.Value);
            Unlink(state);
        }
    }

    private void LinkNewest(ProducerState state)
    {
        state.Older = _newest;
        state.Newer = null;
        if (_newest is null)
        {
            _oldest = state;
        }
        else
        {
            _newest.Newer = state;
        }

        _newest = state;
    }

    private void Unlink(ProducerState state)
    {
        if (state.Older is null)
        {
            _oldest = state.Newer;
        }
        else
        {
            state.Older.Newer = state.Newer;
        }

        if (state.Newer is null)
        {
            _newest = state.Older;
        }
        else
        {
            state.Newer.Older = state.Older;
        }

        state.Older = null;
        state.Newer = null;
    }

    private readonly record struct Undo(ProducerState State, bool IsNew, short Epoch, int Next, int Count, ProducerSlot Overwritten);
}
