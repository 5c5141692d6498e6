using System.Globalization;
using System.Text;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>
/// A node's storage life on a simulated machine: produces, rolls, flushes, retention, delete-records, truncation, orderly restarts,
/// topics created and deleted. What it was promised goes into the model.
/// </summary>
internal sealed class CrashScript : IFlushListener
{
    private static readonly TopicId MainId = new(Guid.Parse("aaaaaaaa-0000-0000-0000-000000000001"));
    private static readonly TopicId OtherId = new(Guid.Parse("bbbbbbbb-0000-0000-0000-000000000002"));

    private readonly SimDisk _disk;
    private readonly SimStateStore _state;
    private readonly TopicConfig _config = new()
    {
        SegmentBytesMax = 2048,
        IndexIntervalBytes = 128,
        RetentionMs = -1,
        RetentionBytes = 7_000,
    };

    private DataDirectory? _directory;
    private FlushQueue? _flushes;
    private int _epoch;
    private int _serial;

    public CrashScript()
    {
        _disk = new SimDisk(Machine);
        _state = new SimStateStore(Machine);
    }

    public SimMachine Machine { get; } = new();

    public CrashModel Model { get; } = new();

    public RecordedFailure Failure { get; } = new();

    public PartitionLog? Log { get; private set; }

    public LogOpening? Opening { get; private set; }

    public SimDisk Disk => _disk;

    /// <summary>Lives until the end or a crash.</summary>
    public void Run()
    {
        Open();
        Produce(groups: 14);
        CreateOther();
        AdvanceTo(Model.Durable / 2);
        Produce(groups: 10);
        Log!.RaiseHighWatermark(new Offset(Model.Durable));
        _ = ApplyRetention();
        CutTail(records: 9);
        Produce(groups: 3);
        CloseInOrder();
        Open();
        Produce(groups: 4);
        DeleteOther();
        CutTail(records: 2);
        Produce(groups: 8);
        AdvanceTo(Model.Durable - 1);
        Produce(groups: 2);
    }

    /// <summary>Starts on what is there; the log must not be damaged.</summary>
    public void Open()
    {
        var options = new DataDirectoryOptions(new NodeId(1)) { NewId = () => MainId.Value };
        Result<DataDirectory> opened = DataDirectory.Open(_disk, "/data", options);
        Assert.True(opened.IsOk, opened.Error?.Message);
        _directory = opened.Value;
        _ = _directory.Attach(_state);
        var guard = new DiskSpaceGuard(_disk, "/data", 0);
        var env = new LogEnvironment(_disk, _state, Failure, guard, new StorageMetrics(), TimeProvider.System);
        _flushes = new FlushQueue(env, withThread: false);
        string path = _directory.CreatePartition("main", MainId, 0);
        Opening = PartitionLog.Open(env, new PartitionId(MainId, 0), path, _config, new LogOpenOptions(NowMs: 1_000));
        Log = Opening.Log;
        if (Log is not null)
        {
            Log.FlushListener = this;
        }
    }

    public void Crash(LossMode mode, int seed)
    {
        Log?.Dispose();
        Log = null;
        Machine.Restart(mode, new Random(seed));
    }

    /// <summary>Begins an epoch and appends groups, flushing after some.</summary>
    public void Produce(int groups)
    {
        _epoch = Math.Max(_epoch, Log!.Epochs.Last.Value) + 1;
        Assert.Null(Log.AppendRow(new Epoch(_epoch), 1_000));
        for (int i = 0; i < groups; i++)
        {
            var group = new List<Memory<byte>>();
            for (int batch = 0; batch <= i % 3; batch++)
            {
                group.Add(Batch(1 + ((i + batch) % 4)));
            }

            AppendOutcome outcome = Log.Append([.. group], new Epoch(_epoch), 1_000 + i);
            Assert.Null(outcome.Error);
            if (i % 3 != 1)
            {
                Flush();
            }
        }

        Flush();
    }

    public void Flush()
    {
        _flushes!.Request(Log!);
        _ = _flushes.RunTurn();
    }

    public List<(long Offset, int Epoch, byte[] Value)> ReadAll()
    {
        var found = new List<(long, int, byte[])>();
        Log!.RaiseHighWatermark(Log.Bounds.End);
        for (Offset at = Log.Bounds.LogStart; at < Log.Bounds.End;)
        {
            Result<LogSlice> read = Log.Read(at, new Offset(long.MaxValue), 1_500);
            Assert.True(read.IsOk, read.Error?.Message);
            using LogSlice slice = read.Value;
            found.AddRange(LogWorld.Records(slice).Where(r => r.Offset >= at.Value));
            Assert.True(slice.NextOffset > at);
            at = slice.NextOffset;
        }

        return found;
    }

