using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

public sealed class RetentionTests
{
    private const long HourMs = 3_600_000;

    [Fact]
    public void Size_takes_the_oldest_segments_and_the_start_moves_to_a_segment_begin()
    {
        var config = new TopicConfig { SegmentBytesMax = 4096, IndexIntervalBytes = 256, RetentionBytes = 4_500, RetentionMs = -1 };
        LogWorld world = Filled(config);
        int dropped = world.Log.ApplyRetention(world.NowMs);
        Assert.True(dropped > 0);
        Assert.InRange(world.Log.SizeBytes, 4_500, 4_500 + 4096);
        Assert.Equal(ErrorCode.OffsetOutOfRange, world.Log.Read(Offset.Zero, new Offset(1_000), 10).Error!.Code);
        long start = world.Log.Bounds.LogStart.Value;
        Assert.Equal(start, world.ReadAll()[0].Offset);
        world.Restart(LossMode.LoseUnsynced);
        Assert.Equal(start, world.Log.Bounds.LogStart.Value);
        Assert.Equal(new Epoch(1), world.Log.Bounds.Start.Epoch);
        Assert.Equal(0, world.Log.ApplyRetention(world.NowMs));
    }

    [Fact]
    public void Time_counts_from_the_append_and_not_from_the_clients_clock()
    {
        var config = new TopicConfig { SegmentBytesMax = 4096, IndexIntervalBytes = 256, RetentionMs = HourMs };
        var world = new LogWorld(config);
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            // The clients claim a time far in the past, and far in the future.
            world.Append(TestBatches.Of(5, 40, timestampMs: i % 2 == 0 ? 1 : 99L * 365 * 24 * HourMs, fill: i));
        }

        world.Commit();
        Assert.Equal(0, world.Log.ApplyRetention(world.NowMs + HourMs));
        world.NowMs += (2 * HourMs) + 1;
        world.Append(TestBatches.Of(1));
        world.Commit();
        Assert.True(world.Log.ApplyRetention(world.NowMs) > 0);
        Assert.Equal(150, world.ReadAll()[^1].Offset);
    }

    [Fact]
    public void An_idle_partition_whose_records_all_expired_gives_up_its_open_segment_too()
    {
        LogWorld world = Filled(new TopicConfig { SegmentBytesMax = 1 << 20, RetentionMs = HourMs });
        world.NowMs += HourMs + 1;
        Assert.Equal(1, world.Log.ApplyRetention(world.NowMs));
        Assert.Equal(world.Log.Bounds.End, world.Log.Bounds.LogStart);
        Assert.Equal(EpochRow.Bytes, world.Log.SizeBytes);
        world.Append(TestBatches.Of(2));
        world.Commit();
        world.Restart(LossMode.LoseUnsynced);
        world.Log.RaiseHighWatermark(world.Log.Bounds.End);
        Assert.Equal([150, 151], world.ReadAll().Select(r => r.Offset));
    }

    [Fact]
    public void A_clock_that_went_back_deletes_nothing()
    {
        LogWorld world = Filled(new TopicConfig { SegmentBytesMax = 4096, RetentionMs = HourMs });
        Assert.Equal(0, world.Log.ApplyRetention(world.NowMs - (48 * HourMs)));
        Assert.Equal(0, world.Log.Bounds.LogStart.Value);
    }

    [Fact]
    public void Nothing_uncommitted_or_unflushed_goes()
    {
        var world = new LogWorld(new TopicConfig { SegmentBytesMax = 4096, RetentionBytes = 0 });
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        Assert.Equal(0, world.Log.ApplyRetention(world.NowMs));
        world.Flush();
        Assert.Equal(0, world.Log.ApplyRetention(world.NowMs));
        world.Log.RaiseHighWatermark(new Offset(10));
        Assert.Equal(0, world.Log.ApplyRetention(world.NowMs));
        Assert.Throws<InvariantViolationException>(() => world.Log.AdvanceLogStart(new Offset(11)));
        world.Log.RaiseHighWatermark(world.Log.Bounds.End);
        Assert.True(world.Log.ApplyRetention(world.NowMs) > 0);
    }

    [Fact]
    public void Records_are_deleted_inside_a_segment_without_a_file_going()
    {
        LogWorld world = Filled(new TopicConfig { SegmentBytesMax = 1 << 20 });
        world.Log.AdvanceLogStart(new Offset(7));
        world.Log.AdvanceLogStart(new Offset(3));
        Assert.Equal(7, world.Log.Bounds.LogStart.Value);
        Assert.Equal(ErrorCode.OffsetOutOfRange, world.Log.Read(new Offset(6), new Offset(100), 10).Error!.Code);
        using LogSlice slice = world.Log.Read(new Offset(7), new Offset(100), 1).Value;
        Assert.True(slice.BaseOffset.Value <= 7);
        world.Restart(LossMode.LoseUnsynced);
        Assert.Equal(7, world.Log.Bounds.LogStart.Value);
    }

    [Fact]
    public void A_segment_is_rolled_by_age()
    {
        LogWorld world = Filled(new TopicConfig { SegmentBytesMax = 1 << 20, SegmentAgeMsMax = HourMs });
        Assert.Equal(1, world.Log.SegmentCount);
        world.NowMs += HourMs;
        world.Append(TestBatches.Of(1));
        Assert.Equal(2, world.Log.SegmentCount);
        Assert.Equal(1, world.Disk.AllFiles.Count(f => f.EndsWith(".timeindex", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_deleted_segment_that_is_leased_counts_as_used_until_the_lease_is_too_old()
    {
        LogWorld world = Filled(new TopicConfig { SegmentBytesMax = 4096, RetentionBytes = 5_000 });
        LogSlice lease = world.Log.Read(Offset.Zero, new Offset(1_000), 600).Value;
        Assert.True(world.Log.ApplyRetention(world.NowMs) > 0);
        Assert.True(world.Env.DeletedSegments.HeldBytes > 0);
        Assert.NotEmpty(LogWorld.Records(lease));
        world.Env.DeletedSegments.Sweep();
        Assert.True(world.Env.DeletedSegments.HeldBytes > 0);
        world.Env.DeletedSegments.Sweep(leaseAgeMsMax: -1);
        world.Env.DeletedSegments.Sweep();
        Assert.Equal(0, world.Env.DeletedSegments.HeldBytes);
        Assert.Throws<DiskReadException>(() => lease.CopyTo(0, new byte[10]));
        lease.Dispose();
    }

    private static LogWorld Filled(TopicConfig config)
    {
        var world = new LogWorld(config);
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        world.Commit();
        return world;
    }
}
