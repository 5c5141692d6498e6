using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>
/// A life with compactions, merges, tombstones that go, a log start that moves and an orderly restart, ended at every operation of the
/// disk: the log opens, holds what was durable, and stands for the same table.
/// </summary>
public sealed class CompactionCrashTests
{
    private static readonly Lazy<(long First, long Last)> Operations = new(() =>
    {
        KeyedLog log = New();
        long first = log.World.Machine.Operations + 1;
        Live(log);
        return (first, log.World.Machine.Operations);
    });

    [Theory]
    [InlineData(LossMode.KeepAll)]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public void Every_operation_may_be_the_last(LossMode mode)
    {
        (long first, long last) = Operations.Value;
        Assert.InRange(last - first, 200, 3_000);
        for (long at = first; at <= last; at++)
        {
            try
            {
                KeyedLog log = CrashAt(at);
                log.Restart(mode, (int)at);
                RequireWhole(log);
                log.World.Row(log.Log.Epochs.Last.Value + 1);
                log.Append(("k1", "behind the crash"));
                log.Roll();
                log.Compact();
                RequireWhole(log);
                log.Restart(LossMode.LoseUnsynced, (int)at);
                RequireWhole(log);
            }
            catch (Exception e)
            {
                Assert.Fail($"{mode}, operation {at} of {first} to {last}: {e}");
            }
        }
    }

    [Theory]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public void Recovery_may_crash_at_every_operation_too(LossMode mode)
    {
        (long first, long last) = Operations.Value;
        for (long at = first; at <= last; at += 5)
        {
            for (int inRecovery = 1; inRecovery < 80; inRecovery++)
            {
                KeyedLog log = CrashAt(at);
                Offset durable = log.Log.Bounds.Flushed;
                log.Log.Dispose();
                log.World.Machine.Restart(mode, new Random((int)at));
                log.World.Machine.CrashAt = log.World.Machine.Operations + inRecovery;
                try
                {
                    log.World.Start();
                    break;
                }
                catch (SimulatedCrashException)
                {
                    log.Restart(mode, (int)at + inRecovery);
                    Assert.True(log.Log.Bounds.End >= durable);
                    RequireWhole(log);
                }
            }
        }
    }

    private static KeyedLog New()
    {
        var log = new KeyedLog(KeyedLog.Compacted with
        {
            SegmentBytesMax = 2048,
            IndexIntervalBytes = 128,
            Cleanup = TopicCleanup.CompactAndDelete,
            DeleteRetentionMs = 100,
            RetentionMs = -1,
        });
        log.World.Row(1);
        return log;
    }

    private static KeyedLog CrashAt(long operation)
    {
        KeyedLog log = New();
        log.World.Machine.CrashAt = operation;
        Assert.Throws<SimulatedCrashException>(() => Live(log));
        return log;
    }

    private static void Live(KeyedLog log)
    {
        Fill(log, batches: 14);
        log.Compact();
        log.World.Row(2);
        Fill(log, batches: 8);
        log.Append(("k2", null), ("k3", "left"));
        Fill(log, batches: 6);
        log.Compact();
        log.World.NowMs += 100;
        Fill(log, batches: 10);
        log.Compact(); // takes the tombstone, merges what is small
        log.World.Commit();
        log.Log.AdvanceLogStart(new Offset(log.Log.Bounds.End.Value / 3));
        Fill(log, batches: 4);
        log.Reopen();
        Fill(log, batches: 9);
        log.Compact();
        Fill(log, batches: 3);
        log.World.Flush();
    }

    private static void Fill(KeyedLog log, int batches)
    {
        for (int i = 0; i < batches; i++)
        {
            log.Append(($"k{i % 4}", $"{log.Appended.Count} {new string('v', 150)}"), ($"k{i % 7}", $"{i} {new string('w', 90)}"));
            if (i % 3 == 0)
            {
                log.World.Flush();
            }
        }
    }

    private static void RequireWhole(KeyedLog log)
    {
        log.RequireSameTable();
        log.RequireNoDamage();
        Assert.Null(log.World.Failure.Cause);
        Assert.DoesNotContain(log.World.Disk.AllFiles, f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }
}
