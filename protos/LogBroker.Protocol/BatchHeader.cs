using System.Buffers.Binary;

namespace LogBroker.Protocol;

/// <summary>
/// The 61-byte header of a record batch v2 (magic 2), the same on disk and on the wire; all numbers are big-endian.
/// <code>
///   at  size  field                 rule
///    0   8    baseOffset            set by the leader, outside the CRC; 0 from a client
///    8   4    batchLength           bytes behind this field; whole batch = 12 + batchLength, at least 61
///   12   4    partitionLeaderEpoch  set by the leader, outside the CRC
///   16   1    magic = 2             checked before anything but the length is trusted
///   17   4    crc                   CRC-32C of byte 21 to the end of the batch
///   21   2    attributes            bits 0-2 codec; 3 timestamp type; 4 transactional; 5 control; 6 delete horizon; 7-15 zero
///   23   4    lastOffsetDelta       last offset - base offset; -1 in an epoch row
///   27   8    baseTimestamp         milliseconds since 1970-01-01; record timestamps are deltas to it
///   35   8    maxTimestamp          largest record timestamp, or the append time
///   43   8    producerId            -1 without one
///   51   2    producerEpoch         -1 without one
///   53   4    baseSequence          -1 without one
///   57   4    recordsCount          then the records; with a codec they (not the count) are one compressed blob
/// </code>
/// The members patch or read single fields in place; <see cref="RecordBatch"/> is the view for reading. Pure and thread-safe; a
/// span that is too short is a bug of the caller.
/// </summary>
public static class BatchHeader
{
    /// <summary>Size of the header in bytes, so of the smallest batch.</summary>
    public const int Bytes = 61;

    /// <summary>What <c>batchLength</c> does not count: base offset and the length itself, 12 bytes.</summary>
    public const int LengthPrefixBytes = 12;

    /// <summary>The only format version spoken.</summary>
    public const byte Magic = 2;

    /// <summary>Position of <c>baseOffset</c>, int64.</summary>
    public const int BaseOffsetAt = 0;

    /// <summary>Position of <c>batchLength</c>, int32.</summary>
    public const int BatchLengthAt = 8;

    /// <summary>Position of <c>partitionLeaderEpoch</c>, int32.</summary>
    public const int LeaderEpochAt = 12;

    /// <summary>Position of <c>magic</c>, int8.</summary>
    public const int MagicAt = 16;

    /// <summary>Position of <c>crc</c>, uint32.</summary>
    public const int CrcAt = 17;

    /// <summary>Position of the first byte that the CRC covers; it covers all from here to the end of the batch.</summary>
    public const int CrcCoverageAt = 21;

    /// <summary>Position of <c>attributes</c>, int16.</summary>
    public const int AttributesAt = 21;

    /// <summary>Position of <c>lastOffsetDelta</c>, int32.</summary>
    public const int LastOffsetDeltaAt = 23;

    /// <summary>Position of <c>baseTimestamp</c>, int64.</summary>
    public const int BaseTimestampAt = 27;

    /// <summary>Position of <c>maxTimestamp</c>, int64.</summary>
    public const int MaxTimestampAt = 35;

    /// <summary>Position of <c>producerId</c>, int64.</summary>
    public const int ProducerIdAt = 43;

    /// <summary>Position of <c>producerEpoch</c>, int16.</summary>
    public const int ProducerEpochAt = 51;

    /// <summary>Position of <c>baseSequence</c>, int32.</summary>
    public const int BaseSequenceAt = 53;

    /// <summary>Position of <c>recordsCount</c>, int32.</summary>
    public const int RecordsCountAt = 57;

    /// <summary>Attribute bits 0 to 2: the <see cref="CompressionCodec"/>.</summary>
    public const int CodecMask = 0x07;

    /// <summary>Attribute bit 3: the broker's append time is the time of every record.</summary>
    public const int LogAppendTimeBit = 0x08;

    /// <summary>Attribute bit 4: part of a transaction.</summary>
    public const int TransactionalBit = 0x10;

    /// <summary>Attribute bit 5: not for applications; a batch of it without records is an epoch row.</summary>
    public const int ControlBit = 0x20;

    /// <summary>Attribute bit 6: <c>baseTimestamp</c> is the delete horizon of a compacted batch.</summary>
    public const int DeleteHorizonBit = 0x40;

    /// <summary>Attribute bits 7 to 15: must be zero.</summary>
    public const int UnusedBits = 0xFF80;

    /// <summary>
    /// Size in bytes of the whole batch as its length field says, from at least 12 bytes. Not trusted: it may be below
    /// <see cref="Bytes"/>, negative, or larger than any batch (hence 64 bits).
    /// </summary>
    public static long ReadTotalBytes(ReadOnlySpan<byte> header) =>
        (long)LengthPrefixBytes + BinaryPrimitives.ReadInt32BigEndian(header[BatchLengthAt..]);

    /// <summary>Stamps the base offset; the CRC stays valid.</summary>
    public static void StampBaseOffset(Span<byte> batch, Offset baseOffset) =>
        BinaryPrimitives.WriteInt64BigEndian(batch[BaseOffsetAt..], baseOffset.Value);

    /// <summary>Stamps the leader epoch; the CRC stays valid.</summary>
    public static void StampLeaderEpoch(Span<byte> batch, Epoch leaderEpoch) =>
        BinaryPrimitives.WriteInt32BigEndian(batch[LeaderEpochAt..], leaderEpoch.Value);

    /// <summary>
    /// Makes <paramref name="appendTimeMs"/> the time of every record: sets the timestamp type and <c>maxTimestamp</c>, and computes
    /// the CRC anew over the whole batch.
    /// </summary>
    /// <param name="batch">Exactly one whole batch.</param>
    /// <param name="appendTimeMs">Milliseconds since 1970-01-01.</param>
    public static void StampAppendTime(Span<byte> batch, long appendTimeMs)
    {
        ushort attributes = BinaryPrimitives.ReadUInt16BigEndian(batch[AttributesAt..]);
        BinaryPrimitives.WriteUInt16BigEndian(batch[AttributesAt..], (ushort)(attributes | LogAppendTimeBit));
        BinaryPrimitives.WriteInt64BigEndian(batch[MaxTimestampAt..], appendTimeMs);
        StampCrc(batch);
    }

    /// <summary>Stamps producer id, epoch and base sequence and leaves the CRC stale: <see cref="StampCrc"/> must follow.</summary>
    public static void StampProducer(Span<byte> batch, ProducerId producerId, short producerEpoch, int baseSequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[ProducerIdAt..], producerId.Value);
        BinaryPrimitives.WriteInt16BigEndian(batch[ProducerEpochAt..], producerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BaseSequenceAt..], baseSequence);
    }

    /// <summary>Computes the CRC over exactly one whole batch and stamps it.</summary>
    public static void StampCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(batch[CrcAt..], Crc32C.Compute(batch[CrcCoverageAt..]));
}
