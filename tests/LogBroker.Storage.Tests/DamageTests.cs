using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Rows 6, 12, 13, 14 and 15 of the fault table: torn ends, bit flips, missing files, stale chunks.</summary>
public sealed class DamageTests
{
    private const string FirstLog = LogWorld.Directory + "/00000000000000000000.log";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Row06_an_end_torn_at_any_byte_is_cut_exactly(bool byZeros)
    {
        byte[][] last = [TestBatches.Of(2, 20), TestBatches.Of(1, 33), TestBatches.Of(3, 5)];
        int whole = last.Sum(b => b.Length);
        for (int left = 0; left <= whole; left++)
        {
            var world = new LogWorld();
            world.Row(1);
            world.Append(TestBatches.Of(4));
            world.Commit();
            int start = End(world, FirstLog);
            world.Append(last);
            world.Log.Dispose();
            world.Machine.Restart(LossMode.KeepAll, new Random(0));
            if (byZeros)
            {
                world.Disk.Corrupt(FirstLog, b => b.AsSpan(start + left).Clear());
            }
            else
            {
                world.Disk.CorruptLength(FirstLog, start + left);
            }

            world.Start();
            int batches = 0;
            int behind = last[0].Length;
            while (batches < 3 && IsWhole(last, behind, left, byZeros))
            {
                batches++;
                behind += batches < 3 ? last[batches].Length : 0;
            }

            long due = 4 + last.Take(batches).Sum(b => new RecordBatch(b).RecordsCount);
            Assert.Null(world.Opening.Damage);
            Assert.Equal(due, world.Log.Bounds.End.Value);
            Assert.Empty(world.Opening.Report.CutFiles);
            world.Log.RaiseHighWatermark(world.Log.Bounds.End);
            Assert.Equal(due, world.ReadAll().Count);
        }
    }

    [Fact]
    public void Row13_a_bit_flipped_anywhere_below_the_checkpoint_quarantines_the_partition()
    {
        var template = new LogWorld();
        template.Row(1);
        template.Append(TestBatches.Of(2, 7), TestBatches.Of(1, 9));
        template.Row(2);
        template.Append(TestBatches.Of(1, 3));
        template.Commit();
        int end = End(template, FirstLog);
        for (int at = 0; at < end; at++)
        {
            var world = new LogWorld();
            world.Row(1);
            world.Append(TestBatches.Of(2, 7), TestBatches.Of(1, 9));
            world.Row(2);
            world.Append(TestBatches.Of(1, 3));
            world.Commit();
            world.Log.Dispose();
            world.Machine.Restart(LossMode.KeepAll, new Random(0));
            byte[] before = world.Disk.ReadAll(FirstLog);
            world.Disk.Corrupt(FirstLog, b => b[at] ^= (byte)(1 << (at % 8)));
            world.Start();
            Assert.True(world.Opening.Log is null && world.Opening.Damage!.File == FirstLog, $"a flip at byte {at} was not noticed");
            Assert.Equal(before.Length, world.Disk.ReadAll(FirstLog).Length);
        }
    }

