using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace LogBroker.Protocol;

/// <summary>
/// Builds one record batch v2 in a pooled buffer: records are encoded as they are appended, the header and the checksum when the
/// batch is finished. May be used again after <see cref="Reset"/>. Not thread-safe. Disposing gives the buffers back to the pool, so
/// it must wait until nobody uses the finished bytes.
/// </summary>
/// <remarks>
/// A finished batch may be stamped with another producer id, epoch or sequence as often as needed, because a batch is
/// resequenced when one in front of it fails for good.
/// </remarks>
public sealed class BatchBuilder : IDisposable
{
    private const int InitialBytes = 4096;

    private readonly int _batchBytesMax;
    private readonly CompressionCodec _codec;
    private byte[] _buffer;
    private byte[]? _compressed;
    private int _length = BatchHeader.Bytes;
    private int _finishedBytes;
    private long _baseTimestampMs;
    private long _maxTimestampMs;

    /// <summary>An empty batch.</summary>
    /// <param name="batchBytesMax">Largest batch before compression, in bytes with the header; at most
    /// <see cref="Limits.BatchBytesMax"/>.</param>
    /// <param name="codec"><see cref="CompressionCodec.None"/> or <see cref="CompressionCodec.Gzip"/>.</param>
    public BatchBuilder(int batchBytesMax, CompressionCodec codec = CompressionCodec.None)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchBytesMax, BatchHeader.Bytes + RecordLayout.BytesMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batchBytesMax, Limits.BatchBytesMax);
        if (codec is not (CompressionCodec.None or CompressionCodec.Gzip))
        {
            throw new ArgumentOutOfRangeException(nameof(codec), codec, "Supported: None, Gzip.");
        }

        _batchBytesMax = batchBytesMax;
        _codec = codec;
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Min(batchBytesMax, InitialBytes));
    }

    /// <summary>Records in the batch.</summary>
    public int RecordsCount { get; private set; }

    /// <summary>Bytes of the batch before compression, header included: exact without a codec, an upper bound with one.</summary>
    public int Bytes => _length;

    /// <summary>True once <see cref="Finish()"/> was called: no record may be appended until <see cref="Reset"/>.</summary>
    public bool IsFinished => _finishedBytes != 0;

    /// <summary>
    /// Bytes that a batch of this one record has, header included: what to compare with max.message.bytes before queueing it.
    /// </summary>
    public static long BytesOfSingle(OptionalBytes key, OptionalBytes value, ReadOnlySpan<RecordHeader> headers)
    {
        long body = BodyBytes(timestampDeltaMs: 0, offsetDelta: 0, key, value, headers);
        return BatchHeader.Bytes + Varint.SizeOf(body) + body;
    }

    /// <summary>
    /// Appends a record, or answers false and changes nothing when the batch would exceed its byte limit or
    /// <see cref="Limits.RecordsPerBatchMax"/>. False for the first record means that it fits no batch.
    /// </summary>
    /// <param name="timestampMs">Milliseconds since 1970-01-01; need not rise.</param>
    /// <param name="key">The key; null and empty differ.</param>
    /// <param name="value">The value; null makes a tombstone.</param>
    /// <param name="headers">At most <see cref="Limits.HeadersPerRecordMax"/>.</param>
    public bool TryAppend(long timestampMs, OptionalBytes key, OptionalBytes value, ReadOnlySpan<RecordHeader> headers = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(headers.Length, Limits.HeadersPerRecordMax);
        Invariant.Require(!IsFinished);
        long timestampDeltaMs = RecordsCount == 0 ? 0 : unchecked(timestampMs - _baseTimestampMs);
        long bodyBytes = BodyBytes(timestampDeltaMs, RecordsCount, key, value, headers);
        long totalBytes = _length + Varint.SizeOf(bodyBytes) + bodyBytes;
        if (totalBytes > _batchBytesMax || RecordsCount == Limits.RecordsPerBatchMax)
        {
            return false;
        }

        EnsureRoom((int)totalBytes);
        Span<byte> free = _buffer.AsSpan(_length);
        int at = Varint.Write(free, bodyBytes);
        free[at++] = 0;
        at += Varint.Write(free[at..], timestampDeltaMs);
        at += Varint.Write(free[at..], RecordsCount);
        at += Write(free[at..], key);
        at += Write(free[at..], value);
        at += Varint.Write(free[at..], headers.Length);
        foreach (ref readonly RecordHeader header in headers)
        {
            at += Varint.Write(free[at..], Encoding.UTF8.GetByteCount(header.Key));
            at += Encoding.UTF8.GetBytes(header.Key, free[at..]);
            at += Write(free[at..], header.Value);
        }

        Invariant.Require(_length + at == totalBytes);
        _baseTimestampMs = RecordsCount == 0 ? timestampMs : _baseTimestampMs;
        _maxTimestampMs = RecordsCount == 0 ? timestampMs : Math.Max(_maxTimestampMs, timestampMs);
        _length += at;
        RecordsCount++;
        return true;
    }

    /// <summary>As the other overload, without a producer id: such a batch is not protected against being written twice.</summary>
    public ReadOnlyMemory<byte> Finish() => Finish(ProducerId.None, producerEpoch: -1, baseSequence: -1);

    /// <summary>
    /// The bytes of the batch, base offset 0, ready to send; valid until <see cref="Reset"/>, <see cref="Dispose"/> or the next call.
    /// The first call closes the batch and compresses it (unless that makes it larger); later ones only stamp anew.
    /// </summary>
    /// <param name="producerId">The idempotent producer.</param>
    /// <param name="producerEpoch">Its epoch.</param>
    /// <param name="baseSequence">Sequence of the first record.</param>
    public ReadOnlyMemory<byte> Finish(ProducerId producerId, short producerEpoch, int baseSequence)
    {
        Invariant.Require(RecordsCount > 0);
        if (!IsFinished)
        {
            Close();
        }

        byte[] bytes = _compressed ?? _buffer;
        Span<byte> batch = bytes.AsSpan(0, _finishedBytes);
        BatchHeader.StampProducer(batch, producerId, producerEpoch, baseSequence);
        BatchHeader.StampCrc(batch);
        return bytes.AsMemory(0, _finishedBytes);
    }

    /// <summary>Makes it empty again; finished bytes become invalid.</summary>
    public void Reset()
    {
        if (_compressed is not null)
        {
            ArrayPool<byte>.Shared.Return(_compressed);
            _compressed = null;
        }

        _length = BatchHeader.Bytes;
        _finishedBytes = 0;
        RecordsCount = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reset();
        if (_buffer.Length != 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private static long BodyBytes(
        long timestampDeltaMs,
        int offsetDelta,
        OptionalBytes key,
        OptionalBytes value,
        ReadOnlySpan<RecordHeader> headers)
    {
        long bytes = 1 + Varint.SizeOf(timestampDeltaMs) + Varint.SizeOf(offsetDelta)
            + SizeOf(key) + SizeOf(value) + Varint.SizeOf(headers.Length);
        foreach (ref readonly RecordHeader header in headers)
        {
            int keyBytes = Encoding.UTF8.GetByteCount(header.Key);
            bytes += Varint.SizeOf(keyBytes) + keyBytes + SizeOf(header.Value);
        }

        return bytes;
    }

    private static long SizeOf(OptionalBytes bytes) => Varint.SizeOf(bytes.LengthField) + (long)bytes.Span.Length;

    private static int Write(Span<byte> destination, OptionalBytes bytes)
    {
        int at = Varint.Write(destination, bytes.LengthField);
        bytes.Span.CopyTo(destination[at..]);
        return at + bytes.Span.Length;
    }

    private void EnsureRoom(int bytes)
    {
        if (bytes <= _buffer.Length)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(bytes, 2L * _buffer.Length), _batchBytesMax));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Close()
    {
        CompressionCodec codec = CompressionCodec.None;
        _finishedBytes = _length;
        if (_codec == CompressionCodec.Gzip)
        {
            int recordsBytes = _length - BatchHeader.Bytes;
            (byte[] buffer, int length) = GzipRecords.Deflate(_buffer, BatchHeader.Bytes, recordsBytes, BatchHeader.Bytes);
            if (length < _length)
            {
                _compressed = buffer;
                _finishedBytes = length;
                codec = CompressionCodec.Gzip;
            }
            else
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        Span<byte> header = (_compressed ?? _buffer).AsSpan(0, BatchHeader.Bytes);
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header[BatchHeader.BatchLengthAt..], _finishedBytes - BatchHeader.LengthPrefixBytes);
        BinaryPrimitives.WriteInt32BigEndian(header[BatchHeader.LeaderEpochAt..], -1);
        header[BatchHeader.MagicAt] = BatchHeader.Magic;
        BinaryPrimitives.WriteUInt16BigEndian(header[BatchHeader.AttributesAt..], (ushort)codec);
        BinaryPrimitives.WriteInt32BigEndian(header[BatchHeader.LastOffsetDeltaAt..], RecordsCount - 1);
        BinaryPrimitives.WriteInt64BigEndian(header[BatchHeader.BaseTimestampAt..], _baseTimestampMs);
        BinaryPrimitives.WriteInt64BigEndian(header[BatchHeader.MaxTimestampAt..], _maxTimestampMs);
        BinaryPrimitives.WriteInt32BigEndian(header[BatchHeader.RecordsCountAt..], RecordsCount);
    }
}
