using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>One partition on a simulated machine, with flushes driven by the test.</summary>
internal sealed class LogWorld : IFlushListener
{
    public const string Directory = "/data";

    public static readonly PartitionId Id = new(new TopicId(Guid.Parse("11112222-3333-4444-5555-666677778888")), 0);

    public LogWorld(TopicConfig? config = null)
    {
        Config = config ?? new TopicConfig { SegmentBytesMax = 4096, IndexIntervalBytes = 256 };
        Disk = new SimDisk(Machine);
        State = new SimStateStore(Machine);
        Disk.CreateDirectory(Directory);
        Disk.SyncDirectory("/");
        Start();
    }

    public SimMachine Machine { get; } = new();

    public SimDisk Disk { get; }

    public SimStateStore State { get; }

    public RecordedFailure Failure { get; } = new();

    public TopicConfig Config { get; set; }

    /// <summary>Takes effect at the next start.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public LogEnvironment Env { get; private set; } = null!;

    public FlushQueue Flushes { get; private set; } = null!;

    public PartitionLog Log => Opening.Log!;

    public LogOpening Opening { get; private set; } = null!;

    public long NowMs { get; set; } = 1_000_000;

    public int FlushesSeen { get; private set; }

    /// <summary>Opens what is on the disk now.</summary>
    public void Start()
    {
        Env = new LogEnvironment(Disk, State, Failure, new DiskSpaceGuard(Disk, Directory, headroomBytes: 0), new StorageMetrics(), Time);
        Flushes = new FlushQueue(Env, withThread: false);
        Opening = PartitionLog.Open(Env, Id, Directory, Config, new LogOpenOptions(NowMs));
        if (Opening.Log is { } log)
        {
            log.FlushListener = this;
        }
    }

    public void Restart(LossMode mode, int seed = 0)
    {
        Opening.Log?.Dispose();
        Machine.Restart(mode, new Random(seed));
        Start();
    }

    public void Row(int epoch) => Assert.Null(Log.AppendRow(new Epoch(epoch), NowMs));

    /// <summary>Appends batches as one group; the base offset.</summary>
    public Offset Append(params byte[][] batches)
    {
        AppendOutcome outcome = TryAppend(batches);
        Assert.Null(outcome.Error);
        Assert.Equal(batches.Length, outcome.Count);
        return outcome.BaseOffset;
    }

    public AppendOutcome TryAppend(params byte[][] batches) =>
        Log.Append([.. batches.Select(b => (Memory<byte>)b)], Log.Epochs.Last, NowMs);

    public void Flush()
    {
        Flushes.Request(Log);
        _ = Flushes.RunTurn();
    }

    /// <summary>Flushes, and takes everything flushed for committed.</summary>
    public void Commit()
    {
        Flush();
        Log.RaiseHighWatermark(Log.Bounds.Flushed);
    }

    public void Flushed(PartitionLog log, FlushMark mark)
    {
        FlushesSeen++;
        _ = log.CompleteFlush(mark);
    }

    /// <summary>All records up to the high watermark: offset, epoch and value of each.</summary>
    public List<(long Offset, int Epoch, byte[] Value)> ReadAll(int bytesMax = 700)
    {
        var found = new List<(long, int, byte[])>();
        Offset at = Log.Bounds.LogStart;
        while (at < Log.Bounds.HighWatermark)
        {
            Result<LogSlice> read = Log.Read(at, new Offset(long.MaxValue), bytesMax);
            Assert.True(read.IsOk, read.Error?.Message);
            using LogSlice slice = read.Value;
            Assert.True(slice.Length > 0);
            found.AddRange(Records(slice).Where(r => r.Offset >= at.Value));
            Assert.True(slice.NextOffset > at);
            at = slice.NextOffset;
        }

        return found;
    }

    public static List<(long Offset, int Epoch, byte[] Value)> Records(LogSlice slice)
    {
        var bytes = new byte[slice.Length];
        slice.CopyTo(0, bytes);
        var found = new List<(long, int, byte[])>();
        for (int at = 0; at < bytes.Length;)
        {
            var batch = new RecordBatch(bytes.AsSpan(at));
            Assert.Equal(BatchFault.None, batch.Check());
            Assert.False(batch.IsEpochRow);
            var records = new RecordCursor(new RecordBatch(batch.Bytes));
            while (records.MoveNext())
            {
                found.Add((records.Offset.Value, batch.LeaderEpoch.Value, records.Value.Span.ToArray()));
            }

            at += batch.TotalBytes;
        }

        return found;
    }
}
