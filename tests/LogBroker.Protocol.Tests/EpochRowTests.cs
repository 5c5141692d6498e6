namespace LogBroker.Protocol.Tests;

public sealed class EpochRowTests
{
    private const string Golden =
        "0000000000000005" + "00000031" + "00000003" + "02" + "61537822" + "0020" + "FFFFFFFF"
        + "FFFFFFFFFFFFFFFF" + "FFFFFFFFFFFFFFFF" + "0000000000000005" + "FFFF" + "00000003" + "00000000";

    [Fact]
    public void A_row_has_the_golden_bytes()
    {
        var bytes = new byte[EpochRow.Bytes];
        new EpochRow(new Epoch(3), new Offset(5)).WriteTo(bytes);
        Assert.Equal(Golden, Convert.ToHexString(bytes));
    }

    [Fact]
    public void A_row_reads_back_and_takes_no_offset()
    {
        byte[] bytes = Convert.FromHexString(Golden);
        Assert.Equal(BatchFault.None, EpochRow.TryRead(bytes, out EpochRow row));
        Assert.Equal(new EpochRow(new Epoch(3), new Offset(5)), row);
        Assert.Equal(BatchFault.None, RecordBatch.TryParse(bytes, Limits.BatchBytesMax, out RecordBatch batch));
        Assert.True(batch.IsEpochRow);
        Assert.Equal(new Offset(4), batch.LastOffset);
        Assert.Equal(new Offset(5), batch.NextOffset);
        Assert.Equal(BatchFault.None, batch.Check());
    }

    [Fact]
    public void Every_flipped_bit_is_found()
    {
        byte[] golden = Convert.FromHexString(Golden);
        for (int bit = 0; bit < golden.Length * 8; bit++)
        {
            byte[] bytes = [.. golden];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(BatchFault.None, EpochRow.TryRead(bytes, out _));
        }
    }

    [Fact]
    public void A_changed_copy_outside_the_CRC_is_damage()
    {
        byte[] bytes = Convert.FromHexString(Golden);
        BatchHeader.StampBaseOffset(bytes, new Offset(6));
        Assert.Equal(BatchFault.BadHeader, EpochRow.TryRead(bytes, out _));
        Assert.Equal(BatchFault.BadHeader, new RecordBatch(bytes).CheckHeader());

        bytes = Convert.FromHexString(Golden);
        BatchHeader.StampLeaderEpoch(bytes, new Epoch(4));
        Assert.Equal(BatchFault.BadHeader, EpochRow.TryRead(bytes, out _));
    }

    [Fact]
    public void Short_bytes_are_incomplete()
    {
        byte[] bytes = Convert.FromHexString(Golden);
        Assert.Equal(BatchFault.Incomplete, EpochRow.TryRead(bytes.AsSpan(0, 60), out _));
        Assert.Equal(BatchFault.Incomplete, RecordBatch.TryParse(bytes.AsSpan(0, 60), Limits.BatchBytesMax, out _));
        Assert.Equal(BatchFault.Incomplete, RecordBatch.TryParse([], Limits.BatchBytesMax, out _));
    }
}
