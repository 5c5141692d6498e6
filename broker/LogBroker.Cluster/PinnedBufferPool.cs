using System.Numerics;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Buffers on the pinned heap for batches on their way to the log: written by gather writes without pinning, never moved by the
/// garbage collector. Sizes are powers of two. Keeps at most a bounded number of idle bytes; the rest goes to the collector.
/// Thread-safe. A buffer given back is handed out again at once: whoever returns one must not touch it any more.
/// </summary>
public sealed class PinnedBufferPool(long idleBytesMax)
{
    private const int SizeLog2Min = 12;
    private const int SizeLog2Max = 26;

    private const long SharedIdleBytesMax = 64 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Stack<byte[]>[] _idle =
        [.. Enumerable.Range(SizeLog2Min, SizeLog2Max - SizeLog2Min + 1).Select(_ => new Stack<byte[]>())];

    private long _idleBytes;

    /// <summary>The pool of the process; keeps at most 64 MiB idle.</summary>
    public static PinnedBufferPool Shared { get; } = new(SharedIdleBytesMax);

    /// <summary>Bytes that wait to be used again.</summary>
    public long IdleBytes => Interlocked.Read(ref _idleBytes);

    /// <summary>A buffer of at least <paramref name="bytes"/> bytes with any content; at most 64 MiB.</summary>
    public byte[] Rent(int bytes)
    {
        int log2 = Math.Max(SizeLog2Min, BitOperations.Log2((uint)Math.Max(bytes, 1) - 1) + 1);
        Invariant.RequireAtMost(log2, SizeLog2Max);
        lock (_lock)
        {
            if (_idle[log2 - SizeLog2Min].TryPop(out byte[]? idle))
            {
                _idleBytes -= idle.Length;
                return idle;
            }
        }

        return GC.AllocateUninitializedArray<byte>(1 << log2, pinned: true);
    }

    /// <summary>Gives a buffer back.</summary>
    public void Return(byte[] buffer)
    {
        Invariant.Require(BitOperations.IsPow2(buffer.Length));
        lock (_lock)
        {
            if (_idleBytes + buffer.Length <= idleBytesMax)
            {
                _idleBytes += buffer.Length;
                _idle[BitOperations.Log2((uint)buffer.Length) - SizeLog2Min].Push(buffer);
            }
        }
    }
}