    /// <summary>What must hold after a restart, whatever the crash left.</summary>
    public void CheckRestarted(string when)
    {
        Assert.True(Opening!.Damage is null, $"{when}: {Opening.Damage}");
        Assert.Null(Failure.Cause);
        Model.Check(Log!, ReadAll(), when);
        bool exists = _directory!.ListPartitions().Any(p => p.TopicDirectory.StartsWith("other~", StringComparison.Ordinal));
        if (Model.Topics.TryGetValue("other", out bool? due) && due is not null)
        {
            Assert.True(exists == due, $"{when}: topic exists {exists} where {due} was acknowledged");
        }
    }

    public void Flushed(PartitionLog log, FlushMark mark)
    {
        if (log.CompleteFlush(mark))
        {
            Model.Flushed((int)mark.Position.Offset.Value);
        }
    }

    private byte[] Batch(int records)
    {
        using var builder = new BatchBuilder(64 * 1024);
        for (int i = 0; i < records; i++)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"record {_serial++} {new string('x', 30)}");
            byte[] value = Encoding.ASCII.GetBytes(text);
            Assert.True(builder.TryAppend(1_000 + _serial, OptionalBytes.Null, (ReadOnlySpan<byte>)value));
            Model.Append(_epoch, value);
        }

        return builder.Finish().ToArray();
    }

    private void AdvanceTo(long offset)
    {
        Log!.RaiseHighWatermark(new Offset(Math.Max(offset, Log.Bounds.HighWatermark.Value)));
        Model.StartMoves(offset);
        Log.AdvanceLogStart(new Offset(offset));
        Model.StartMoved();
    }

    private int ApplyRetention()
    {
        // Retention decides by itself how far it goes: any segment's base may be the start afterwards.
        SegmentBase[] bases = [.. Bases()];
        long total = Log!.SizeBytes;
        int drop = 0;
        while (drop < bases.Length - 1 && total - bases[drop].Bytes >= _config.RetentionBytes)
        {
            total -= bases[drop++].Bytes;
        }

        Model.StartMoves(Math.Max(Model.Start, bases[drop].Offset));
        int dropped = Log.ApplyRetention(nowMs: 2_000);
        Assert.Equal(drop, dropped);
        Model.StartMoved();
        return dropped;
    }

    private IEnumerable<SegmentBase> Bases()
    {
        string[] logs =
        [
            .. _disk.AllFiles.Where(f => f.Contains("/main~", StringComparison.Ordinal) && f.EndsWith(".log", StringComparison.Ordinal)),
        ];
        for (int i = 0; i < logs.Length; i++)
        {
            byte[] bytes = _disk.ReadAll(logs[i]);
            long length = i < logs.Length - 1 ? bytes.Length : bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            yield return new SegmentBase(long.Parse(logs[i][^24..^4], CultureInfo.InvariantCulture), length);
        }
    }

    private void CutTail(int records)
    {
        Offset cut = Log!.Bounds.End - records;
        if (cut < Log.Bounds.HighWatermark)
        {
            Produce(groups: 6);
            cut = Log.Bounds.End - records;
        }

        // Only whole batches go: the model learns the real place from the log.
        Epoch epoch = Log.Epochs.At(cut);
        Model.CutBegins((int)cut.Value - 4);
        Log.Truncate(epoch, cut);
        Model.CutDone((int)Log.Bounds.End.Value);
        Model.Flushed((int)Log.Bounds.Flushed.Value);
    }

    private void CloseInOrder()
    {
        Log!.Close();
        Model.Flushed((int)Log.Bounds.Flushed.Value);
        Log = null;
        _directory!.MarkCleanShutdown();
        _directory.Dispose();
    }

    private void CreateOther()
    {
        Model.Topics["other"] = null;
        _ = _directory!.CreatePartition("other", OtherId, 0);
        Model.Topics["other"] = true;
    }

    private void DeleteOther()
    {
        Model.Topics["other"] = null;
        _directory!.DeleteTopic("other", OtherId, _state);
        Model.Topics["other"] = false;
    }

    private readonly record struct SegmentBase(long Offset, long Bytes);
}
