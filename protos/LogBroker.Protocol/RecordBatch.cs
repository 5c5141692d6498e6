using System.Buffers.Binary;

namespace LogBroker.Protocol;

/// <summary>
/// A read-only view of one record batch v2 in place; fields as in <see cref="BatchHeader"/>. It may stand on the header alone (61
/// bytes) or on the whole batch, which <see cref="Records"/>, <see cref="ComputeCrc"/> and <see cref="Bytes"/> need. Nothing is
/// checked on construction: <see cref="TryParse"/> and <see cref="Check"/> do that. Lives as long as its bytes.
/// </summary>
public readonly ref struct RecordBatch
{
    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>A view of the batch that begins at the first of these bytes, at least <see cref="BatchHeader.Bytes"/> of them.</summary>
    public RecordBatch(ReadOnlySpan<byte> bytes)
    {
        Invariant.Require(bytes.Length >= BatchHeader.Bytes);
        _bytes = bytes;
    }

    /// <summary>Offset of the first record.</summary>
    public Offset BaseOffset => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchHeader.BaseOffsetAt..]));

    /// <summary>Size of the whole batch in bytes as its length field says; trusted only after <see cref="TryParse"/>.</summary>
    public int TotalBytes => (int)BatchHeader.ReadTotalBytes(_bytes);

    /// <summary>The epoch of the leader that appended it.</summary>
    public Epoch LeaderEpoch => new(BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchHeader.LeaderEpochAt..]));

    /// <summary>Format version.</summary>
    public byte Magic => _bytes[BatchHeader.MagicAt];

    /// <summary>The checksum as written.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[BatchHeader.CrcAt..]);

    /// <summary>All attribute bits.</summary>
    public int Attributes => BinaryPrimitives.ReadUInt16BigEndian(_bytes[BatchHeader.AttributesAt..]);

    /// <summary>How the records are compressed; may be a value without a name.</summary>
    public CompressionCodec Codec => (CompressionCodec)(Attributes & BatchHeader.CodecMask);

    /// <summary>Whose clock the timestamps are.</summary>
    public TimestampType TimestampType =>
        (Attributes & BatchHeader.LogAppendTimeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>True for a part of a transaction.</summary>
    public bool IsTransactional => (Attributes & BatchHeader.TransactionalBit) != 0;

    /// <summary>True for batches that are not for applications.</summary>
    public bool IsControl => (Attributes & BatchHeader.ControlBit) != 0;

    /// <summary>True for an epoch row, restated or not: a control batch without records; not checked further.</summary>
    public bool IsEpochRow => RecordsCount == 0 && IsControl;

    /// <summary>True for a batch whose records were all compacted away: it stands for its offsets, see <see cref="EmptyBatch"/>.</summary>
    public bool IsEmpty => RecordsCount == 0 && !IsControl;

    /// <summary>True when compaction has changed it: its size and checksum are not those that its producer sent.</summary>
    public bool IsCompacted =>
        !IsControl && (RecordsCount != LastOffsetDelta + 1 || (Attributes & BatchHeader.DeleteHorizonBit) != 0);

    /// <summary>
    /// When the tombstones of a compacted batch may go, in milliseconds since 1970-01-01; null while no compaction has seen them.
    /// </summary>
    public long? DeleteHorizonMs => (Attributes & BatchHeader.DeleteHorizonBit) != 0 ? BaseTimestampMs : null;

    /// <summary>Last offset minus base offset.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchHeader.LastOffsetDeltaAt..]);

    /// <summary>Offset of the last record; in front of the base offset for an epoch row.</summary>
    public Offset LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset behind the last record.</summary>
    public Offset NextOffset => BaseOffset + LastOffsetDelta + 1;

    /// <summary>Milliseconds since 1970-01-01 that record timestamps are deltas to.</summary>
    public long BaseTimestampMs => BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchHeader.BaseTimestampAt..]);

    /// <summary>Largest timestamp in milliseconds since 1970-01-01; that of every record when it is the append time.</summary>
    public long MaxTimestampMs => BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchHeader.MaxTimestampAt..]);

    /// <summary>The idempotent producer, or <see cref="ProducerId.None"/>.</summary>
    public ProducerId ProducerId => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[BatchHeader.ProducerIdAt..]));

    /// <summary>Its epoch, or -1.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[BatchHeader.ProducerEpochAt..]);

    /// <summary>Sequence number of the first record, or -1.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchHeader.BaseSequenceAt..]);

    /// <summary>Sequence number of the last record; sequences wrap from 2^31 - 1 to 0. -1 without a producer.</summary>
    public int LastSequence => BaseSequence < 0 ? -1 : (int)(((long)BaseSequence + LastOffsetDelta) & int.MaxValue);

    /// <summary>
    /// Number of records; below <see cref="LastOffsetDelta"/> + 1 only after compaction, 0 only in an epoch row and an empty batch.
    /// </summary>
    public int RecordsCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchHeader.RecordsCountAt..]);

    /// <summary>True when the view stands on all bytes of the batch.</summary>
    public bool IsWhole => _bytes.Length >= BatchHeader.ReadTotalBytes(_bytes);

    /// <summary>The whole batch.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes[..TotalBytes];

    /// <summary>What follows the header: records, or with a codec one compressed blob.</summary>
    public ReadOnlySpan<byte> Records => _bytes[BatchHeader.Bytes..TotalBytes];

    /// <summary>
    /// Views the batch that these bytes begin with, after checking that it is all there and of a version that is spoken.
    /// </summary>
    /// <param name="bytes">The batch and whatever follows it.</param>
    /// <param name="batchBytesMax">Largest batch believed: a larger length is <see cref="BatchFault.BadLength"/>.</param>
    /// <param name="batch">The view, when the answer is <see cref="BatchFault.None"/>.</param>
    public static BatchFault TryParse(ReadOnlySpan<byte> bytes, int batchBytesMax, out RecordBatch batch)
    {
        batch = default;
        if (bytes.Length < BatchHeader.LengthPrefixBytes)
        {
            return BatchFault.Incomplete;
        }

        long totalBytes = BatchHeader.ReadTotalBytes(bytes);
        if (totalBytes < BatchHeader.Bytes || totalBytes > batchBytesMax)
        {
            return BatchFault.BadLength;
        }

        if (bytes.Length > BatchHeader.MagicAt && bytes[BatchHeader.MagicAt] != BatchHeader.Magic)
        {
            return BatchFault.BadMagic;
        }

        if (bytes.Length < totalBytes)
        {
            return BatchFault.Incomplete;
        }

        batch = new RecordBatch(bytes[..(int)totalBytes]);
        return BatchFault.None;
    }

    /// <summary>
    /// Checks that the header fields agree with each other as they must in a log: a batch with records, an empty batch, or an epoch
    /// row whose facts stand in it twice. Needs the header only; the CRC is a check of its own.
    /// </summary>
    public BatchFault CheckHeader()
    {
        if (Magic != BatchHeader.Magic)
        {
            return BatchFault.BadMagic;
        }

        if (IsEpochRow)
        {
            return EpochRow.HeaderIsValid(this) ? BatchFault.None : BatchFault.BadHeader;
        }

        bool isValid = (Attributes & BatchHeader.UnusedBits) == 0
            && BaseOffset.Value >= 0
            && LastOffsetDelta >= 0
            && BaseOffset.Value <= long.MaxValue - 1 - LastOffsetDelta
            && RecordsCount >= 0
            && RecordsCount - 1 <= LastOffsetDelta
            && (RecordsCount > 0 || (TotalBytes == BatchHeader.Bytes && Codec == CompressionCodec.None));
        return isValid ? BatchFault.None : BatchFault.BadHeader;
    }

    /// <summary>Both checks of a whole batch, header and CRC.</summary>
    public BatchFault Check()
    {
        BatchFault fault = CheckHeader();
        return fault != BatchFault.None ? fault : ComputeCrc() == Crc ? BatchFault.None : BatchFault.BadCrc;
    }

    /// <summary>The checksum that the bytes of the whole batch have.</summary>
    public uint ComputeCrc() => Crc32C.Compute(_bytes[BatchHeader.CrcCoverageAt..TotalBytes]);
}
