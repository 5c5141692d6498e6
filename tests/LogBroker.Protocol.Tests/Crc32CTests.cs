using System.Buffers;
using System.Text;

namespace LogBroker.Protocol.Tests;

public sealed class Crc32CTests
{
    [Fact]
    public void Vectors_of_RFC_3720_and_the_check_value()
    {
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0u, Crc32C.Compute([]));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        Assert.Equal(0x113FDB5Cu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)(31 - i)).ToArray()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(767)]
    [InlineData(768)]
    [InlineData(3 * 768 + 5)]
    [InlineData(12_287)]
    [InlineData(12_288)]
    [InlineData(12_289)]
    [InlineData(2 * 12_288 + 768 + 9)]
    public void Lanes_agree_with_the_definition_at_every_alignment(int length)
    {
        byte[] bytes = RandomBytes(length + 8, seed: length);
        for (int start = 0; start < 8; start++)
        {
            ReadOnlySpan<byte> slice = bytes.AsSpan(start, length);
            Assert.Equal(ByDefinition(slice), Crc32C.Compute(slice));
        }
    }

    [Fact]
    public void Pieces_give_the_same_as_the_whole()
    {
        byte[] bytes = RandomBytes(40_000, seed: 3);
        uint whole = Crc32C.Compute(bytes);
        var random = new Random(4);
        for (int round = 0; round < 50; round++)
        {
            int first = random.Next(bytes.Length);
            int second = random.Next(first, bytes.Length);
            uint crc = Crc32C.Append(0, bytes.AsSpan(0, first));
            crc = Crc32C.Append(crc, bytes.AsSpan(first, second - first));
            Assert.Equal(whole, Crc32C.Append(crc, bytes.AsSpan(second)));
            Assert.Equal(whole, Crc32C.Compute(Sequences.Cut(bytes, first, second)));
        }
    }

    private static byte[] RandomBytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static uint ByDefinition(ReadOnlySpan<byte> bytes)
    {
        uint state = uint.MaxValue;
        foreach (byte b in bytes)
        {
            state ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                state = (state & 1) != 0 ? (state >> 1) ^ 0x82F63B78u : state >> 1;
            }
        }

        return ~state;
    }
}
