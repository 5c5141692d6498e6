using System.Buffers.Binary;

namespace LogBroker.Protocol;

/// <summary>Decides which records of a batch stay.</summary>
public interface IRecordFilter
{
    /// <summary>True when the record at an offset stays. Records without a key are never asked for: they stay.</summary>
    bool Keeps(Offset offset, ReadOnlySpan<byte> key, bool isTombstone);
}

/// <summary>What became of a batch.</summary>
public enum RewriteOutcome
{
    /// <summary>All records stay, and nothing is to be noted in it.</summary>
    Unchanged = 0,

    /// <summary>Its records do not parse or inflate: it is to stay as it is.</summary>
    Unreadable,

    /// <summary>No record stays.</summary>
    Emptied,

    /// <summary>Some stay, or its tombstones got their delete horizon: <see cref="BatchRewriter.Result"/> is the new batch.</summary>
    Changed,
}

/// <summary>
/// Makes the batch that compaction leaves of a batch: offsets, order, leader epoch and producer fields are kept, the records that a
/// filter names are left out, and tombstones seen for the first time get a delete horizon as in Kafka (attribute bit 6, the horizon in
/// <c>baseTimestamp</c>). A compressed batch is compressed again. Keeps its buffers; not thread-safe.
/// </summary>
public sealed class BatchRewriter
{
    private readonly List<KeptRecord> _kept = [];
    private byte[] _buffer = new byte[64 * 1024];
    private int _length;

    private readonly record struct KeptRecord(int Start, int DeltaAt, int BodyAt, int End, long TimestampMs);

    /// <summary>The new batch after <see cref="RewriteOutcome.Changed"/>; good until the next call.</summary>
    public ReadOnlySpan<byte> Result => _buffer.AsSpan(0, _length);

    /// <summary>Filters a batch whose header and checksum are known to be right.</summary>
    /// <param name="bytes">Exactly one batch with records.</param>
    /// <param name="filter">Which records stay.</param>
    /// <param name="horizonMs">The delete horizon of tombstones that have none yet, milliseconds since 1970-01-01.</param>
    public RewriteOutcome Rewrite(ReadOnlyMemory<byte> bytes, IRecordFilter filter, long horizonMs)
    {
        var batch = new RecordBatch(bytes.Span);
        if (!TryReadRecords(bytes, batch, out ReadOnlyMemory<byte> records)
            || !TrySelect(records.Span, batch, filter, out bool hasTombstone))
        {
            return RewriteOutcome.Unreadable;
        }

        bool getsHorizon = hasTombstone && batch.DeleteHorizonMs is null;
        if (_kept.Count == 0)
        {
            return RewriteOutcome.Emptied;
        }

        if (_kept.Count == batch.RecordsCount && !getsHorizon)
        {
            return RewriteOutcome.Unchanged;
        }

        Build(records.Span, batch, getsHorizon ? horizonMs : null);
        if (getsHorizon && _length > Limits.BatchBytesMax)
        {
            // The longer time deltas make it larger than a batch may be: its tombstones stay.
            if (_kept.Count == batch.RecordsCount)
            {
                return RewriteOutcome.Unchanged;
            }

            Build(records.Span, batch, newHorizonMs: null);
        }

        return RewriteOutcome.Changed;
    }

    private static bool TryReadRecords(ReadOnlyMemory<byte> bytes, RecordBatch batch, out ReadOnlyMemory<byte> records)
    {
        records = bytes[BatchHeader.Bytes..batch.TotalBytes];
        return batch.Codec switch
        {
            CompressionCodec.None => true,
            CompressionCodec.Gzip => GzipRecords.Inflate(records, Limits.InflatedBytesMax, out records) is null,
            _ => false,
        };
    }

    private bool TrySelect(ReadOnlySpan<byte> records, RecordBatch batch, IRecordFilter filter, out bool hasTombstone)
    {
        _kept.Clear();
        hasTombstone = false;
        int at = 0;
        for (int i = 0; i < batch.RecordsCount; i++)
        {
            if (RecordLayout.TryRead(records, at, int.MaxValue, out RecordLayout record, out _) != RecordFault.None)
            {
                return false;
            }

            bool isTombstone = record.Value.IsNull;
            Offset offset = batch.BaseOffset + record.OffsetDelta;
            if (record.Key.IsNull || filter.Keeps(offset, records.Slice(record.Key.Start, record.Key.Length), isTombstone))
            {
                int deltaAt = at;
                _ = Varint.TryRead(records, ref deltaAt, out int _);
                deltaAt++; // attributes
                int bodyAt = deltaAt;
                _ = Varint.TryRead(records, ref bodyAt, out long deltaMs);
                _kept.Add(new KeptRecord(at, deltaAt, bodyAt, record.End, unchecked(batch.BaseTimestampMs + deltaMs)));
                hasTombstone |= isTombstone;
            }

            at = record.End;
        }

        return at == records.Length;
    }

