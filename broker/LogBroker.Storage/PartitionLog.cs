using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// The log of one partition: record batches and epoch rows in one order, in segment files. Rules R9, R10, R17, R20 and R26 of the
/// replication specification.
/// </summary>
/// <remarks>
/// Owner: one thread at a time, the writer, calls everything but what is said to be for any thread: <see cref="Bounds"/>,
/// <see cref="Epochs"/>, <see cref="Read"/>, <see cref="FindTimestamp"/>, <see cref="Damage"/>, <see cref="SizeBytes"/>, and the flush
/// thread's part. Readers work on published snapshots and never enter the writer.
/// Failure policy: a full disk or a limit of the system is a result, and the log is as before. Any other failed write, and any
/// failed sync, ends the process (<see cref="IFatalFailure"/>); nothing is retried. Damage found by a read quarantines the
/// partition: it serves and takes nothing until it is opened again.
/// </remarks>
public sealed partial class PartitionLog : IDisposable
{
    /// <summary>Room behind the limit of segment.bytes that rows and one group may need before positions overflow an int32.</summary>
    private const int PositionSlackBytes = 64 * 1024 * 1024;

    private readonly LogEnvironment _env;
    private readonly Lock _flushGate = new();

    // Published by the writer.
    private LogBounds _bounds;
    private LogEpochs _epochs;
    private SegmentMap _map;

    // Set once by whoever finds damage.
    private LogDamage? _damage;

    // Of the writer; the cut generation is read by the flush thread under _flushGate.
    private TopicConfig _config;
    private int _cuts;
    private bool _closed;
    private bool _broken;

    // Under _flushGate: what the state store has, to write only what changed.
    private LogEpochs? _storedEpochs;
    private int _segmentsVersion = 1;
    private int _storedSegmentsVersion;

    internal PartitionLog(LogEnvironment env, PartitionId id, string directory, TopicConfig config, RecoveredLog recovered)
    {
        _env = env;
        _config = config;
        Id = id;
        Directory = directory;
        _map = recovered.Map;
        _epochs = recovered.Epochs;
        _bounds = recovered.Bounds;
        _lastMark = new FlushMark(_bounds.Durable, 0, _bounds.TailBase, _bounds.TailBytes);
        _cleanedUptoValue = RecoveryCheckpoint.LoadCleanedUpto(env.State, id).Value;
        ReadCursors = new ReadCursors();
    }

    /// <summary>The partition.</summary>
    public PartitionId Id { get; }

    /// <summary>Its directory.</summary>
    public string Directory { get; }

    /// <summary>The ends as last published. Any thread.</summary>
    public LogBounds Bounds => Volatile.Read(ref _bounds);

    /// <summary>The epoch rows as last published. Any thread.</summary>
    public LogEpochs Epochs => Volatile.Read(ref _epochs);

    /// <summary>What quarantined the partition, or null. Any thread.</summary>
    public LogDamage? Damage => Volatile.Read(ref _damage);

    /// <summary>Appended bytes of all segments. Any thread.</summary>
    public long SizeBytes => Volatile.Read(ref _map).Bytes;

    /// <summary>Number of segments. Any thread.</summary>
    public int SegmentCount => Volatile.Read(ref _map).Segments.Length;

    /// <summary>True while something appended waits for a sync. Any thread.</summary>
    public bool IsDirty
    {
        get
        {
            LogBounds bounds = Bounds;
            return bounds.Durable < bounds.Appended;
        }
    }

    /// <summary>Takes effect with the next append, roll or retention.</summary>
    public TopicConfig Config
    {
        get => _config;
        set => _config = value;
    }

    /// <summary>True for the broker's own partitions: they may use the headroom of the disk.</summary>
    public bool MayUseHeadroom { get; set; }

    /// <summary>Who is told of finished flush turns; on the flush thread.</summary>
    public IFlushListener? FlushListener { get; set; }

    internal LogEnvironment Env => _env;

    private ReadCursors ReadCursors { get; }

    private int SegmentBytesLimit => Math.Min(_config.SegmentBytesMax, int.MaxValue - PositionSlackBytes);

