using System.Runtime.CompilerServices;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Which batch of a producer was refused first on which stream: what follows it there is out of order because of that and may be
/// resent (<see cref="ErrorCode.EarlierBatchFailed"/>), while a gap without a refusal is fatal to the producer. Order itself is kept
/// by the sequences: this only tells the two apart. Ownership: one partition, one thread; forgets a stream with the stream, and is
/// bounded per stream.
/// </summary>
internal sealed class EarlierRefusals
{
    private const int ProducersPerStreamMax = 64;

    private readonly ConditionalWeakTable<IProduceSink, Dictionary<(long Id, short Epoch), int>> _streams = new();
    private bool _isUsed;

    /// <summary>Notes a refusal, unless an earlier one of the same producer on the stream stands.</summary>
    public void Note(IProduceSink sink, in ProducerBatch batch)
    {
        Dictionary<(long, short), int> refused = _streams.GetOrCreateValue(sink);
        if (refused.Count < ProducersPerStreamMax)
        {
            refused.TryAdd((batch.Id.Value, batch.Epoch), batch.BaseSequence);
            _isUsed = true;
        }
    }

    /// <summary>
    /// The sequence at which an earlier batch of the producer was refused on the stream; false when that is this batch, or none.
    /// </summary>
    public bool TryFind(IProduceSink sink, in ProducerBatch batch, out int sequence)
    {
        sequence = -1;
        return _isUsed
            && _streams.TryGetValue(sink, out Dictionary<(long, short), int>? refused)
            && refused.TryGetValue((batch.Id.Value, batch.Epoch), out sequence)
            && sequence != batch.BaseSequence;
    }

    /// <summary>A batch of the producer was accepted on the stream: it is in order again.</summary>
    public void Clear(IProduceSink sink, in ProducerBatch batch)
    {
        if (_isUsed && _streams.TryGetValue(sink, out Dictionary<(long, short), int>? refused))
        {
            refused.Remove((batch.Id.Value, batch.Epoch));
        }
    }
}
