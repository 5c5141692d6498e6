using System.Buffers.Binary;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Storage.Tests;

/// <summary>The map of a compaction: keys as hashes, and the last offset of each.</summary>
public sealed class KeyOffsetsTests
{
    [Theory]
    [InlineData(0, "A3817F04BA25A8E66DF67214C7550293")]
    [InlineData(1, "DA87C1D86B99AF44347659119B22FC45")]
    public void The_hash_is_SipHash_with_128_bits(int bytes, string expected)
    {
        byte[] numbers = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        (ulong low, ulong high) = new KeyHash(numbers).Of(numbers.AsSpan(0, bytes));
        var hash = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(hash, low);
        BinaryPrimitives.WriteUInt64LittleEndian(hash.AsSpan(8), high);
        Assert.Equal(expected, Convert.ToHexString(hash));
    }

    [Fact]
    public void It_holds_nine_tenths_of_its_entries_and_goes_on_noting_the_keys_it_has()
    {
        var map = new KeyOffsets(1_000 * KeyOffsets.EntryBytes, new KeyHash());
        int taken = 0;
        while (map.TryPut(Key(taken), new Offset(taken)))
        {
            taken++;
        }

        Assert.Equal((900, 900), (taken, map.Count));
        Assert.True(map.TryPut(Key(5), new Offset(5_000)));
        Assert.True(map.TryPut(Key(6), new Offset(2)));
        Assert.Equal(new Offset(5_000), map.Find(Key(5)));
        Assert.Equal(new Offset(6), map.Find(Key(6)));
        Assert.Equal(Offset.None, map.Find(Key(900)));
        Assert.All(Enumerable.Range(7, 800), i => Assert.Equal(new Offset(i), map.Find(Key(i))));
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key {number}");
}
