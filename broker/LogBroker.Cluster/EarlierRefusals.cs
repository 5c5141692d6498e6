using System.Runtime.CompilerServices;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Which batches of a producer were refused on which stream and partition, from the first to the last: what follows them there is out
/// of order because of that and may be resent (<see cref="ErrorCode.EarlierBatchFailed"/>), while a gap without a refusal is fatal to
/// the producer. Order itself is kept by the sequences: this only tells the two apart. One for all partitions of a broker, because a
/// batch may be refused where no partition is hosted yet. Thread-safe; forgets a stream with the stream, and is bounded per stream:
/// the refusal that was noted longest ago makes room.
/// </summary>
internal sealed class EarlierRefusals
{
    internal const int RefusalsPerStreamMax = 1024;

    private readonly ConditionalWeakTable<IProduceSink, RefusedOfStream> _streams = new();
    private volatile bool _isUsed;

    /// <summary>
    /// Notes a refusal, beside those of the same producer epoch that stand. Another epoch of the producer is forgotten.
    /// </summary>
    public void Note(IProduceSink sink, TopicPartition partition, in ProducerBatch batch)
    {
        RefusedOfStream stream = _streams.GetOrCreateValue(sink);
        lock (stream.Lock)
        {
            var key = new Key(partition, batch.Id.Value);
            int first = batch.BaseSequence;
            int last = first;
            if (stream.Refused.TryGetValue(key, out Refusals noted) && noted.Epoch == batch.Epoch)
            {
                first = IsInFrontOf(first, noted.First) ? first : noted.First;
                last = IsInFrontOf(noted.Last, last) ? last : noted.Last;
            }

            if (!stream.Refused.Remove(key) && stream.Refused.Count == RefusalsPerStreamMax)
            {
                stream.Refused.RemoveAt(0);
            }

            stream.Refused.Add(key, new Refusals(batch.Epoch, first, last));
        }

        _isUsed = true;
    }

    /// <summary>
    /// The sequence at which the earliest batch of the producer was refused on the stream; false when that is this batch, a later one,
    /// or none.
    /// </summary>
    public bool TryFind(IProduceSink sink, TopicPartition partition, in ProducerBatch batch, out int sequence)
    {
        sequence = -1;
        if (!_isUsed || !_streams.TryGetValue(sink, out RefusedOfStream? stream))
        {
            return false;
        }

        lock (stream.Lock)
        {
            if (!stream.Refused.TryGetValue(new Key(partition, batch.Id.Value), out Refusals noted)
                || noted.Epoch != batch.Epoch
                || !IsInFrontOf(noted.First, batch.BaseSequence))
            {
                return false;
            }

            sequence = noted.First;
            return true;
        }
    }

    /// <summary>
    /// A batch of the producer was accepted on the stream: up to it, it is in order again. Refusals behind it stand: those batches were
    /// not resent yet, or were refused while this one waited in the partition's queue.
    /// </summary>
    public void Clear(IProduceSink sink, TopicPartition partition, in ProducerBatch batch)
    {
        if (!_isUsed || !_streams.TryGetValue(sink, out RefusedOfStream? stream))
        {
            return;
        }

        lock (stream.Lock)
        {
            var key = new Key(partition, batch.Id.Value);
            if (!stream.Refused.TryGetValue(key, out Refusals noted) || noted.Epoch > batch.Epoch)
            {
                return;
            }

            if (noted.Epoch < batch.Epoch || !IsInFrontOf(batch.LastSequence, noted.Last))
            {
                stream.Refused.Remove(key);
            }
            else if (!IsInFrontOf(batch.LastSequence, noted.First))
            {
                stream.Refused[key] = noted with { First = (int)((batch.LastSequence + 1L) & int.MaxValue) };
            }
        }
    }

    /// <summary>Whether a sequence comes before another; they wrap at 2^31.</summary>
    private static bool IsInFrontOf(int sequence, int other) => ((other - sequence) & int.MaxValue) is > 0 and < 1 << 30;

    private readonly record struct Key(TopicPartition Partition, long ProducerId);

    private readonly record struct Refusals(short Epoch, int First, int Last);

    private sealed class RefusedOfStream
    {
        public Lock Lock { get; } = new();

        public OrderedDictionary<Key, Refusals> Refused { get; } = [];
    }
}
