using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>What another thread may do in the middle of a step, played on one thread: by a clock or a disk that calls back.</summary>
public sealed class RaceTests
{
    [Fact]
    public void The_log_start_may_pass_a_reader_in_the_middle_of_its_read()
    {
        var clock = new CallingClock();
        LogWorld world = Rolled(clock);
        clock.Next = () => world.Log.AdvanceLogStart(new Offset(100));
        BrokerError? error = world.Log.Read(Offset.Zero, new Offset(1_000), 500).Error;
        Assert.Equal(ErrorCode.OffsetOutOfRange, error?.Code);
        Assert.Null(world.Log.Damage);
        Assert.Equal(100, world.ReadAll()[0].Offset);
    }

    [Fact]
    public void A_reader_that_meets_new_rows_with_an_old_segment_asks_again()
    {
        var clock = new CallingClock();
        LogWorld world = Rolled(clock);
        clock.Next = () =>
        {
            // The advance is stopped when its rows are published and its first file is about to go.
            world.Disk.Fault = (operation, _) => operation == "unlink" ? throw world.Machine.Stopped() : null;
            Assert.Throws<SimulatedCrashException>(() => world.Log.AdvanceLogStart(new Offset(100)));
            world.Disk.Fault = null;
        };
        BrokerError? error = world.Log.Read(Offset.Zero, new Offset(1_000), 500).Error;
        Assert.Equal(ErrorCode.OffsetOutOfRange, error?.Code);
        Assert.Null(world.Log.Damage);
    }

    [Fact]
    public void A_lease_that_is_being_filled_is_not_revoked()
    {
        LogWorld world = Rolled(new CallingClock());
        bool swept = false;
        world.Disk.Fault = (operation, path) =>
        {
            if (operation == "pread" && !swept)
            {
                swept = true;
                world.Log.AdvanceLogStart(new Offset(100));
                world.Env.DeletedSegments.Sweep(leaseAgeMsMax: -1_000);
            }

            return null;
        };
        Result<LogSlice> read = world.Log.Read(Offset.Zero, new Offset(1_000), 500);
        Assert.True(swept);
        Assert.Null(world.Log.Damage);
        if (read.IsOk)
        {
            Assert.NotEmpty(LogWorld.Records(read.Value));
            read.Value.Dispose();
        }
        else
        {
            Assert.Equal(ErrorCode.OffsetOutOfRange, read.Error.Code);
        }

        world.Env.DeletedSegments.Sweep();
        Assert.Equal(0, world.Env.DeletedSegments.HeldBytes);
    }

    [Fact]
    public void A_flush_turn_that_runs_out_of_files_is_tried_again_and_acknowledges_nothing()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(2));
        world.Disk.Fault = (operation, path) =>
            operation == "fsync" ? new DiskBusyException("open", path, 24, "too many open files") : null;
        world.Flush();
        Assert.Equal((0, 0), (world.FlushesSeen, world.Log.Bounds.Flushed.Value));
        Assert.Null(world.Failure.Cause);
        world.Disk.Fault = null;
        Assert.Equal(1, world.Flushes.RunTurn());
        Assert.Equal((1, 2), (world.FlushesSeen, world.Log.Bounds.Flushed.Value));
        world.Restart(LossMode.LoseUnsynced);
        Assert.Equal(2, world.Log.Bounds.End.Value);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Index_files_that_cannot_be_opened_stop_neither_flushes_nor_reads(bool isBusy)
    {
        LogWorld world = Rolled(new CallingClock(), committed: false);
        world.Disk.Fault = (operation, path) =>
            operation != "open" || path.EndsWith(".log", StringComparison.Ordinal) ? null
            : isBusy ? new DiskBusyException("open", path, 24, "too many open files")
            : new DiskFailedException("open", path, 2, "no such file");
        world.Commit();
        Assert.Equal(150, world.ReadAll().Count);
        world.Log.Dispose();
        world.Machine.Restart(LossMode.KeepAll, new Random(0));
        world.Start();
        world.Log.RaiseHighWatermark(world.Log.Bounds.End);
        Assert.Equal(150, world.ReadAll().Count);
        Assert.NotNull(world.Log.FindTimestamp(1_003, new Offset(1_000)).Value);
        Assert.Null(world.Failure.Cause);
        Assert.Null(world.Log.Damage);
    }

    [Fact]
    public void A_rebuilt_index_of_a_segment_that_went_meanwhile_leaves_no_files()
    {
        LogWorld world = Rolled(new CallingClock());
        world.Restart(LossMode.KeepAll);
        world.Log.RaiseHighWatermark(world.Log.Bounds.End);
        world.Disk.CorruptLength(LogWorld.Directory + "/00000000000000000000.index", 3);
        bool gone = false;
        world.Disk.Fault = (operation, path) =>
        {
            if (operation == "pread" && !gone && path.EndsWith("00000.log", StringComparison.Ordinal))
            {
                gone = true;
                world.Log.AdvanceLogStart(new Offset(100));
            }

            return null;
        };
        _ = world.Log.Read(new Offset(20), new Offset(1_000), 500);
        Assert.True(gone);
        const string Gone = LogWorld.Directory + "/00000000000000000000.";
        Assert.DoesNotContain(world.Disk.AllFiles, f => f.StartsWith(Gone, StringComparison.Ordinal));
    }

    [Fact]
    public void A_log_let_go_with_leases_counts_as_held_until_they_are_back()
    {
        LogWorld world = Rolled(new CallingClock());
        LogSlice lease = world.Log.Read(Offset.Zero, new Offset(1_000), 500).Value;
        world.Log.Dispose();
        Assert.True(world.Env.DeletedSegments.HeldBytes > 0);
        Assert.NotEmpty(LogWorld.Records(lease));
        lease.Dispose();
        world.Env.DeletedSegments.Sweep();
        Assert.Equal(0, world.Env.DeletedSegments.HeldBytes);
    }

    [Fact]
    public void A_checkpoint_below_the_log_start_whose_file_is_gone_is_no_damage()
    {
        LogWorld world = Rolled(new CallingClock());
        LogPosition end = world.Log.Bounds.Appended;
        world.Log.Dispose();
        world.Machine.Restart(LossMode.KeepAll, new Random(0));
        var batch = new StateBatch();
        RecoveryCheckpoint.StoreLogStart(batch, LogWorld.Id, end);
        world.State.Write(batch, sync: true);
        world.Disk.DeleteFile(world.Disk.AllFiles.Last(f => f.EndsWith(".log", StringComparison.Ordinal)));
        world.Start();
        Assert.Null(world.Opening.Damage);
        Assert.Equal(end, world.Log.Bounds.Appended);
        world.Row(2);
        world.Append(TestBatches.Of(1));
        world.Commit();
        Assert.Equal([150], world.ReadAll().Select(r => r.Offset));
    }

    private static LogWorld Rolled(CallingClock clock, bool committed = true)
    {
        var world = new LogWorld { Time = clock };
        world.Restart(LossMode.KeepAll);
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        if (committed)
        {
            world.Commit();
        }

        return world;
    }

    /// <summary>Runs something once at the next look at the clock.</summary>
    private sealed class CallingClock : TimeProvider
    {
        public Action? Next { get; set; }

        public override long GetTimestamp()
        {
            Action? next = Next;
            Next = null;
            next?.Invoke();
            return base.GetTimestamp();
        }
    }
}
