using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace LogBroker.Rpc.Server;

/// <summary>
/// The memory of Kestrel's pipes: pinned blocks of 64 KiB instead of its own of 4 KiB. One receive then brings up to four HTTP/2
/// frames, where it would take four receives, each with its own hop between threads, to bring one. An idle connection holds no block:
/// Kestrel waits for data before it asks for memory. Thread-safe.
/// </summary>
internal sealed class TransportBlocks : MemoryPool<byte>
{
    private const int BlockBytes = 64 * 1024;

    /// <summary>More idle blocks than these are left to the collector.</summary>
    private const int IdleBlocksMax = 512;

    private readonly Lock _lock = new();
    private readonly Stack<Block> _idle = new();

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        Block? block;
        lock (_lock)
        {
            if (!_idle.TryPop(out block))
                block = new Block(this);
        }
        block.Take();
        return block;
    }

    protected override void Dispose(bool disposing)
    {
        // The blocks are ordinary memory of the collector.
    }

    private void Return(Block block)
    {
        lock (_lock)
        {
            if (_idle.Count < IdleBlocksMax)
                _idle.Push(block);
        }
    }

    /// <summary>Hands the same pool to all of a server's transports.</summary>
    public sealed class Factory : IMemoryPoolFactory<byte>
    {
        private readonly TransportBlocks _blocks = new();

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => _blocks;
    }

    private sealed class Block(TransportBlocks pool) : IMemoryOwner<byte>
    {
        private int _taken;

        public Memory<byte> Memory { get; } =
            System.Runtime.InteropServices.MemoryMarshal.CreateFromPinnedArray(
                GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);

        public void Take() => Volatile.Write(ref _taken, 1);

        /// <summary>A second return does nothing: the block may serve another connection by then.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _taken, 0) == 1)
                pool.Return(this);
        }
    }
}