    /// <summary>
    /// Opens the log in a directory, recovering it first (R20). Call once per directory and process.
    /// </summary>
    /// <exception cref="DiskException">The directory could not be read or repaired; after <see cref="DiskFailedException"/> the process
    /// must end.</exception>
    public static LogOpening Open(LogEnvironment env, PartitionId id, string directory, TopicConfig config, LogOpenOptions options)
    {
        long started = env.Time.GetTimestamp();
        LogOpening opening = new LogRecovery(env, id, directory, config, options).Run();
        env.Metrics.RecoverySeconds.Record(env.Time.GetElapsedTime(started).TotalSeconds);
        return opening;
    }

    /// <summary>
    /// Opens a log whose <see cref="Open"/> reported damage, for a replica that has given up its vote durably before (R21): what is
    /// intact at the front is kept, the rest is cut, its bytes in <c>.cut</c> files where valid batches stand behind the damage. A log
    /// whose front is gone begins anew, empty.
    /// </summary>
    public static LogOpening OpenDamaged(
        LogEnvironment env, PartitionId id, string directory, TopicConfig config, LogOpenOptions options)
    {
        var batch = new StateBatch();
        RecoveryCheckpoint.Clear(batch, id);
        env.State.Write(batch, sync: true);
        LogOpening opening = Open(env, id, directory, config, options);
        if (opening.Damage is null)
        {
            return opening;
        }

        LogRecovery.RemoveAll(env, id, directory);
        return Open(env, id, directory, config, options);
    }

    /// <summary>Raises the high watermark, at most to the end; a lower value is ignored.</summary>
    public void RaiseHighWatermark(Offset highWatermark)
    {
        LogBounds bounds = _bounds;
        Invariant.RequireAtMost(highWatermark, bounds.End);
        if (highWatermark > bounds.HighWatermark)
        {
            Publish(bounds.With(highWatermark: highWatermark));
        }
    }

    /// <summary>
    /// Syncs what is not durable, trims the open segment, writes its indexes and the checkpoint: the next start has nothing to scan.
    /// No flush turn may want this log any more.
    /// </summary>
    /// <param name="syncState">False when the caller closes many logs and syncs the state store once behind them.</param>
    public void Close(bool syncState = true)
    {
        if (_closed || _broken)
        {
            return;
        }

        lock (_flushGate)
        {
            GuardedByFatal("close", () =>
            {
                if (Damage is null && _map.Tail is { IsClosed: false } tail)
                {
                    tail.Close();
                    _segmentsVersion++;
                }

                if (Damage is null)
                {
                    FlushMark mark = SyncFiles();
                    var batch = new StateBatch();
                    AddCheckpoint(batch, mark);
                    _env.State.Write(batch, syncState);
                    _ = CompleteFlush(mark);
                }
            });
        }

        Dispose();
    }

    /// <summary>Lets go of all files as they are, as a crash would. Leases stay good.</summary>
    public void Dispose()
    {
        lock (_flushGate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            foreach (Segment segment in _map.Segments)
            {
                if (!segment.Retire())
                {
                    _env.DeletedSegments.Add(segment);
                }
            }
        }
    }

    private void Publish(LogBounds bounds) => Volatile.Write(ref _bounds, bounds);

    private void Publish(SegmentMap map) => Volatile.Write(ref _map, map);

    private void Publish(LogEpochs epochs) => Volatile.Write(ref _epochs, epochs);

    private void RequireUsable()
    {
        Invariant.Require(!_closed);
        Invariant.Require(!_broken);
    }

    /// <summary>Runs disk changes whose failure, a full disk included, ends the process.</summary>
    private void GuardedByFatal(string what, Action change)
    {
        try
        {
            change();
        }
        catch (DiskException e) when (e is not DiskReadException)
        {
            throw EndProcess(what, e);
        }
    }

    private DiskException EndProcess(string what, DiskException cause)
    {
        _broken = true;
        _env.Fatal.Fail($"{what} of partition {Id} failed", cause);
        return cause;
    }

    private BrokerError Quarantine(LogDamage damage)
    {
        if (Interlocked.CompareExchange(ref _damage, damage, null) is null)
        {
            _env.Metrics.CorruptBatches.Add(1);
            StorageLog.Quarantined(_env.Log, Id, damage.File, damage.Position, damage.Reason);
        }

        return LogErrors.Quarantined(_damage);
    }
}
