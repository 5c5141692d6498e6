using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

public sealed class PartitionLogTests
{
    [Fact]
    public void Records_appended_flushed_and_committed_are_read_with_dense_offsets()
    {
        var world = new LogWorld();
        world.Row(1);
        Assert.Equal(0, world.Append(TestBatches.Of(3), TestBatches.Of(2)).Value);
        Assert.Equal(5, world.Append(TestBatches.Of(1)).Value);
        Assert.Equal(0, world.Log.Bounds.Flushed.Value);
        world.Commit();
        Assert.Equal(new LogPosition(new Epoch(1), new Offset(6)), world.Log.Bounds.Durable);
        Assert.Equal([0, 1, 2, 3, 4, 5], world.ReadAll().Select(r => r.Offset));
    }

    [Fact]
    public void A_slice_ends_in_front_of_a_row_and_the_next_begins_behind_it()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(2));
        world.Row(2);
        world.Row(3);
        world.Append(TestBatches.Of(2));
        world.Commit();
        using LogSlice first = world.Log.Read(Offset.Zero, new Offset(100), 10_000).Value;
        using LogSlice second = world.Log.Read(first.NextOffset, new Offset(100), 10_000).Value;
        Assert.Equal((0, 2), (first.BaseOffset.Value, first.NextOffset.Value));
        Assert.Equal((2, 4), (second.BaseOffset.Value, second.NextOffset.Value));
        Assert.All(LogWorld.Records(second), r => Assert.Equal(3, r.Epoch));
    }

    [Fact]
    public void A_read_gives_whole_batches_within_the_bytes_but_at_least_one_and_never_past_the_high_watermark()
    {
        var world = new LogWorld();
        world.Row(1);
        byte[] batch = TestBatches.Of(4, valueBytes: 50);
        world.Append(batch, TestBatches.Of(4, 50), TestBatches.Of(4, 50));
        world.Commit();
        world.Append(TestBatches.Of(4, 50));
        Assert.Equal(batch.Length, Length(world, 0, 1));
        Assert.Equal(batch.Length, Length(world, 1, (2 * batch.Length) - 1));
        Assert.Equal(2 * batch.Length, Length(world, 3, 2 * batch.Length));
        Assert.Equal(3 * batch.Length, Length(world, 0, 100_000));
        Assert.Equal(0, Length(world, 12, 100_000));
        Assert.Equal(ErrorCode.OffsetOutOfRange, world.Log.Read(new Offset(17), new Offset(100), 10).Error!.Code);
        Assert.Equal(ErrorCode.OffsetOutOfRange, world.Log.Read(new Offset(-5), new Offset(100), 10).Error!.Code);
    }

    [Fact]
    public void Segments_are_rolled_by_bytes_and_each_later_one_begins_with_a_restated_row()
    {
        var world = new LogWorld();
        world.Row(1);
        for (int i = 0; i < 40; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        world.Commit();
        Assert.True(world.Log.SegmentCount >= 3);
        Assert.Equal(200, world.ReadAll().Count);
        foreach (string path in world.Disk.AllFiles.Where(f => f.EndsWith(".log", StringComparison.Ordinal)).Skip(1))
        {
            Assert.Equal(BatchFault.None, EpochRow.TryRead(world.Disk.ReadAll(path), out EpochRow row));
            Assert.Equal(new Epoch(1), row.Epoch);
            Assert.Contains(row.Start.ToString(), path, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(LossMode.KeepAll)]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public void What_was_flushed_is_there_after_a_crash(LossMode mode)
    {
        var world = new LogWorld();
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        world.Commit();
        List<(long, int, byte[])> before = world.ReadAll();
        world.Append(TestBatches.Of(5, 40, fill: 99));
        world.Restart(mode);
        Assert.Null(world.Opening.Damage);
        Assert.True(world.Log.Bounds.End.Value is 150 or 155);
        world.Log.RaiseHighWatermark(new Offset(150));
        Assert.Equal(before, world.ReadAll(), new RecordComparer());
        world.Row(2);
        world.Append(TestBatches.Of(1));
        world.Commit();
    }

    [Fact]
    public void After_an_orderly_close_nothing_is_scanned()
    {
        var world = new LogWorld();
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        world.Log.Close();
        world.Restart(LossMode.LoseUnsynced);
        Assert.Equal(0, world.Opening.Report.ScannedBytes);
        Assert.Equal(150, world.Log.Bounds.End.Value);
        world.Log.RaiseHighWatermark(new Offset(150));
        Assert.Equal(150, world.ReadAll().Count);
        world.Row(2);
        world.Append(TestBatches.Of(5, 40));
        world.Commit();
        Assert.Equal(155, world.ReadAll().Count);
    }

    [Theory]
    [InlineData(LossMode.KeepAll)]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public void After_a_crash_only_the_open_segment_is_scanned_however_many_are_closed(LossMode mode)
    {
        foreach (int batches in new[] { 60, 240 })
        {
            var world = new LogWorld();
            world.Row(1);
            for (int i = 0; i < batches; i++)
            {
                world.Append(TestBatches.Of(5, 40, fill: i));
                world.Flush();
            }

            world.Log.RaiseHighWatermark(world.Log.Bounds.Flushed);
            Assert.True(world.Log.SegmentCount > batches / 15, $"{world.Log.SegmentCount} segments");
            world.Append(TestBatches.Of(1, 40, fill: -1));
            string open = world.Disk.AllFiles.Last(f => f.EndsWith(".log", StringComparison.Ordinal));
            int openBytes = world.Disk.ReadAll(open).Length;
            world.Restart(mode);
            Assert.Null(world.Opening.Damage);
            Assert.InRange(world.Opening.Report.ScannedBytes, 0, Math.Min(openBytes, world.Config.SegmentBytesMax));
            Assert.InRange(world.Log.Bounds.End.Value, 5 * batches, (5 * batches) + 1);
            world.Log.RaiseHighWatermark(new Offset(5 * batches));
            Assert.Equal(5 * batches, world.ReadAll().Count);
        }
    }

    private static int Length(LogWorld world, long from, int bytesMax)
    {
        using LogSlice slice = world.Log.Read(new Offset(from), new Offset(1_000), bytesMax).Value;
        return slice.Length;
    }
}

internal sealed class RecordComparer : IEqualityComparer<(long Offset, int Epoch, byte[] Value)>
{
    public bool Equals((long Offset, int Epoch, byte[] Value) x, (long Offset, int Epoch, byte[] Value) y) =>
        x.Offset == y.Offset && x.Epoch == y.Epoch && x.Value.AsSpan().SequenceEqual(y.Value);

    public int GetHashCode((long Offset, int Epoch, byte[] Value) obj) => obj.Offset.GetHashCode();
}
