using System.Buffers;

namespace LogBroker.Rpc;

/// <summary>
/// A growing buffer on pooled arrays. Not thread-safe. After <see cref="Dispose"/> nobody may hold memory of it, because
/// the array goes to somebody else.
/// </summary>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private const int BytesMin = 512;

    private byte[] _array = [];

    /// <summary>The bytes written so far.</summary>
    public int Length { get; private set; }

    public int Capacity => _array.Length;

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - Length);
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsSpan(Length);
    }

    /// <summary>Forgets what was written after a length.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>Makes room for more bytes.</summary>
    public void Reserve(int bytes)
    {
        if (_array.Length - Length >= bytes)
            return;
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + bytes), Math.Max(BytesMin, _array.Length)));
        _array.AsSpan(0, Length).CopyTo(grown);
        var old = _array;
        _array = grown;
        if (old.Length > 0)
            ArrayPool<byte>.Shared.Return(old);
    }

    /// <summary>Empties the buffer, and gives the array back if it is larger than what is worth keeping.</summary>
    public void Clear(int bytesKept)
    {
        Length = 0;
        if (_array.Length > bytesKept)
            Dispose();
    }

    public void Dispose()
    {
        Length = 0;
        if (_array.Length == 0)
            return;
        var array = _array;
        _array = [];
        ArrayPool<byte>.Shared.Return(array);
    }
}
