using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;

namespace LogBroker.Microbench;

/// <summary>A log of one partition on the real disk, in a directory that goes away with it.</summary>
internal sealed class BenchLog : IDisposable, IFlushListener
{
    private static readonly PartitionId Id = new(new TopicId(Guid.Parse("11112222-3333-4444-5555-666677778888")), 0);
    private static readonly Epoch Epoch = new(1);

    private readonly string _directory = Directory.CreateTempSubdirectory("logbroker-bench-").FullName;
    private readonly StorageMetrics _metrics = new();
    private readonly MemoryStateStore _state = new();
    private readonly FlushQueue _flushes;
    private readonly Memory<byte>[] _group = new Memory<byte>[1];

    private readonly LogEnvironment _environment;

    public BenchLog()
        : this(new TopicConfig())
    {
    }

    public BenchLog(TopicConfig config)
    {
        var disk = new OsDisk();
        LogEnvironment environment = _environment = new LogEnvironment(
            disk, _state, new RecordedFailure(), new DiskSpaceGuard(disk, _directory), _metrics, TimeProvider.System);
        Log = PartitionLog.Open(environment, Id, _directory, config, new LogOpenOptions(0)).Log!;
        Log.FlushListener = this;
        _flushes = new FlushQueue(environment, withThread: false);
        _ = Log.AppendRow(Epoch, nowMs: 0);
    }

    public PartitionLog Log { get; }

    /// <summary>A batch of so many records with values of 1,000 bytes, one millisecond apart.</summary>
    public static byte[] Batch(int records, long firstTimestampMs = 1_700_000_000_000)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        for (int i = 0; i < records; i++)
        {
            _ = builder.TryAppend(firstTimestampMs + i, OptionalBytes.Null, new byte[1000]);
        }

        return builder.Finish().ToArray();
    }

    /// <summary>Appends one batch as a group of its own.</summary>
    public Offset Append(byte[] batch)
    {
        _group[0] = batch;
        return Log.Append(_group, Epoch, nowMs: 0).BaseOffset;
    }

    /// <summary>Makes all of it durable and visible.</summary>
    public void Commit()
    {
        _flushes.Request(Log);
        _ = _flushes.RunTurn();
        Log.RaiseHighWatermark(Log.Bounds.Flushed);
    }

    /// <summary>Compacts what is committed; the bytes that are left.</summary>
    public long Compact()
    {
        CompactionPlan plan = Log.PlanCompaction(nowMs: 0, KeptBatches.None)!;
        CompactionResult result = new LogCleaner(_environment, mapBytes: 16 * 1024 * 1024).Run(plan, CleanerPace.Unbounded)!;
        _ = Log.FinishCompaction(result);
        return Log.SizeBytes;
    }

    public void Flushed(PartitionLog log, FlushMark mark) => _ = log.CompleteFlush(mark);

    public void Dispose()
    {
        Log.Dispose();
        _flushes.Dispose();
        _state.Dispose();
        _metrics.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
