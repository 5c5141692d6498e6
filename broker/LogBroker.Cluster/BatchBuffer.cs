using System.Buffers;

namespace LogBroker.Cluster;

/// <summary>
/// The bytes of one record batch in a pooled pinned buffer, which a door fills and hands over to the broker for good: the same
/// buffer is checked, stamped and written. Whoever owns it gives it back exactly once, by <see cref="Return"/>.
/// </summary>
public readonly struct BatchBuffer
{
    private BatchBuffer(byte[] array, int length)
    {
        Array = array;
        Length = length;
    }

    /// <summary>Bytes of the batch.</summary>
    public int Length { get; }

    /// <summary>The bytes of the batch.</summary>
    public Span<byte> Span => Array.AsSpan(0, Length);

    internal byte[] Array { get; }

    /// <summary>A buffer for a batch of so many bytes, with any content; at most 64 MiB.</summary>
    public static BatchBuffer Rent(int length) => new(PinnedBufferPool.Shared.Rent(length), length);

    /// <summary>A buffer with a copy of these bytes.</summary>
    public static BatchBuffer CopyOf(in ReadOnlySequence<byte> bytes)
    {
        BatchBuffer buffer = Rent(checked((int)bytes.Length));
        bytes.CopyTo(buffer.Span);
        return buffer;
    }

    /// <summary>Gives the buffer back; nothing of it may be touched any more. Does nothing for a default value.</summary>
    public void Return()
    {
        if (Array is not null)
        {
            PinnedBufferPool.Shared.Return(Array);
        }
    }
}
