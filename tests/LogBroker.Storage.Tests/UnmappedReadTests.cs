using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Logs on a disk whose files cannot be mapped: every byte comes by reading, and is the same.</summary>
public sealed class UnmappedReadTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(700)]
    [InlineData(100_000)]
    public void A_log_of_several_segments_reads_the_same_without_mappings(int bytesMax)
    {
        LogWorld mapped = Filled(canMap: true);
        LogWorld unmapped = Filled(canMap: false);
        Assert.True(mapped.Log.SegmentCount >= 4);
        Assert.Equal(mapped.Log.SegmentCount, unmapped.Log.SegmentCount);
        List<(long Offset, int Epoch, byte[] Value)> expected = mapped.ReadAll(bytesMax);
        Assert.Equal(250, expected.Count);
        Assert.Equal(expected, unmapped.ReadAll(bytesMax), new RecordComparer());
        Assert.True(mapped.Disk.Maps >= mapped.Log.SegmentCount);
        Assert.Equal(0, unmapped.Disk.Maps);

        // Recovered segments, which nothing has verified yet, too.
        mapped.Restart(LossMode.LoseUnsynced);
        unmapped.Restart(LossMode.LoseUnsynced);
        mapped.Log.RaiseHighWatermark(new Offset(250));
        unmapped.Log.RaiseHighWatermark(new Offset(250));
        Assert.Equal(expected, mapped.ReadAll(bytesMax), new RecordComparer());
        Assert.Equal(expected, unmapped.ReadAll(bytesMax), new RecordComparer());
        Assert.Equal(0, unmapped.Disk.Maps);
    }

    [Fact]
    public void A_slice_is_read_in_pieces_at_any_place()
    {
        using LogSlice mapped = Filled(canMap: true).Log.Read(Offset.Zero, new Offset(250), 2_000).Value;
        using LogSlice unmapped = Filled(canMap: false).Log.Read(Offset.Zero, new Offset(250), 2_000).Value;
        Assert.Equal(mapped.Length, unmapped.Length);
        var expected = new byte[mapped.Length];
        mapped.CopyTo(0, expected);
        for (int at = 0; at < expected.Length; at += 97)
        {
            var piece = new byte[Math.Min(131, expected.Length - at)];
            unmapped.CopyTo(at, piece);
            Assert.Equal(expected[at..(at + piece.Length)], piece);
        }
    }

    [Fact]
    public void Damage_is_found_before_it_is_served()
    {
        LogWorld world = Filled(canMap: false);
        world.Restart(LossMode.LoseUnsynced);
        world.Log.RaiseHighWatermark(new Offset(250));
        string first = world.Disk.AllFiles.First(f => f.EndsWith(".log", StringComparison.Ordinal));
        world.Disk.Corrupt(first, b => b[150] ^= 16);
        Assert.Equal(ErrorCode.PartitionQuarantined, world.Log.Read(Offset.Zero, new Offset(250), 700).Error?.Code);
        Assert.Equal(0, world.Disk.Maps);
    }

    private static LogWorld Filled(bool canMap)
    {
        var world = new LogWorld();
        world.Disk.CanMap = canMap;
        world.Row(1);
        for (int i = 0; i < 50; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        world.Commit();
        return world;
    }
}
