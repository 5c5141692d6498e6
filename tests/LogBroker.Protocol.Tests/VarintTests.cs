namespace LogBroker.Protocol.Tests;

public sealed class VarintTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(-1, "01")]
    [InlineData(1, "02")]
    [InlineData(63, "7E")]
    [InlineData(-64, "7F")]
    [InlineData(64, "8001")]
    [InlineData(-65, "8101")]
    [InlineData(int.MaxValue, "FEFFFFFF0F")]
    [InlineData(int.MinValue, "FFFFFFFF0F")]
    [InlineData(long.MaxValue, "FEFFFFFFFFFFFFFFFF01")]
    [InlineData(long.MinValue, "FFFFFFFFFFFFFFFFFF01")]
    public void Golden_bytes_both_ways(long value, string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.Equal(bytes, Batches.Varint(value));
        Assert.Equal(bytes.Length, Varint.SizeOf(value));
        int at = 0;
        Assert.True(Varint.TryRead(bytes, ref at, out long read));
        Assert.Equal((value, bytes.Length), (read, at));
        at = 0;
        bool isInt = value is >= int.MinValue and <= int.MaxValue;
        Assert.Equal(isInt, Varint.TryRead(bytes, ref at, out int readInt));
        Assert.Equal(isInt ? ((int)value, bytes.Length) : (readInt, 0), (readInt, at));
    }

    [Fact]
    public void Random_numbers_of_every_size_round_trip() => Samples.Holds(Samples.Longs, value =>
    {
        for (int shift = 0; shift < 64; shift++)
        {
            byte[] bytes = Batches.Varint(value >> shift);
            int at = 0;
            if (!Varint.TryRead(bytes, ref at, out long read) || read != value >> shift || Varint.SizeOf(read) != at)
            {
                return false;
            }
        }

        return true;
    }).Check(300);

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("FFFFFFFF")]
    [InlineData("FFFFFFFF10")]
    [InlineData("FFFFFFFF8F00")]
    public void Cut_off_or_too_long_numbers_of_32_bits_are_refused_and_not_consumed(string hex)
    {
        int at = 0;
        Assert.False(Varint.TryRead(Convert.FromHexString(hex), ref at, out int _));
        Assert.Equal(0, at);
    }

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFFF02")]
    [InlineData("FFFFFFFFFFFFFFFFFFFF01")]
    public void Numbers_beyond_64_bits_are_refused(string hex)
    {
        int at = 0;
        Assert.False(Varint.TryRead(Convert.FromHexString(hex), ref at, out long _));
        Assert.Equal(0, at);
    }
}
