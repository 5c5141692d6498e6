using System.Buffers.Binary;

namespace LogBroker.Protocol;

/// <summary>
/// The start of a leader epoch in the log: a control batch without records, 61 bytes, that takes no offset. It stands in front of
/// record <see cref="Start"/>. A restated row, with which every segment but the first begins, has the same bytes: it says the epoch
/// of the record in front of the segment.
/// <code>
///   baseOffset            start s           lastOffsetDelta          -1, so that the last offset is s - 1
///   batchLength           49                both timestamps          -1
///   partitionLeaderEpoch  epoch e           producerId, baseSequence s and e once more
///   magic, attributes     2, control bit    producerEpoch, count     -1, 0
/// </code>
/// A batch's CRC covers neither base offset nor leader epoch, and these are all that a row says: hence the second copies, which the
/// CRC covers. A row whose copies differ is damage.
/// </summary>
/// <param name="Epoch">The epoch that starts, at least 1 (0 only in a restated row of a log without leaders).</param>
/// <param name="Start">The offset of the first record that may be of it.</param>
public readonly record struct EpochRow(Epoch Epoch, Offset Start)
{
    /// <summary>Size in bytes.</summary>
    public const int Bytes = BatchHeader.Bytes;

    /// <summary>Writes the row, restated or not, into the first <see cref="Bytes"/> bytes of <paramref name="destination"/>.</summary>
    public void WriteTo(Span<byte> destination)
    {
        Invariant.Require(Start.Value >= 0 && Epoch.Value >= 0);
        Span<byte> row = destination[..Bytes];
        BinaryPrimitives.WriteInt64BigEndian(row[BatchHeader.BaseOffsetAt..], Start.Value);
        BinaryPrimitives.WriteInt32BigEndian(row[BatchHeader.BatchLengthAt..], Bytes - BatchHeader.LengthPrefixBytes);
        BinaryPrimitives.WriteInt32BigEndian(row[BatchHeader.LeaderEpochAt..], Epoch.Value);
        row[BatchHeader.MagicAt] = BatchHeader.Magic;
        BinaryPrimitives.WriteUInt16BigEndian(row[BatchHeader.AttributesAt..], BatchHeader.ControlBit);
        BinaryPrimitives.WriteInt32BigEndian(row[BatchHeader.LastOffsetDeltaAt..], -1);
        BinaryPrimitives.WriteInt64BigEndian(row[BatchHeader.BaseTimestampAt..], -1);
        BinaryPrimitives.WriteInt64BigEndian(row[BatchHeader.MaxTimestampAt..], -1);
        BatchHeader.StampProducer(row, new ProducerId(Start.Value), producerEpoch: -1, baseSequence: Epoch.Value);
        BinaryPrimitives.WriteInt32BigEndian(row[BatchHeader.RecordsCountAt..], 0);
        BatchHeader.StampCrc(row);
    }

    /// <summary>
    /// Reads the row that these bytes begin with, checking every field, both copies and the CRC. Bytes that are no row but may be a
    /// batch are <see cref="BatchFault.BadHeader"/>: ask <see cref="RecordBatch.IsEpochRow"/> first.
    /// </summary>
    public static BatchFault TryRead(ReadOnlySpan<byte> bytes, out EpochRow row)
    {
        row = default;
        if (bytes.Length < Bytes)
        {
            return BatchFault.Incomplete;
        }

        var batch = new RecordBatch(bytes[..Bytes]);
        if (batch.Magic != BatchHeader.Magic)
        {
            return BatchFault.BadMagic;
        }

        if (!HeaderIsValid(batch))
        {
            return BatchFault.BadHeader;
        }

        if (batch.ComputeCrc() != batch.Crc)
        {
            return BatchFault.BadCrc;
        }

        row = new EpochRow(batch.LeaderEpoch, batch.BaseOffset);
        return BatchFault.None;
    }

    /// <summary>True when every field but the CRC is what a row has.</summary>
    internal static bool HeaderIsValid(RecordBatch batch) =>
        batch.IsEpochRow
        && batch.TotalBytes == Bytes
        && batch.Attributes == BatchHeader.ControlBit
        && batch.LastOffsetDelta == -1
        && batch.BaseTimestampMs == -1
        && batch.MaxTimestampMs == -1
        && batch.ProducerEpoch == -1
        && batch.BaseOffset.Value >= 0
        && batch.LeaderEpoch.Value >= 0
        && batch.ProducerId.Value == batch.BaseOffset.Value
        && batch.BaseSequence == batch.LeaderEpoch.Value;
}
