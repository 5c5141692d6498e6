using System.Buffers.Binary;

namespace LogBroker.Protocol;

/// <summary>
/// A batch of which compaction has left no record: a header alone, 61 bytes, that stands for its range of offsets, so that a log has no
/// holes. It is what it says: everything in its range was committed, and is superseded or deleted.
/// <code>
///   baseOffset, lastOffsetDelta  the range; of one batch, or of neighbours of one leader epoch made into one
///   batchLength                  49           recordsCount               0
///   attributes                   0; of a kept batch of a producer its timestamp type
///   baseTimestamp                -1           maxTimestamp               -1; of a kept batch what it was
///   producer fields              -1; a producer's last batches keep theirs and are not merged
/// </code>
/// Pure and thread-safe.
/// </summary>
public static class EmptyBatch
{
    /// <summary>Size in bytes.</summary>
    public const int Bytes = BatchHeader.Bytes;

    /// <summary>Most offsets that one stands for.</summary>
    public const long SpanMax = int.MaxValue;

    /// <summary>Writes the empty batch for the offsets from <paramref name="from"/> up to <paramref name="next"/>, at least one.</summary>
    public static void Write(Span<byte> destination, Epoch epoch, Offset from, Offset next)
    {
        Invariant.Require(next > from && next - from <= SpanMax);
        Span<byte> batch = destination[..Bytes];
        batch.Clear();
        BatchHeader.StampBaseOffset(batch, from);
        BatchHeader.StampLeaderEpoch(batch, epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeader.BatchLengthAt..], Bytes - BatchHeader.LengthPrefixBytes);
        batch[BatchHeader.MagicAt] = BatchHeader.Magic;
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeader.LastOffsetDeltaAt..], (int)(next - from - 1));
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeader.BaseTimestampAt..], -1);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeader.MaxTimestampAt..], -1);
        BatchHeader.StampProducer(batch, ProducerId.None, producerEpoch: -1, baseSequence: -1);
        BatchHeader.StampCrc(batch);
    }

    /// <summary>Writes what is left of a producer's batch that is kept for its sequence numbers, without its records.</summary>
    public static void WriteKept(Span<byte> destination, RecordBatch batch)
    {
        Span<byte> kept = destination[..Bytes];
        Write(kept, batch.LeaderEpoch, batch.BaseOffset, batch.NextOffset);
        int timestampType = batch.Attributes & BatchHeader.LogAppendTimeBit;
        BinaryPrimitives.WriteUInt16BigEndian(kept[BatchHeader.AttributesAt..], (ushort)timestampType);
        BinaryPrimitives.WriteInt64BigEndian(kept[BatchHeader.MaxTimestampAt..], batch.MaxTimestampMs);
        BatchHeader.StampProducer(kept, batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence);
        BatchHeader.StampCrc(kept);
    }

    /// <summary>True when a replica that ends at <paramref name="end"/> may take the rest of this batch.</summary>
    public static bool CanCutFront(RecordBatch batch, Offset end) =>
        batch.IsEmpty && !batch.ProducerId.IsSome && batch.BaseOffset < end && end < batch.NextOffset;

    /// <summary>Makes it begin at an offset inside it, in place. Only where <see cref="CanCutFront"/> says so.</summary>
    public static void CutFront(Span<byte> batch, Offset from)
    {
        var whole = new RecordBatch(batch);
        Invariant.Require(CanCutFront(whole, from));
        Write(batch, whole.LeaderEpoch, from, whole.NextOffset);
    }
}
