using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace LogBroker.Protocol;

/// <summary>
/// The records of a batch as exactly one gzip member, in both directions. Inflation is bounded by the ratio
/// <see cref="Limits.InflationRatioMax"/> and by an absolute limit; what we deflate never exceeds that ratio.
/// </summary>
internal static class GzipRecords
{
    private const int HeaderBytes = 10;
    private const int TrailerBytes = 8;
    private const int FlagsAt = 3;
    private const byte CommentFlag = 0x10;

    /// <summary>
    /// Inflates into an array of its own, so that records may be kept. At most <paramref name="inflatedBytesMax"/> bytes, and at most
    /// ten times the input, are inflated or allocated.
    /// </summary>
    public static BrokerError? Inflate(ReadOnlyMemory<byte> compressed, int inflatedBytesMax, out ReadOnlyMemory<byte> inflated)
    {
        inflated = default;
        int limit = (int)Math.Min(inflatedBytesMax, (long)compressed.Length * Limits.InflationRatioMax);
        if (compressed.Length < HeaderBytes + TrailerBytes)
        {
            return BatchErrors.Corrupt(BatchHeader.Bytes, "gzip data is cut off");
        }

        // The trailer says the length, which may lie: it sizes the buffer within the bound, and must be true in the end.
        uint statedBytes = BinaryPrimitives.ReadUInt32LittleEndian(compressed.Span[^4..]);
        var buffer = new byte[(int)Math.Min(statedBytes, (uint)limit)];
        int filled = 0;
        try
        {
            using var gzip = new GZipStream(new MemoryReadStream(compressed), CompressionMode.Decompress);
            while (true)
            {
                int read = gzip.Read(buffer.AsSpan(filled));
                filled += read;
                if (filled < buffer.Length)
                {
                    if (read == 0)
                    {
                        break;
                    }

                    continue;
                }

                int next = gzip.ReadByte();
                if (next < 0)
                {
                    break;
                }

                if (filled == limit)
                {
                    return BatchErrors.InflatesTooMuch(compressed.Length, limit);
                }

                Array.Resize(ref buffer, (int)Math.Min(limit, Math.Max(256, 2L * filled)));
                buffer[filled++] = (byte)next;
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return BatchErrors.Corrupt(BatchHeader.Bytes, "gzip data is malformed");
        }

        inflated = buffer.AsMemory(0, filled);
        return filled == statedBytes ? null : BatchErrors.Corrupt(BatchHeader.Bytes, "gzip data is cut off or its length is wrong");
    }

    /// <summary>
    /// Deflates into a buffer from the shared pool behind <paramref name="headroomBytes"/> free bytes; the caller returns it. Records
    /// that shrink more than tenfold are padded to a tenth by a comment in the gzip header, so that a reader may refuse everything
    /// beyond that ratio as a bomb.
    /// </summary>
    public static (byte[] Buffer, int Length) Deflate(byte[] records, int start, int count, int headroomBytes)
    {
        int lengthMin = (count + Limits.InflationRatioMax - 1) / Limits.InflationRatioMax;
        using var output = new PooledWriteStream(headroomBytes, (count / 4) + 1024);
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(records, start, count);
        }

        int missing = lengthMin - (output.Written - headroomBytes);
        if (missing > 0)
        {
            output.Extend(missing);
            Span<byte> member = output.WrittenSpan[headroomBytes..];
            Invariant.Require(member[FlagsAt] == 0);
            member[FlagsAt] = CommentFlag;
            member[HeaderBytes..^missing].CopyTo(member[(HeaderBytes + missing)..]);
            Span<byte> comment = member.Slice(HeaderBytes, missing);
            comment.Fill((byte)' ');
            comment[^1] = 0;
        }

        return output.Detach();
    }

    /// <summary>Reads memory as a stream, without a copy.</summary>
    private sealed class MemoryReadStream(ReadOnlyMemory<byte> bytes) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, bytes.Length - _at);
            bytes.Span.Slice(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>Collects what is written in one buffer of the shared pool.</summary>
    private sealed class PooledWriteStream : Stream
    {
        private byte[] _buffer;

        public PooledWriteStream(int start, int capacity)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(start + capacity);
            Written = start;
        }

        public int Written { get; private set; }

        public Span<byte> WrittenSpan => _buffer.AsSpan(0, Written);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        /// <summary>Hands the buffer over; nothing may be written afterwards.</summary>
        public (byte[] Buffer, int Length) Detach()
        {
            byte[] buffer = _buffer;
            _buffer = [];
            return (buffer, Written);
        }

        public override void Write(ReadOnlySpan<byte> bytes)
        {
            int at = Written;
            Extend(bytes.Length);
            bytes.CopyTo(_buffer.AsSpan(at));
        }

        /// <summary>Adds bytes of any value.</summary>
        public void Extend(int bytes)
        {
            if (bytes > _buffer.Length - Written)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Written + bytes, 2 * _buffer.Length));
                WrittenSpan.CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
            }

            Written += bytes;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (_buffer.Length != 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = [];
            }

            base.Dispose(disposing);
        }
    }
}
