using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>What a batch says about its producer.</summary>
/// <param name="Id">The producer.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="BaseSequence">Sequence of the first record.</param>
/// <param name="LastSequence">Sequence of the last record.</param>
/// <param name="Bytes">Size of the batch as the client made it; 0 when it is not known because the batch was compacted.</param>
/// <param name="Crc">
/// Checksum as the client made it; null when it is not known because the broker has stamped the batch (LogAppendTime) or compacted it.
/// </param>
public readonly record struct ProducerBatch(ProducerId Id, short Epoch, int BaseSequence, int LastSequence, int Bytes, uint? Crc)
{
    /// <summary>A batch without a producer.</summary>
    internal static ProducerBatch None { get; } = new(ProducerId.None, -1, -1, -1, 0, null);

    /// <summary>The facts of a batch that was just validated.</summary>
    public static ProducerBatch Of(in BatchFacts facts) =>
        new(facts.ProducerId, facts.ProducerEpoch, facts.BaseSequence, facts.LastSequence, facts.TotalBytes, facts.Crc);

    /// <summary>The facts of a batch in the log.</summary>
    public static ProducerBatch Of(RecordBatch batch) => new(
        batch.ProducerId,
        batch.ProducerEpoch,
        batch.BaseSequence,
        batch.LastSequence,
        batch.IsCompacted ? 0 : batch.TotalBytes,
        batch.IsCompacted || batch.TimestampType == TimestampType.LogAppendTime ? null : batch.Crc);

    /// <summary>What the header of bytes that nobody has validated says, as far as there is one.</summary>
    internal static ProducerBatch OfHeader(ReadOnlySpan<byte> batch)
    {
        if (batch.Length < BatchHeader.Bytes)
        {
            return None;
        }

        var view = new RecordBatch(batch[..BatchHeader.Bytes]);
        return new ProducerBatch(view.ProducerId, view.ProducerEpoch, view.BaseSequence, view.LastSequence, view.TotalBytes, view.Crc);
    }
}

/// <summary>What the table says about a batch: append it, answer it as a duplicate, or refuse it.</summary>
/// <param name="Error">Why it is refused, or null.</param>
/// <param name="IsDuplicate">True when it was appended before; the rest then says where.</param>
/// <param name="BaseOffset">Offset of the first record of the first time.</param>
/// <param name="NextOffset">The offset behind its last record.</param>
/// <param name="LeaderEpoch">The epoch in which it was appended.</param>
/// <param name="AppendTimeMs">The broker's time then for LogAppendTime topics, else -1.</param>
public readonly record struct SequenceVerdict(
    BrokerError? Error,
    bool IsDuplicate,
    Offset BaseOffset,
    Offset NextOffset,
    Epoch LeaderEpoch,
    long AppendTimeMs);