    [Fact]
    public void Row13_a_flip_above_the_checkpoint_cuts_and_keeps_the_bytes_when_valid_batches_stand_behind()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(4));
        world.Commit();
        int start = End(world, FirstLog);
        byte[] second = TestBatches.Of(2, 100);
        world.Append(second, TestBatches.Of(1, 50));
        world.Log.Dispose();
        world.Machine.Restart(LossMode.KeepAll, new Random(0));
        byte[] damaged = [];
        world.Disk.Corrupt(FirstLog, b =>
        {
            b[start + 80] ^= 1;
            damaged = [.. b];
        });
        world.Start();
        Assert.Equal(4, world.Log.Bounds.End.Value);
        Assert.Equal(start, world.Opening.Report.Cut!.Position);
        string kept = Assert.Single(world.Opening.Report.CutFiles);
        byte[] bytes = world.Disk.ReadAll(kept);
        Assert.True(bytes.AsSpan().SequenceEqual(damaged.AsSpan(start, bytes.Length)));
        Assert.True(bytes.Length > second.Length);
    }

    [Fact]
    public void Row13_a_flip_in_a_closed_segment_is_never_served()
    {
        string path = ClosedSegment(Rolled());
        int length = Rolled().Disk.ReadAll(path).Length;
        List<(long, int, byte[])> due = Rolled().ReadAll();
        for (int at = 0; at < length; at += 3)
        {
            LogWorld world = Rolled();
            world.Log.Dispose();
            world.Machine.Restart(LossMode.KeepAll, new Random(0));
            world.Disk.Corrupt(path, b => b[at] ^= (byte)(1 << (at % 8)));
            world.Start();
            PartitionLog? log = world.Opening.Log;
            if (log is null)
            {
                continue;
            }

            log.RaiseHighWatermark(log.Bounds.End);
            if (at < EpochRow.Bytes && ReadUntilError(log) is null)
            {
                // The restated row is served to nobody.
                Assert.Equal(due, world.ReadAll(), new RecordComparer());
                continue;
            }

            BrokerError? error = ReadUntilError(log);
            Assert.True(error?.Code == ErrorCode.PartitionQuarantined && log.Damage!.File == path, $"a flip at byte {at} was served");
            Assert.Equal(ErrorCode.PartitionQuarantined, world.TryAppend(TestBatches.Of(1)).Error!.Code);
        }
    }

    [Fact]
    public void Row12_a_read_error_quarantines_and_the_bytes_are_not_guessed()
    {
        LogWorld world = Rolled();
        world.Restart(LossMode.KeepAll);
        string path = ClosedSegment(world);
        world.Disk.Fault = (operation, at) =>
            operation == "pread" && at == path ? new DiskReadException("pread", at, 5, "input/output error") : null;
        world.Log.RaiseHighWatermark(world.Log.Bounds.End);
        Assert.Equal(ErrorCode.PartitionQuarantined, ReadUntilError(world.Log)!.Code);
        Assert.Null(world.Failure.Cause);
    }

    [Fact]
    public void Row14_a_missing_or_short_segment_quarantines_the_partition_and_is_named()
    {
        foreach (int kind in (int[])[0, 1, 2])
        {
            LogWorld world = Rolled();
            string path = ClosedSegment(world);
            world.Log.Dispose();
            world.Machine.Restart(LossMode.KeepAll, new Random(0));
            int length = world.Disk.ReadAll(path).Length;
            if (kind == 0)
            {
                world.Disk.DeleteFile(path);
            }
            else
            {
                world.Disk.CorruptLength(path, kind == 1 ? 0 : length - 1);
            }

            world.Start();
            Assert.Null(world.Opening.Log);
            Assert.Equal(path, world.Opening.Damage!.File);
        }
    }

    [Fact]
    public void Row14_a_missing_or_short_tail_quarantines_the_partition()
    {
        foreach (bool missing in (bool[])[true, false])
        {
            LogWorld world = Rolled();
            string path = world.Disk.AllFiles.Last(f => f.EndsWith(".log", StringComparison.Ordinal));
            world.Log.Dispose();
            world.Machine.Restart(LossMode.KeepAll, new Random(0));
            if (missing)
            {
                world.Disk.DeleteFile(path);
            }
            else
            {
                world.Disk.CorruptLength(path, 0);
            }

            world.Start();
            Assert.Equal(path, world.Opening.Damage?.File);
        }
    }

    [Theory]
    [InlineData(".index")]
    [InlineData(".timeindex")]
    public void Row14_index_files_missing_empty_or_wrong_are_rebuilt(string suffix)
    {
        foreach (int kind in (int[])[0, 1, 2, 3])
        {
            LogWorld world = Rolled();
            List<(long, int, byte[])> before = world.ReadAll();
            string path = ClosedSegment(world).Replace(".log", suffix, StringComparison.Ordinal);
            byte[] good = world.Disk.ReadAll(path);
            world.Log.Dispose();
            world.Machine.Restart(LossMode.KeepAll, new Random(0));
            switch (kind)
            {
                case 0:
                    world.Disk.DeleteFile(path);
                    break;
                case 1:
                    world.Disk.CorruptLength(path, 0);
                    break;
                case 2:
                    world.Disk.Corrupt(path, b => b.AsSpan().Clear());
                    break;
                default:
                    world.Disk.Corrupt(path, b => b[^1] ^= 4);
                    break;
            }

            world.Start();
            world.Log.RaiseHighWatermark(world.Log.Bounds.End);
            Assert.Equal(before, world.ReadAll(), new RecordComparer());
            for (long offset = 0; offset < before.Count; offset++)
            {
                using LogSlice slice = world.Log.Read(new Offset(offset), new Offset(1_000), 1).Value;
                Assert.True(slice.BaseOffset.Value <= offset && slice.NextOffset.Value > offset);
            }

            Assert.Equal(7, world.Log.FindTimestamp(1_007, new Offset(1_000)).Value!.Value.TimestampMs - 1_000);
            if (kind < 3 || suffix == ".index")
            {
                Assert.True(world.Disk.ReadAll(path).AsSpan().SequenceEqual(good) || (kind == 1 && suffix == ".index"));
            }
        }
    }

    [Fact]
    public void Row15_a_chunk_that_went_back_in_time_is_not_served()
    {
        var world = new LogWorld(new TopicConfig { SegmentBytesMax = 64 * 1024, IndexIntervalBytes = 1024 });
        world.Row(1);
        for (int i = 0; i < 20; i++)
        {
            world.Append(TestBatches.Of(5, 100, fill: i));
        }

        world.Commit();
        byte[] old = world.Disk.ReadAll(FirstLog);
        int end = End(world, FirstLog);
        for (int i = 0; i < 20; i++)
        {
            world.Append(TestBatches.Of(5, 100, fill: 50 + i));
        }

        world.Commit();
        world.Log.Dispose();
        world.Machine.Restart(LossMode.KeepAll, new Random(0));
        int chunk = end / 4096 * 4096;
        world.Disk.Corrupt(FirstLog, b => old.AsSpan(chunk, 4096).CopyTo(b.AsSpan(chunk)));
        world.Start();
        Assert.NotNull(world.Opening.Damage);
        Assert.InRange(world.Opening.Damage.Position, 0, chunk + 4096);
    }

    [Fact]
    public void The_state_store_lost_the_log_is_rebuilt_from_its_segments()
    {
        LogWorld world = Rolled();
        List<(long, int, byte[])> before = world.ReadAll();
        world.Log.AdvanceLogStart(new Offset(70));
        string firstFile = world.Disk.AllFiles.First(f => f.EndsWith(".log", StringComparison.Ordinal));
        long firstBase = long.Parse(firstFile[^24..^4]);
        world.Log.Dispose();
        world.Machine.Restart(LossMode.KeepAll, new Random(0));
        world.State.Wipe();
        world.Start();
        Assert.True(world.Opening.Report.StateWasLost);
        Assert.Equal(firstBase, world.Log.Bounds.LogStart.Value);
        Assert.True(firstBase > 0);
        world.Log.RaiseHighWatermark(world.Log.Bounds.End);
        Assert.Equal(before.Where(r => r.Item1 >= firstBase), world.ReadAll(), new RecordComparer());
        Assert.Equal(new Epoch(1), world.Log.Epochs.Last);
    }

    [Fact]
    public void Row13_a_live_flip_in_the_open_segment_is_found_before_it_is_served()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(3, 60));
        world.Commit();
        world.Disk.Corrupt(FirstLog, b => b[150] ^= 16);
        Assert.Equal(ErrorCode.PartitionQuarantined, ReadUntilError(world.Log)!.Code);
    }

    /// <summary>True when all bytes up to a place are as they were: a batch may end with zeros of its own.</summary>
    private static bool IsWhole(byte[][] batches, int upto, int left, bool byZeros)
    {
        byte[] all = [.. batches.SelectMany(b => b)];
        return upto <= left || (byZeros && all.AsSpan(left, upto - left).IndexOfAnyExcept((byte)0) < 0);
    }

    private static LogWorld Rolled()
    {
        var world = new LogWorld();
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            world.Append(TestBatches.Of(5, 40, timestampMs: 1_000 + (i * 5), fill: i));
        }

        world.Commit();
        return world;
    }

    private static string ClosedSegment(LogWorld world) =>
        world.Disk.AllFiles.Where(f => f.EndsWith(".log", StringComparison.Ordinal)).ElementAt(1);

    private static int End(LogWorld world, string path)
    {
        byte[] bytes = world.Disk.ReadAll(path);
        int at = 0;
        while (at + BatchHeader.Bytes <= bytes.Length && bytes[at + BatchHeader.MagicAt] == BatchHeader.Magic)
        {
            at += new RecordBatch(bytes.AsSpan(at)).TotalBytes;
        }

        return at;
    }

    private static BrokerError? ReadUntilError(PartitionLog log)
    {
        for (Offset at = log.Bounds.LogStart; at < log.Bounds.End;)
        {
            Result<LogSlice> read = log.Read(at, new Offset(long.MaxValue), 500);
            if (!read.IsOk)
            {
                return read.Error;
            }

            using LogSlice slice = read.Value;
            _ = LogWorld.Records(slice);
            Assert.True(slice.NextOffset > at, $"nothing was read at {at}");
            at = slice.NextOffset;
        }

        return null;
    }
}
