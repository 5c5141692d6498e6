using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Brings one partition's files to a state that its log can go on from: rules R20 and R21 of the replication specification.
/// </summary>
/// <remarks>
/// Owner: made, run once and dropped by whoever opens the log.
/// Failure policy: below the checkpoint, what does not hold together is damage: nothing on the disk is changed and the partition is
/// quarantined. Above it the log is cut at the first bad item; if a valid batch stands behind that, the bytes are kept in
/// <c>.cut</c> files first. A failed write or sync ends the process. Running it again after a crash at any point gives the same log.
/// </remarks>
internal sealed partial class LogRecovery(
    LogEnvironment env,
    PartitionId id,
    string directory,
    TopicConfig config,
    LogOpenOptions options)
{
    private readonly List<Segment> _segments = [];
    private readonly List<string> _cutFiles = [];
    private RecoveryCheckpoint? _checkpoint;
    private LogPosition _start;
    private LogEpochs _epochs = LogEpochs.None;
    private Offset _end;
    private LogDamage? _cut;
    private long _scannedBytes;
    private long _rewrittenBytes;
    private bool _stateWasLost;
    private bool _tailWasTrusted;

    public LogOpening Run()
    {
        try
        {
            RecoveredLog recovered = Recover();
            var log = new PartitionLog(env, id, directory, config, recovered);
            return new LogOpening(log, null, Report());
        }
        catch (LogDamageException e)
        {
            return Quarantined(e.Damage);
        }
        catch (DiskReadException e)
        {
            return Quarantined(new LogDamage(e.Path, 0, e.Message));
        }
        catch (DiskFullException e)
        {
            return Quarantined(new LogDamage(e.Path, 0, $"no room to repair it: {e.Message}") { IsForRoom = true });
        }
        catch (DiskFailedException e)
        {
            env.Fatal.Fail($"recovery of partition {id} failed", e);
            throw;
        }
    }

    /// <summary>Removes every file and all that the state store says of them; the log that opens next is empty and begins at 0.</summary>
    public static void RemoveAll(LogEnvironment env, PartitionId id, string directory)
    {
        var batch = new StateBatch();
        RecoveryCheckpoint.Clear(batch, id);
        batch.Delete(StateKey.Of(id, StateKind.LogStart));
        batch.Delete(StateKey.Of(id, StateKind.ProducerSnapshot));
        batch.Delete(StateKey.Of(id, StateKind.HighWatermark));
        foreach (DiskEntry entry in env.Disk.List(directory).Reverse())
        {
            if (!entry.IsDirectory)
            {
                env.Disk.DeleteFile(directory + "/" + entry.Name);
            }
        }

        env.Disk.SyncDirectory(directory);
        env.State.Write(batch, sync: true);
    }

    private RecoveredLog Recover()
    {
        _checkpoint = RecoveryCheckpoint.Load(env.State, id);
        LogPosition? storedStart = RecoveryCheckpoint.LoadLogStart(env.State, id);
        List<Offset> bases = ListBases();
        _stateWasLost = _checkpoint is null && storedStart is null && bases.Count > 0;
        _start = storedStart ?? (bases.Count > 0 && bases[0] > Offset.Zero ? RestatedRowOf(bases[0]) : LogPosition.Zero);
        _end = _start.Offset;
        RemoveBelowStart(bases);
        CheckPresence(bases);
        int first = TrustClosedSegments(bases);
        ScanFrom(bases, first);
        RemoveAllIfBelowStart();
        RewriteTail();
        OpenTail();
        return Assemble();
    }

    private LogOpening Quarantined(LogDamage damage)
    {
        foreach (Segment segment in _segments)
        {
            _ = segment.Retire();
        }

        env.Metrics.CorruptBatches.Add(1);
        StorageLog.Quarantined(env.Log, id, damage.File, damage.Position, damage.Reason);
        return new LogOpening(null, damage, Report());
    }

    private RecoveryReport Report() => new()
    {
        ScannedBytes = _scannedBytes,
        RewrittenBytes = _rewrittenBytes,
        Cut = _cut,
        CutFiles = _cutFiles,
        StateWasLost = _stateWasLost,
    };

    private List<Offset> ListBases()
    {
        var bases = new List<Offset>();
        foreach (DiskEntry entry in env.Disk.List(directory))
        {
            if (SegmentName.TryParse(entry.Name, SegmentName.Log) is { } baseOffset)
            {
                bases.Add(baseOffset);
            }
            else if (entry.Name.EndsWith(SegmentName.Temporary, StringComparison.Ordinal))
            {
                env.Disk.DeleteFile(directory + "/" + entry.Name);
            }
        }

        return bases;
    }

    /// <summary>The position in front of a file, as its restated row says.</summary>
    private LogPosition RestatedRowOf(Offset baseOffset)
    {
        string path = PathOf(baseOffset);
        using IDiskFile file = env.Disk.Open(path, DiskAccess.ReadOnly);
        var bytes = new byte[EpochRow.Bytes];
        _ = file.Read(0, bytes);
        return EpochRow.TryRead(bytes, out EpochRow row) == BatchFault.None && row.Start == baseOffset
            ? new LogPosition(row.Epoch, baseOffset)
            : throw Damaged(path, 0, "the first segment does not begin with a restated row");
    }

    private void RemoveBelowStart(List<Offset> bases)
    {
        int below = 0;
        while (below + 1 < bases.Count && bases[below + 1] <= _start.Offset)
        {
            DeleteFiles(bases[below]);
            below++;
        }

        if (below > 0)
        {
            env.Disk.SyncDirectory(directory);
            bases.RemoveRange(0, below);
        }
    }

    private void CheckPresence(List<Offset> bases)
    {
        if (bases.Count > 0 && bases[0] > _start.Offset)
        {
            throw Damaged(directory, 0, $"the segment that holds the log start {_start.Offset} is missing");
        }

        if (_checkpoint is null)
        {
            return;
        }

        if (bases.Count > 0 && _checkpoint.FileBase < bases[0])
        {
            _checkpoint = null;
            return;
        }

        if (bases.Contains(_checkpoint.FileBase))
        {
            return;
        }

        if (_checkpoint.Position > _start)
        {
            throw Damaged(PathOf(_checkpoint.FileBase), 0, "the segment of the last known flush is missing");
        }

        _checkpoint = null;
    }

    /// <summary>
    /// Takes closed segments below the checkpoint as the state store describes them, if lengths agree; the number of files that need
    /// no scan. A tail that was closed in good order needs none either.
    /// </summary>
    private int TrustClosedSegments(List<Offset> bases)
    {
        if (_checkpoint is null || !CopyOfRowsFits(_checkpoint))
        {
            return 0;
        }

        int trusted = 0;
        while (trusted < bases.Count && bases[trusted] < _checkpoint.FileBase && TryTrust(_checkpoint, bases, trusted))
        {
            trusted++;
        }

        if (trusted == bases.Count - 1 && bases[trusted] == _checkpoint.FileBase && TryTrustTail(_checkpoint))
        {
            return bases.Count;
        }

        if (trusted > 0)
        {
            _end = bases[trusted];
            _epochs = LogEpochs.Of(_checkpoint.Epochs.Rows.Where(r => r.Start < _end));
        }

        return trusted;
    }

    private bool TryTrust(RecoveryCheckpoint checkpoint, List<Offset> bases, int at)
    {
        Offset baseOffset = bases[at];
        if (FactsOf(checkpoint, baseOffset) is not { } facts)
        {
            return false;
        }

        Segment segment = OpenSegment(baseOffset);
        if (segment.FileBytes < facts.Bytes)
        {
            _ = segment.Retire();
            throw Damaged(segment.Path, segment.FileBytes, $"the segment is shorter than the {facts.Bytes} bytes that were flushed");
        }

        int nextKnown = IndexOf(checkpoint, baseOffset) + 1;
        if (nextKnown < checkpoint.Segments.Count && checkpoint.Segments[nextKnown].Base < bases[at + 1])
        {
            _ = segment.Retire();
            throw Damaged(PathOf(checkpoint.Segments[nextKnown].Base), 0, "a segment is missing");
        }

        if (segment.FileBytes != facts.Bytes)
        {
            _ = segment.Retire();
            return false;
        }

        segment.Recovered(facts.Bytes, bases[at + 1], endsWithRecord: true);
        segment.FirstAppendMs = facts.FirstAppendMs;
        segment.LastAppendMs = facts.LastAppendMs;
        segment.Index.MarkClosed(facts.MaxTimestampMs);
        segment.MarkClosed();
        _segments.Add(segment);
        return true;
    }

    /// <summary>A tail that ends exactly at the checkpoint was trimmed by an orderly close.</summary>
    private bool TryTrustTail(RecoveryCheckpoint checkpoint)
    {
        if (FactsOf(checkpoint, checkpoint.FileBase) is not { } facts || facts.Bytes != checkpoint.FileBytes)
        {
            return false;
        }

        Segment segment = OpenSegment(checkpoint.FileBase);
        if (segment.FileBytes != facts.Bytes || !segment.Index.TryReopen(env.Disk, facts.Bytes, facts.MaxTimestampMs))
        {
            _ = segment.Retire();
            return false;
        }

        _epochs = checkpoint.Epochs;
        _end = checkpoint.Position.Offset;
        bool endsWithRecord = _end > checkpoint.FileBase && _epochs.Rows[^1].Start < _end;
        segment.Recovered(facts.Bytes, _end, endsWithRecord);
        segment.FirstAppendMs = facts.FirstAppendMs;
        segment.LastAppendMs = facts.LastAppendMs;
        _segments.Add(segment);
        _tailWasTrusted = true;
        return true;
    }

    /// <summary>
    /// The copy of the rows is good for what stands in front of the file of the checkpoint, if that file begins as it says.
    /// </summary>
    private bool CopyOfRowsFits(RecoveryCheckpoint checkpoint)
    {
        if (checkpoint.FileBase == Offset.Zero)
        {
            return true;
        }

        Epoch due = checkpoint.Epochs.At(checkpoint.FileBase - 1);
        if (due == Epoch.None && checkpoint.Epochs.Rows is [{ } first, ..] && first.Start == checkpoint.FileBase)
        {
            due = first.Epoch;
        }

        return due != Epoch.None && due == RestatedRowOf(checkpoint.FileBase).Epoch;
    }

    private RecoveredLog Assemble()
    {
        if (_segments.Count == 0 && _start.Offset > Offset.Zero)
        {
            _epochs = LogEpochs.Of([new EpochRow(_start.Epoch, _start.Offset)]);
        }

        if (_stateWasLost)
        {
            StorageLog.StateRebuilt(env.Log, id, _start, new LogPosition(_epochs.Last, _end));
        }

        var appended = new LogPosition(_epochs.Last, _end);
        Segment? tail = _segments.Count > 0 ? _segments[^1] : null;
        var bounds = new LogBounds(_start, _start.Offset, appended, appended, tail?.Base ?? Offset.None, tail?.Bytes ?? 0);
        return new RecoveredLog(new SegmentMap([.. _segments]), _epochs, bounds);
    }

    private Segment OpenSegment(Offset baseOffset)
    {
        IDiskFile file = env.Disk.Open(PathOf(baseOffset), DiskAccess.ReadWrite);
        return new Segment(env.Disk, directory, baseOffset, file, file.Length);
    }

    private void DeleteFiles(Offset baseOffset)
    {
        env.Disk.DeleteFile(SegmentName.PathOf(directory, baseOffset, SegmentName.OffsetIndex));
        env.Disk.DeleteFile(SegmentName.PathOf(directory, baseOffset, SegmentName.TimeIndex));
        env.Disk.DeleteFile(PathOf(baseOffset));
    }

    private string PathOf(Offset baseOffset) => SegmentName.PathOf(directory, baseOffset, SegmentName.Log);

    private static SegmentFacts? FactsOf(RecoveryCheckpoint checkpoint, Offset baseOffset)
    {
        int at = IndexOf(checkpoint, baseOffset);
        return at < 0 ? null : checkpoint.Segments[at];
    }

    private static int IndexOf(RecoveryCheckpoint checkpoint, Offset baseOffset)
    {
        for (int i = 0; i < checkpoint.Segments.Count; i++)
        {
            if (checkpoint.Segments[i].Base == baseOffset)
            {
                return i;
            }
        }

        return -1;
    }

    private static LogDamageException Damaged(string path, long position, string reason) =>
        new(new LogDamage(path, position, reason));
}
