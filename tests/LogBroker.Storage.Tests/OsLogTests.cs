using System.Collections.Concurrent;
using System.Diagnostics;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>The log on the disk of the machine, with the real flush thread, mappings and concurrent readers.</summary>
public sealed class OsLogTests : IDisposable, IFlushListener
{
    private static readonly PartitionId Id = new(new TopicId(Guid.Parse("0f0f0f0f-3333-4444-5555-666677778888")), 3);
    private readonly string _root = Directory.CreateTempSubdirectory("logbroker-log-").FullName;
    private readonly MemoryStateStore _state = new();
    private readonly RecordedFailure _failure = new();
    private readonly BlockingCollection<FlushMark> _marks = [];
    private readonly LogEnvironment _env;

    public OsLogTests() => _env = new LogEnvironment(
        new OsDisk(), _state, _failure, new DiskSpaceGuard(new OsDisk(), _root, 0), new StorageMetrics(), TimeProvider.System);

    [Fact]
    public void Flush_turns_of_the_thread_make_appends_durable_and_readers_see_them_beside_the_writer()
    {
        using var flushes = new FlushQueue(_env, withThread: true);
        PartitionLog log = Open(new TopicConfig { SegmentBytesMax = 128 * 1024 });
        Assert.Null(log.AppendRow(new Epoch(1), 1));
        Task<long>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => ReadUntil(log, 4_000)))];
        for (int i = 0; i < 400; i++)
        {
            AppendOutcome outcome = log.Append([TestBatches.Of(10, 100, fill: i)], new Epoch(1), 1);
            Assert.Null(outcome.Error);
            flushes.Request(log);
            while (_marks.TryTake(out FlushMark mark))
            {
                Complete(log, mark);
            }
        }

        while (log.Bounds.Flushed < log.Bounds.End)
        {
            Assert.True(_marks.TryTake(out FlushMark mark, TimeSpan.FromSeconds(30)));
            Complete(log, mark);
        }

        Assert.All(readers, r => Assert.Equal(4_000, r.GetAwaiter().GetResult()));
        Assert.True(log.SegmentCount > 3);
        log.Close();
        PartitionLog again = Open(new TopicConfig { SegmentBytesMax = 128 * 1024 });
        Assert.Equal(4_000, again.Bounds.End.Value);
        again.RaiseHighWatermark(again.Bounds.End);
        Assert.Equal(4_000, ReadUntil(again, 4_000));
        again.Dispose();
        Assert.Null(_failure.Cause);
    }

    [Fact]
    public void A_closed_segment_takes_only_its_bytes_and_an_open_one_is_sparse()
    {
        PartitionLog log = Open(new TopicConfig { SegmentBytesMax = 1 << 20 });
        Assert.Null(log.AppendRow(new Epoch(1), 1));
        Assert.Null(log.Append([TestBatches.Of(1, 1_000)], new Epoch(1), 1).Error);
        string path = _root + "/00000000000000000000.log";
        Assert.Equal(1 << 20, new FileInfo(path).Length);
        log.Close();
        Assert.InRange(new FileInfo(path).Length, 1_000, 1_300);
        Assert.True(File.Exists(_root + "/00000000000000000000.index"));
    }

    [Fact]
    public void A_segment_larger_than_its_room_is_read_whole()
    {
        PartitionLog log = Open(new TopicConfig { SegmentBytesMax = 64 * 1024 });
        Assert.Null(log.AppendRow(new Epoch(1), 1));
        Assert.Null(log.Append([TestBatches.Of(300, 1_000)], new Epoch(1), 1).Error);
        Commit(log);
        using LogSlice slice = log.Read(Offset.Zero, new Offset(1_000), 10).Value;
        Assert.Equal(300, LogWorld.Records(slice).Count);
        log.Dispose();
    }

    [Fact]
    public void A_group_of_large_batches_goes_out_in_one_gather_write()
    {
        PartitionLog log = Open(new TopicConfig());
        Assert.Null(log.AppendRow(new Epoch(1), 1));
        Memory<byte>[] group = [.. Enumerable.Range(0, 30).Select(i => (Memory<byte>)TestBatches.Of(20, 1_000, fill: i))];
        Assert.Equal(30, log.Append(group, new Epoch(1), 1).Count);
        Commit(log);
        Assert.Equal(600, ReadUntil(log, 600));
        log.Dispose();
    }

    [Fact]
    public void No_allocation_per_record_on_append_and_read()
    {
        PartitionLog log = Open(new TopicConfig());
        Assert.Null(log.AppendRow(new Epoch(1), 1));

        // The least of three: code that is not optimized yet allocates what optimized code keeps on the stack.
        long few = Enumerable.Range(0, 3).Min(_ => AllocatedBy(log, recordsPerBatch: 100));
        long many = Enumerable.Range(0, 3).Min(_ => AllocatedBy(log, recordsPerBatch: 1_100));
        Assert.InRange((many - few) / 100_000.0, -1, 0.05);
        log.Dispose();
    }

    [Fact]
    public void The_metrics_count_syncs()
    {
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        int syncs = 0;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument, _env.Metrics.FsyncSeconds))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => syncs++);
        listener.Start();
        PartitionLog log = Open(new TopicConfig());
        Assert.Null(log.AppendRow(new Epoch(1), 1));
        Commit(log);
        Assert.Null(log.Append([TestBatches.Of(1)], new Epoch(1), 1).Error);
        Commit(log);
        Commit(log);
        Assert.Equal(2, syncs);
        log.Dispose();
    }

    void IFlushListener.Flushed(PartitionLog log, FlushMark mark) => _marks.Add(mark);

    public void Dispose()
    {
        _marks.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static void Complete(PartitionLog log, FlushMark mark)
    {
        Assert.True(log.CompleteFlush(mark));
        log.RaiseHighWatermark(log.Bounds.Flushed);
    }

    private static long ReadUntil(PartitionLog log, long end)
    {
        var clock = Stopwatch.StartNew();
        Offset at = Offset.Zero;
        while (at.Value < end)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "no progress");
            Result<LogSlice> read = log.Read(at, new Offset(long.MaxValue), 30_000);
            Assert.True(read.IsOk, read.Error?.Message);
            using LogSlice slice = read.Value;
            List<(long Offset, int Epoch, byte[] Value)> records = LogWorld.Records(slice);
            Assert.Equal(slice.BaseOffset, at);
            Assert.Equal(Enumerable.Range(0, (int)(slice.NextOffset - at)).Select(i => at.Value + i), records.Select(r => r.Offset));
            at = slice.NextOffset;
        }

        return at.Value;
    }

    private PartitionLog Open(TopicConfig config)
    {
        LogOpening opening = PartitionLog.Open(_env, Id, _root, config, new LogOpenOptions(NowMs: 1));
        Assert.Null(opening.Damage);
        opening.Log!.FlushListener = this;
        return opening.Log;
    }

    private void Commit(PartitionLog log)
    {
        using var turn = new FlushQueue(_env, withThread: false);
        turn.Request(log);
        Assert.Equal(1, turn.RunTurn());
        Complete(log, _marks.Take());
    }

    private long AllocatedBy(PartitionLog log, int recordsPerBatch)
    {
        byte[] batch = TestBatches.Of(recordsPerBatch, 10);
        var buffer = new byte[batch.Length];
        Memory<byte>[] group = [batch];
        long before = 0;
        for (int i = -20; i < 100; i++)
        {
            if (i == 0)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            AppendOutcome outcome = log.Append(group, new Epoch(1), 1);
            Commit(log);
            using LogSlice slice = log.Read(outcome.BaseOffset, new Offset(long.MaxValue), 1).Value;
            slice.CopyTo(0, buffer);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
