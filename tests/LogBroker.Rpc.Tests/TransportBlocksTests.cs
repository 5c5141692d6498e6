using System.Buffers;
using LogBroker.Rpc.Server;

namespace LogBroker.Rpc.Tests;

public sealed class TransportBlocksTests
{
    [Fact]
    public void Blocks_hold_four_frames_and_are_used_again()
    {
        using var blocks = new TransportBlocks();
        IMemoryOwner<byte> first = blocks.Rent(1);
        Assert.Equal(64 * 1024, first.Memory.Length);
        Assert.Equal(64 * 1024, blocks.MaxBufferSize);
        first.Dispose();
        Assert.Same(first, blocks.Rent());
    }

    /// <summary>Two connections on one block would read each other's bytes.</summary>
    [Fact]
    public void A_block_that_is_given_back_twice_is_handed_out_once()
    {
        using var blocks = new TransportBlocks();
        IMemoryOwner<byte> block = blocks.Rent();
        block.Dispose();
        block.Dispose();
        Assert.NotSame(blocks.Rent(), blocks.Rent());
    }

    [Fact]
    public void More_than_a_block_is_refused()
    {
        using var blocks = new TransportBlocks();
        Assert.Throws<ArgumentOutOfRangeException>(() => blocks.Rent(64 * 1024 + 1));
    }
}
