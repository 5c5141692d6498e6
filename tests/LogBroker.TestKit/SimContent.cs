namespace LogBroker.TestKit;

/// <summary>
/// The bytes of a simulated file: as many as were written are kept, behind them it is zero up to its length, so that a preallocated
/// file costs nothing. Not thread-safe.
/// </summary>
internal sealed class SimContent
{
    private byte[] _bytes = [];
    private int _written;

    public long Length { get; private set; }

    /// <summary>Bytes from the start behind which there are zeros only.</summary>
    public int Written => _written;

    public ReadOnlySpan<byte> WrittenBytes => _bytes.AsSpan(0, _written);

    /// <summary>Copies bytes out; what lies behind the length is left alone.</summary>
    public int Read(long at, Span<byte> destination)
    {
        int count = (int)Math.Clamp(Length - at, 0, destination.Length);
        int known = (int)Math.Clamp(_written - at, 0, count);
        if (known > 0)
        {
            _bytes.AsSpan((int)at, known).CopyTo(destination);
        }

        destination[known..count].Clear();
        return count;
    }

    public void Write(long at, ReadOnlySpan<byte> bytes)
    {
        int end = checked((int)at + bytes.Length);
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(end, Math.Max(512, 2 * _bytes.Length)));
        }

        if (at > _written)
        {
            _bytes.AsSpan(_written, (int)at - _written).Clear();
        }

        bytes.CopyTo(_bytes.AsSpan((int)at));
        _written = Math.Max(_written, end);
        Length = Math.Max(Length, end);
    }

    public void SetLength(long length)
    {
        Length = length;
        _written = (int)Math.Min(_written, length);
    }

    public void CopyFrom(SimContent other)
    {
        if (_bytes.Length < other._written)
        {
            _bytes = new byte[other._bytes.Length];
        }

        other.WrittenBytes.CopyTo(_bytes);
        _written = other._written;
        Length = other.Length;
    }

    public byte[] ToArray()
    {
        var all = new byte[Length];
        Read(0, all);
        return all;
    }
}
