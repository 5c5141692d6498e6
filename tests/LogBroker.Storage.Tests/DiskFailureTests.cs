using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Rows 9, 10 and 11 of the fault table: failed syncs and writes, and a full disk.</summary>
public sealed class DiskFailureTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(28)]
    [InlineData(30)]
    [InlineData(22)]
    public void Row09_a_failed_fsync_ends_the_process_and_nothing_is_acknowledged_after_it(int errno)
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(1));
        world.Commit();
        world.Append(TestBatches.Of(1));
        int asked = 0;
        world.Disk.Fault = (operation, path) => operation == "fdatasync" && ++asked == 1
            ? new DiskFailedException(operation, path, errno, "test")
            : null;
        Assert.Throws<DiskFailedException>(world.Flush);
        Assert.NotNull(world.Failure.Cause);
        Assert.Equal(1, world.FlushesSeen);
        world.Flushes.Request(world.Log);
        Assert.Equal(0, world.Flushes.RunTurn());
        Assert.Equal(1, asked);
        Assert.Equal((1, 1), (world.FlushesSeen, world.Log.Bounds.Flushed.Value));
    }

    [Fact]
    public void Row09_after_a_failed_fsync_the_next_start_writes_the_doubtful_bytes_again()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(1));
        world.Commit();
        world.Append(TestBatches.Of(2));
        world.Disk.Fault = (operation, path) => operation == "fdatasync" ? new DiskFailedException(operation, path, 5, "test") : null;
        Assert.Throws<DiskFailedException>(world.Flush);
        world.Disk.Fault = null;

        // The page cache shows the batch and takes it for clean: a plain sync would not write it.
        world.Restart(LossMode.KeepAll);
        Assert.True(world.Opening.Report.RewrittenBytes > 0);
        Assert.Equal(3, world.Log.Bounds.Flushed.Value);
        world.Restart(LossMode.LoseUnsynced);
        Assert.Equal(3, world.Log.Bounds.End.Value);
    }

    [Fact]
    public void A_failed_write_ends_the_process_and_nothing_is_taken_after_it()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Disk.Fault = (operation, path) => operation == "pwrite" ? new DiskFailedException(operation, path, 5, "test") : null;
        Assert.Throws<DiskFailedException>(() => world.TryAppend(TestBatches.Of(1)));
        Assert.NotNull(world.Failure.Cause);
        world.Disk.Fault = null;
        Assert.Throws<InvariantViolationException>(() => world.TryAppend(TestBatches.Of(1)));
    }

    [Fact]
    public void A_failed_state_write_ends_the_process_before_the_turn_is_acknowledged()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(1));
        world.State.Fault = () => new DiskFailedException("write", "state", 5, "test");
        Assert.Throws<DiskFailedException>(world.Flush);
        Assert.NotNull(world.Failure.Cause);
        Assert.Equal(0, world.FlushesSeen);
    }

    [Fact]
    public void Row11_a_full_disk_refuses_writes_keeps_reads_and_resumes_by_itself()
    {
        var world = new LogWorld(new TopicConfig { SegmentBytesMax = 16 * 1024, RetentionBytes = 20_000 });
        world.Disk.TotalBytes = 80 * 1024;
        world.Row(1);
        AppendOutcome outcome;
        long accepted = 0;
        while ((outcome = world.TryAppend(TestBatches.Of(10, 90, fill: (int)accepted), TestBatches.Of(3, 90))).Error is null)
        {
            accepted += 13;
        }

        accepted += outcome.Count == 1 ? 10 : 0;
        Assert.Equal(ErrorCode.DiskFull, outcome.Error.Code);
        world.Commit();
        Assert.Equal(accepted, world.Log.Bounds.End.Value);
        Assert.Equal(accepted, world.ReadAll().Count);
        Assert.Null(world.Failure.Cause);

        // What was refused is not there after a crash either.
        world.Restart(LossMode.KeepAll);
        Assert.Equal(accepted, world.Log.Bounds.End.Value);
        Assert.Null(world.Opening.Report.Cut);
        world.Log.RaiseHighWatermark(world.Log.Bounds.End);
        Assert.True(world.Log.ApplyRetention(world.NowMs) > 0);
        Assert.Null(world.TryAppend(TestBatches.Of(10, 90)).Error);
    }

    [Fact]
    public void Row11_a_refused_group_is_never_found_again()
    {
        for (int room = 0; room < 9; room++)
        {
            var world = new LogWorld(new TopicConfig { SegmentBytesMax = 1024 * 1024 });
            world.Row(1);
            world.Append(TestBatches.Of(1, 10));
            world.Commit();
            world.Disk.TotalBytes = 4096 * (1 + room);

            // The second group has room for some of its batches on the disk: all of them are refused.
            byte[][] group = [.. Enumerable.Range(0, 20).Select(i => TestBatches.Of(1, 2_000, fill: i))];
            AppendOutcome outcome = world.TryAppend(group);
            Assert.Equal((0, ErrorCode.DiskFull), (outcome.Count, outcome.Error!.Code));
            foreach (LossMode mode in Enum.GetValues<LossMode>())
            {
                world.Restart(mode, room);
                Assert.Equal(1, world.Log.Bounds.End.Value);
                Assert.Null(world.Opening.Damage);
            }
        }
    }

    [Fact]
    public void Headroom_is_kept_for_rows_and_the_brokers_own_partitions()
    {
        var machine = new SimMachine();
        var disk = new SimDisk(machine) { TotalBytes = 1024 * 1024 };
        var guard = new DiskSpaceGuard(disk, "/", headroomBytes: 512 * 1024);
        Assert.True(guard.TryTake(100 * 1024));
        Assert.False(guard.TryTake(600 * 1024));
        Assert.True(guard.IsFull);
        Assert.True(guard.TryTake(100 * 1024));
        Assert.False(guard.IsFull);
        Assert.Equal(2L << 20, new DiskSpaceGuard(disk, "/").HeadroomBytes(8L << 20));
        Assert.Equal(1L << 30, new DiskSpaceGuard(disk, "/").HeadroomBytes(1L << 40));
    }

    [Fact]
    public void Running_out_of_files_is_busy_and_not_the_end()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(10, 300));
        world.Disk.Fault = (operation, path) => operation == "open" ? new DiskBusyException("open", path, 24, "too many open files") : null;
        AppendOutcome outcome = world.TryAppend(TestBatches.Of(10, 300));
        Assert.Equal(ErrorCode.Busy, outcome.Error!.Code);
        world.Disk.Fault = null;
        Assert.Null(world.TryAppend(TestBatches.Of(10, 300)).Error);
        Assert.Null(world.Failure.Cause);
    }
}
