using System.Buffers;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Shows small ranges of a segment that is held: from its mapping, or through a rented buffer. A span is good until the next call.
/// Dispose it to give the buffer back.
/// </summary>
internal ref struct SegmentWindow(Segment segment)
{
    private readonly IDiskMapping? _mapping = segment.Mapping;
    private byte[]? _buffer;
    private ReadOnlySpan<byte> _window;
    private long _start;

    /// <summary>
    /// Exactly <paramref name="bytes"/> bytes at a position, at most <see cref="IDiskMapping.PopulateBytesMax"/>; shorter only where
    /// the appended bytes end.
    /// </summary>
    public ReadOnlySpan<byte> At(long position, int bytes)
    {
        Invariant.Require(bytes <= IDiskMapping.PopulateBytesMax);
        if (position < _start || position + bytes > _start + _window.Length)
        {
            Move(position);
        }

        int from = (int)(position - _start);
        return _window.Slice(from, Math.Min(bytes, _window.Length - from));
    }

    /// <summary>The checksum over a range of any length.</summary>
    public uint Crc(long position, int bytes)
    {
        uint crc = 0;
        while (bytes > 0)
        {
            ReadOnlySpan<byte> piece = At(position, Math.Min(bytes, IDiskMapping.PopulateBytesMax));
            if (piece.IsEmpty)
            {
                throw new DiskReadException("pread", segment.Path, 0, $"the file ends before byte {position + bytes}");
            }

            crc = Crc32C.Append(crc, piece);
            position += piece.Length;
            bytes -= piece.Length;
        }

        return crc;
    }

    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }

    private void Move(long position)
    {
        int count = (int)Math.Clamp(segment.Bytes - position, 0, IDiskMapping.PopulateBytesMax);
        if (_mapping is not null && position + count <= _mapping.Bytes)
        {
            _window = _mapping.Populate(position, count);
        }
        else
        {
            _buffer ??= ArrayPool<byte>.Shared.Rent(IDiskMapping.PopulateBytesMax);
            count = segment.File.Read(position, _buffer.AsSpan(0, count));
            _window = _buffer.AsSpan(0, count);
        }

        _start = position;
    }
}
