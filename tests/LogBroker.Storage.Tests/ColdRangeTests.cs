using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

public sealed class ColdRangeTests
{
    [Fact]
    public void A_closed_segment_that_nobody_has_read_counts_as_cold_until_a_reader_has_passed()
    {
        var world = new LogWorld();
        world.Row(1);
        for (int i = 0; i < 20; i++)
        {
            world.Append(TestBatches.Of(4, valueBytes: 100));
        }

        world.Commit();
        Assert.True(world.Log.SegmentCount > 1);
        Assert.True(world.Log.IsProbablyCold(Offset.Zero, 1000));
        using LogSlice slice = world.Log.Read(Offset.Zero, new Offset(long.MaxValue), 1).Value;
        Assert.False(world.Log.IsProbablyCold(slice.NextOffset, 1000));
    }

    [Fact]
    public void The_open_segment_in_memory_and_the_end_of_the_log_are_not_cold()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(2));
        world.Commit();
        Assert.False(world.Log.IsProbablyCold(Offset.Zero, 1000));
        Assert.False(world.Log.IsProbablyCold(world.Log.Bounds.HighWatermark, 1000));
    }

    [Fact]
    public void What_was_just_written_is_resident_on_a_real_disk_and_hints_change_nothing()
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("logbroker-cold-").FullName;
        try
        {
            using IDiskFile file = new OsDisk().Open(Path.Combine(directory, "a"), DiskAccess.CreateNew);
            byte[] bytes = new byte[3 * 1024 * 1024];
            new Random(3).NextBytes(bytes);
            file.Write(0, bytes);
            file.WillNeed(0, bytes.Length);
            file.WillNeed(bytes.Length - 10, 1 << 20);
            using IDiskMapping? mapping = file.Map(bytes.Length);
            Assert.True(mapping is null || mapping.IsResident(0, bytes.Length));
            Assert.True(mapping is null || mapping.IsResident(bytes.Length - 1, 1 << 20));
            byte[] read = new byte[bytes.Length];
            Assert.Equal(read.Length, file.Read(0, read));
            Assert.Equal(bytes, read);
        }
        finally
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
    }
}
