using System.Diagnostics;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Row 11 of the fault table on a real small disk, with mapped readers; skipped where mounting is not allowed.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("logbroker-full-").FullName;
    private bool _isMounted;

    [Fact]
    public void Row11_a_real_full_disk_refuses_serves_and_resumes()
    {
        _isMounted = Run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", _root);
        if (!_isMounted)
        {
            Assert.Skip("mounting a tmpfs needs root");
        }

        var state = new MemoryStateStore();
        var failure = new RecordedFailure();
        var guard = new DiskSpaceGuard(new OsDisk(), _root, 0);
        var env = new LogEnvironment(new OsDisk(), state, failure, guard, new StorageMetrics(), TimeProvider.System);
        var id = new PartitionId(new TopicId(Guid.NewGuid()), 0);
        var config = new TopicConfig { SegmentBytesMax = 1 << 20, RetentionBytes = 3 << 20 };
        PartitionLog log = PartitionLog.Open(env, id, _root, config, new LogOpenOptions(1)).Log!;
        Assert.Null(log.AppendRow(new Epoch(1), 1));
        long accepted = 0;
        int serial = 0;
        AppendOutcome outcome;
        do
        {
            outcome = log.Append([TestBatches.Of(20, 1_000, fill: serial++), TestBatches.Of(300, 1_000, fill: serial++)], new Epoch(1), 1);
            accepted += outcome.Count == 0 ? 0 : outcome.Count == 1 ? 20 : 320;
        }
        while (outcome.Error is null);

        Assert.Equal(ErrorCode.DiskFull, outcome.Error.Code);
        Assert.Equal(accepted, log.Bounds.End.Value);
        Commit(env, log);
        Assert.Equal(accepted, Count(log));
        Assert.Equal(ErrorCode.DiskFull, log.Append([TestBatches.Of(300, 1_000)], new Epoch(1), 1).Error!.Code);

        Assert.True(log.ApplyRetention(2) > 0);
        Assert.Null(log.Append([TestBatches.Of(300, 1_000)], new Epoch(1), 1).Error);
        Commit(env, log);
        Assert.Equal(accepted + 300 - log.Bounds.LogStart.Value, Count(log));
        log.Close();
        PartitionLog again = PartitionLog.Open(env, id, _root, config, new LogOpenOptions(1)).Log!;
        Assert.Equal(accepted + 300, again.Bounds.End.Value);
        again.RaiseHighWatermark(again.Bounds.End);
        Assert.Equal(accepted + 300 - again.Bounds.LogStart.Value, Count(again));
        again.Dispose();
        Assert.Null(failure.Cause);
    }

    public void Dispose()
    {
        if (_isMounted)
        {
            Assert.True(Run("umount", _root));
        }

        Directory.Delete(_root);
    }

    private static void Commit(LogEnvironment env, PartitionLog log)
    {
        using var turn = new FlushQueue(env, withThread: false);
        log.FlushListener = new Completes();
        turn.Request(log);
        Assert.Equal(1, turn.RunTurn());
        log.RaiseHighWatermark(log.Bounds.Flushed);
    }

    private static long Count(PartitionLog log)
    {
        long count = 0;
        for (Offset at = log.Bounds.LogStart; at < log.Bounds.HighWatermark;)
        {
            using LogSlice slice = log.Read(at, new Offset(long.MaxValue), 100_000).Value;
            Assert.True(slice.NextOffset > at);
            count += LogWorld.Records(slice).Count(r => r.Offset >= at.Value);
            at = slice.NextOffset;
        }

        return count;
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private sealed class Completes : IFlushListener
    {
        public void Flushed(PartitionLog log, FlushMark mark) => Assert.True(log.CompleteFlush(mark));
    }
}