    private void Build(ReadOnlySpan<byte> records, RecordBatch batch, long? newHorizonMs)
    {
        long baseMs = newHorizonMs ?? batch.BaseTimestampMs;
        int bytesMax = BatchHeader.Bytes;
        foreach (KeptRecord record in _kept)
        {
            bytesMax += record.End - record.Start + Varint.Int32BytesMax + Varint.Int64BytesMax;
        }

        if (_buffer.Length < bytesMax)
        {
            _buffer = new byte[Math.Max(bytesMax, 2 * _buffer.Length)];
        }

        int at = BatchHeader.Bytes;
        long maxTimestampMs = long.MinValue;
        foreach (KeptRecord record in _kept)
        {
            maxTimestampMs = Math.Max(maxTimestampMs, record.TimestampMs);
            at += newHorizonMs is null
                ? CopyOf(records[record.Start..record.End], _buffer.AsSpan(at))
                : WriteShifted(records, record, baseMs, _buffer.AsSpan(at));
        }

        _length = at;
        CompressionCodec codec = batch.Codec == CompressionCodec.Gzip && TryCompress() ? CompressionCodec.Gzip : CompressionCodec.None;
        Span<byte> result = _buffer.AsSpan(0, _length);
        batch.Bytes[..BatchHeader.Bytes].CopyTo(result);
        int attributes = (batch.Attributes & ~BatchHeader.CodecMask) | (int)codec;
        attributes |= newHorizonMs is null ? 0 : BatchHeader.DeleteHorizonBit;
        BinaryPrimitives.WriteInt32BigEndian(result[BatchHeader.BatchLengthAt..], _length - BatchHeader.LengthPrefixBytes);
        BinaryPrimitives.WriteUInt16BigEndian(result[BatchHeader.AttributesAt..], (ushort)attributes);
        BinaryPrimitives.WriteInt64BigEndian(result[BatchHeader.BaseTimestampAt..], baseMs);
        if (batch.TimestampType == TimestampType.CreateTime)
        {
            BinaryPrimitives.WriteInt64BigEndian(result[BatchHeader.MaxTimestampAt..], maxTimestampMs);
        }

        BinaryPrimitives.WriteInt32BigEndian(result[BatchHeader.RecordsCountAt..], _kept.Count);
        BatchHeader.StampCrc(result);
    }

    private static int CopyOf(ReadOnlySpan<byte> record, Span<byte> destination)
    {
        record.CopyTo(destination);
        return record.Length;
    }

    /// <summary>The same record with its timestamp told from another base.</summary>
    private static int WriteShifted(ReadOnlySpan<byte> records, KeptRecord record, long baseMs, Span<byte> destination)
    {
        long deltaMs = unchecked(record.TimestampMs - baseMs);
        ReadOnlySpan<byte> body = records[record.BodyAt..record.End];
        int at = Varint.Write(destination, 1 + Varint.SizeOf(deltaMs) + body.Length);
        destination[at++] = 0;
        at += Varint.Write(destination[at..], deltaMs);
        body.CopyTo(destination[at..]);
        return at + body.Length;
    }

    /// <summary>Compresses the records in the buffer unless that makes them larger.</summary>
    private bool TryCompress()
    {
        (byte[] compressed, int length) = GzipRecords.Deflate(
            _buffer, BatchHeader.Bytes, _length - BatchHeader.Bytes, BatchHeader.Bytes);
        bool isSmaller = length < _length;
        if (isSmaller)
        {
            compressed.AsSpan(BatchHeader.Bytes, length - BatchHeader.Bytes).CopyTo(_buffer.AsSpan(BatchHeader.Bytes));
            _length = length;
        }

        System.Buffers.ArrayPool<byte>.Shared.Return(compressed);
        return isSmaller;
    }
}
