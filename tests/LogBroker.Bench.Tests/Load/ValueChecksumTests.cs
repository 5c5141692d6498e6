using LogBroker.Bench.Load;

namespace LogBroker.Bench.Tests.Load;

public sealed class ValueChecksumTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(100)]
    [InlineData(1024)]
    [InlineData(1027)]
    public void What_the_generator_knows_beforehand_is_the_hash_of_the_whole_value(int valueBytes)
    {
        var source = new ValueSource(valueBytes, producer: 3);
        for (int i = 0; i < 3_000; i++)
        {
            byte[] value = source.Next(1_000_000 + i);
            Assert.Equal(ValueChecksum.Of(value), source.LastHash);
            Assert.Equal(1_000_000 + i, ValueSource.IntendedTicks(value));
        }
    }

    [Fact]
    public void Every_byte_counts()
    {
        byte[] value = new ValueSource(100, 0).Next(1);
        ulong hash = ValueChecksum.Of(value);
        for (int i = 0; i < value.Length; i++)
        {
            value[i] ^= 1;
            Assert.NotEqual(hash, ValueChecksum.Of(value));
            value[i] ^= 1;
        }
    }

    [Fact]
    public void Values_of_different_records_and_producers_differ()
    {
        ValueSource[] sources = [new(1024, 0), new(1024, 1)];
        ulong[] hashes = [.. sources.SelectMany(s => Enumerable.Range(0, 1_000).Select(_ => ValueChecksum.Of(s.Next(7))))];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Fact]
    public void Half_of_the_body_is_random()
    {
        byte[] value = new ValueSource(1024, 0).Next(1);
        Assert.Equal(504, value[ValueChecksum.HeadBytes..].Count(b => b == 'v'), tolerance: 20.0);
    }

    [Fact]
    public void A_value_without_room_for_its_head_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ValueChecksum.Of(new byte[15]));
}
