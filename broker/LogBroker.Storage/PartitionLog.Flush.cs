using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>What a flush turn made durable in one log: everything up to a position, unless a cut came in between.</summary>
/// <param name="Position">The appended position when the turn began.</param>
/// <param name="Cuts">How many cuts the log had seen.</param>
/// <param name="TailBase">Base of the segment that the position lies in.</param>
/// <param name="TailBytes">The byte behind it.</param>
public readonly record struct FlushMark(LogPosition Position, int Cuts, Offset TailBase, long TailBytes);

/// <summary>Is told of finished flush turns, on the flush thread: hand over to the owner of the log and return.</summary>
public interface IFlushListener
{
    /// <summary>Everything up to the mark is durable; <see cref="PartitionLog.CompleteFlush"/> must be called by the owner.</summary>
    void Flushed(PartitionLog log, FlushMark mark);
}

public sealed partial class PartitionLog
{
    private int _flushWanted;

    /// <summary>
    /// Moves the durable position to what a flush turn reached; the owner's part. False when a cut came in between, and nothing
    /// changed.
    /// </summary>
    public bool CompleteFlush(FlushMark mark)
    {
        if (mark.Cuts != _cuts)
        {
            return false;
        }

        LogBounds bounds = _bounds;
        if (mark.Position > bounds.Durable)
        {
            Publish(bounds.With(durable: mark.Position));
        }

        _lastMark = mark;

        return true;
    }

    /// <summary>True for the first who asks between two turns.</summary>
    internal bool TryWantFlush() => Interlocked.Exchange(ref _flushWanted, 1) == 0;

    /// <summary>
    /// Begins the flush thread's work on this log; cuts and closing wait until <see cref="ExitFlush"/>. False when closed.
    /// </summary>
    internal bool TryEnterFlush()
    {
        _flushGate.Enter();
        Volatile.Write(ref _flushWanted, 0);
        if (!_closed && !_broken)
        {
            return true;
        }

        _flushGate.Exit();
        return false;
    }

    internal void ExitFlush() => _flushGate.Exit();

    /// <summary>
    /// Syncs all that was appended when it began: names first, then files in the order of their offsets (R9 e). Under the flush gate.
    /// </summary>
    internal FlushMark SyncFiles()
    {
        LogBounds bounds = Bounds;
        SegmentMap map = Volatile.Read(ref _map);
        var mark = new FlushMark(bounds.Appended, _cuts, bounds.TailBase, bounds.TailBytes);
        bool namesUnsynced = false;
        foreach (Segment segment in map.Segments)
        {
            namesUnsynced |= segment.TakeNameUnsynced();
        }

        if (namesUnsynced)
        {
            SyncNames(map);
        }

        foreach (Segment segment in map.Segments)
        {
            if (segment.IsDirty && segment.TryHold())
            {
                SyncHeld(segment);
                segment.Release();
            }
        }

        return mark;
    }

    /// <summary>Adds the checkpoint of a flush, and what else of it changed since the last. Under the flush gate.</summary>
    internal void AddCheckpoint(StateBatch batch, FlushMark mark)
    {
        if (mark.TailBase == Offset.None)
        {
            return;
        }

        RecoveryCheckpoint.StoreMark(batch, Id, new RecoveryCheckpoint(mark.Position, mark.TailBase, mark.TailBytes));
        LogEpochs epochs = Epochs.CutTo(mark.Position);
        if (_storedEpochs is null || !_storedEpochs.Rows.SequenceEqual(epochs.Rows))
        {
            RecoveryCheckpoint.StoreRows(batch, Id, epochs);
            _storedEpochs = epochs;
        }

        int version = Volatile.Read(ref _segmentsVersion);
        if (version != _storedSegmentsVersion)
        {
            RecoveryCheckpoint.StoreSegments(batch, Id, Facts(mark.TailBase));
            _storedSegmentsVersion = version;
        }
    }

    private void SyncNames(SegmentMap map)
    {
        try
        {
            _env.Disk.SyncDirectory(Directory);
        }
        catch (DiskBusyException)
        {
            // Nothing was synced: the directory could not even be opened.
            foreach (Segment segment in map.Segments)
            {
                segment.MarkNameUnsynced();
            }

            throw;
        }
    }

    private void SyncHeld(Segment segment)
    {
        bool isClosed = segment.IsClosed;
        if (!segment.TakeDirty())
        {
            return;
        }

        long started = _env.Time.GetTimestamp();
        if (isClosed)
        {
            segment.File.Sync();
        }
        else
        {
            segment.File.SyncData();
        }

        _env.Metrics.FsyncSeconds.Record(_env.Time.GetElapsedTime(started).TotalSeconds);
        if (isClosed)
        {
            segment.Index.Sync(_env.Disk);
        }
    }

    private List<SegmentFacts> Facts(Offset lastBase)
    {
        var facts = new List<SegmentFacts>();
        foreach (Segment segment in Volatile.Read(ref _map).Segments)
        {
            if (segment.Base <= lastBase)
            {
                facts.Add(new SegmentFacts(
                    segment.Base,
                    segment.Bytes,
                    segment.Index.MaxTimestampMs,
                    segment.FirstAppendMs,
                    segment.LastAppendMs));
            }
        }

        return facts;
    }
}
