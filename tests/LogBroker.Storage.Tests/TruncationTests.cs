using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>R17 and R26 at the log: which items a cut keeps, with the regression scripts that concern files.</summary>
public sealed class TruncationTests
{
    [Fact]
    public void S9_rows_that_start_at_the_cut_and_are_not_of_a_higher_epoch_stay()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(1));
        world.Flush();
        world.Log.Truncate(new Epoch(1), Offset.Zero);
        Assert.Equal(new LogPosition(new Epoch(1), Offset.Zero), world.Log.Bounds.Appended);
        Assert.True(world.Log.Epochs.Has(new Epoch(1)));
    }

    [Fact]
    public void S10_a_row_of_a_higher_epoch_goes_even_if_it_starts_at_the_cut()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Flush();
        world.Log.Truncate(Epoch.None, Offset.Zero);
        Assert.Equal(LogPosition.Zero, world.Log.Bounds.Appended);
        Assert.True(world.Log.Epochs.Rows.IsEmpty);
        world.Restart(LossMode.KeepAll);
        Assert.Equal(LogPosition.Zero, world.Log.Bounds.Appended);
    }

    /// <summary>
    /// A bit had flipped in what a cut keeps, and the process ended itself over it (found by the simulator, compaction seed 1106).
    /// </summary>
    [Fact]
    public void Damage_in_front_of_a_cut_quarantines_the_partition_and_nothing_is_cut()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(3));
        world.Append(TestBatches.Of(3));
        world.Flush();
        string file = world.Disk.AllFiles.Single(f => f.EndsWith(".log", StringComparison.Ordinal));
        world.Disk.Corrupt(file, b => b[EpochRow.Bytes + 70] ^= 1);
        byte[] before = world.Disk.ReadAll(file);
        Assert.False(world.Log.Truncate(new Epoch(1), new Offset(3)));
        Assert.Equal(EpochRow.Bytes, world.Log.Damage?.Position);
        Assert.Equal(before, world.Disk.ReadAll(file));
    }

    [Theory]
    [InlineData(LossMode.KeepAll)]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public void S11_what_was_cut_does_not_come_back_behind_new_items(LossMode mode)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var world = new LogWorld();
            world.Row(1);
            world.Append(TestBatches.Of(1));
            world.Flush();
            world.Log.Truncate(Epoch.None, Offset.Zero);
            world.Row(2);
            world.Restart(mode, seed);
            Assert.Null(world.Opening.Damage);
            Assert.Equal(0, world.Log.Bounds.End.Value);
            Assert.False(world.Log.Epochs.Has(new Epoch(1)));
        }
    }

    [Fact]
    public void A_cut_below_the_checkpoint_lowers_it_first_so_that_recovery_finds_no_damage()
    {
        var world = new LogWorld();
        world.Row(1);
        for (int i = 0; i < 40; i++)
        {
            world.Append(TestBatches.Of(5, 40, fill: i));
        }

        world.Row(2);
        world.Append(TestBatches.Of(2));
        world.Flush();
        int segments = world.Log.SegmentCount;
        world.Log.Truncate(new Epoch(1), new Offset(45));
        Assert.Equal(new LogPosition(new Epoch(1), new Offset(45)), world.Log.Bounds.Appended);
        Assert.Equal(world.Log.Bounds.Appended, world.Log.Bounds.Durable);
        Assert.True(world.Log.SegmentCount < segments);
        world.Restart(LossMode.LoseUnsynced);
        Assert.Null(world.Opening.Damage);
        Assert.Equal(45, world.Log.Bounds.End.Value);
        world.Row(3);
        world.Append(TestBatches.Of(3, 40, fill: 77));
        world.Commit();
        Assert.Equal(48, world.ReadAll().Count);
    }

    [Fact]
    public void A_flush_that_began_before_a_cut_proves_nothing_after_it()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(5));
        FlushMark? late = null;
        world.Log.FlushListener = new Catch(m => late = m);
        world.Flushes.Request(world.Log);
        world.Flushes.RunTurn();
        world.Log.Truncate(new Epoch(1), Offset.Zero);
        world.Row(2);
        Assert.False(world.Log.CompleteFlush(late!.Value));
        Assert.Equal(new LogPosition(Epoch.None, Offset.Zero), world.Log.Bounds.Durable);
    }

    [Fact]
    public void A_cut_below_the_high_watermark_is_a_breach()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(5));
        world.Commit();
        Assert.Throws<InvariantViolationException>(() => world.Log.Truncate(Epoch.None, Offset.Zero));
    }

    [Fact]
    public void A_lease_over_cut_bytes_stays_readable()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(4, 30), TestBatches.Of(4, 30));
        world.Commit();
        using LogSlice lease = world.Log.Read(Offset.Zero, new Offset(100), 10_000).Value;
        world.Append(TestBatches.Of(9, 30));
        world.Log.Truncate(new Epoch(1), new Offset(8));
        world.Append(TestBatches.Of(1, 7));
        Assert.Equal(8, LogWorld.Records(lease).Count);
        world.Commit();
        Assert.Equal(9, world.ReadAll().Count);
        Assert.True(world.Env.DeletedSegments.HeldBytes > 0);
        lease.Dispose();
        world.Env.DeletedSegments.Sweep();
        Assert.Equal(0, world.Env.DeletedSegments.HeldBytes);
    }

    [Fact]
    public void S17_S18_a_reset_begins_at_the_leaders_log_start_with_a_restated_row()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(3));
        world.Flush();
        var start = new LogPosition(new Epoch(4), new Offset(100));
        world.Log.Reset(start);
        Assert.Equal((start, start), (world.Log.Bounds.Appended, world.Log.Bounds.Durable));
        world.Restart(LossMode.LoseUnsynced);
        Assert.Equal(start, world.Log.Bounds.Appended);
        Assert.Equal(100, world.Log.Bounds.LogStart.Value);
        world.Row(5);
        world.Append(TestBatches.Of(2));
        world.Commit();
        world.Restart(LossMode.LoseUnsynced);
        Assert.Equal(new LogPosition(new Epoch(5), new Offset(102)), world.Log.Bounds.Appended);
        Assert.Equal(new EpochRow(new Epoch(4), new Offset(100)), world.Log.Epochs.Rows[0]);
    }

    [Fact]
    public void Reset_may_crash_at_every_operation()
    {
        for (int at = 1; at < 30; at++)
        {
            var world = new LogWorld();
            world.Row(1);
            world.Append(TestBatches.Of(3));
            world.Flush();
            var start = new LogPosition(new Epoch(4), new Offset(100));
            world.Machine.CrashAt = world.Machine.Operations + at;
            try
            {
                world.Log.Reset(start);
                Assert.True(at > 4);
                return;
            }
            catch (SimulatedCrashException)
            {
                world.Restart(LossMode.Reordered, at);
                Assert.Null(world.Opening.Damage);
                LogPosition found = world.Log.Bounds.Appended;
                Assert.True(found == start || found <= new LogPosition(new Epoch(1), new Offset(3)), found.ToString());
            }
        }
    }

    private sealed class Catch(Action<FlushMark> take) : IFlushListener
    {
        public void Flushed(PartitionLog log, FlushMark mark) => take(mark);
    }
}
