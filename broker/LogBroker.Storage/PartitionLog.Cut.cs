using LogBroker.Protocol;

namespace LogBroker.Storage;

public sealed partial class PartitionLog
{
    /// <summary>
    /// Cuts the log as a leader's answer <em>diverging (d, o)</em> says (R17): keeps the longest prefix of items with no row of an
    /// epoch above d and no record at or behind o. Waits for a running flush; durable when it returns.
    /// </summary>
    /// <returns>False when what is to be kept of the file is damaged: nothing was cut, and the partition is quarantined.</returns>
    public bool Truncate(Epoch epoch, Offset offset)
    {
        RequireUsable();
        lock (_flushGate)
        {
            LogBounds bounds = _bounds;
            LogPosition cut;
            Segment target;
            long position;
            try
            {
                cut = CutPosition(epoch, offset, out target, out position);
                RequireIntact(target, position);
            }
            catch (LogDamageException e)
            {
                _ = Quarantine(e.Damage);
                return false;
            }

            Invariant.RequireAtMost(bounds.HighWatermark, cut.Offset);
            Invariant.Require(cut < bounds.Appended && cut >= bounds.Start);
            _cuts++;
            GuardedByFatal("truncation", () =>
            {
                LogEpochs epochs = _epochs.CutTo(cut);
                LowerCheckpoint(cut, epochs, target, position);
                int kept = _map.Segments.IndexOf(target);
                RemoveBehind(kept);
                Segment shortened = CutFile(target, position);
                Publish(epochs);
                ReadCursors.Clear();
                Publish(_map.Upto(kept).Add(shortened));
                LogPosition durable = bounds.Durable < cut ? bounds.Durable : cut;
                if (_lastMark.Position > cut)
                {
                    _lastMark = new FlushMark(cut, _cuts, shortened.Base, shortened.Bytes);
                }

                Publish(_bounds.With(durable: durable, appended: cut, tailBase: shortened.Base, tailBytes: shortened.Bytes));
            });
            return true;
        }
    }

    /// <summary>
    /// Begins the log anew at a leader's log start (R26, <em>reset</em>): all that it holds goes. Durable when it returns.
    /// </summary>
    public void Reset(LogPosition start)
    {
        RequireUsable();
        lock (_flushGate)
        {
            LogBounds bounds = _bounds;
            Invariant.Require(start > bounds.Appended && start.Offset >= bounds.HighWatermark);
            _cuts++;
            GuardedByFatal("reset", () =>
            {
                var batch = new StateBatch();
                RecoveryCheckpoint.Clear(batch, Id);
                _env.State.Write(batch, sync: true);
                SegmentMap old = _map;
                Publish(SegmentMap.Empty);
                ReadCursors.Clear();
                for (int i = old.Segments.Length - 1; i >= 0; i--)
                {
                    LetGo(old.Segments[i]);
                }

                _env.Disk.SyncDirectory(Directory);
                batch.Clear();
                RecoveryCheckpoint.StoreLogStart(batch, Id, start);
                _env.State.Write(batch, sync: true);
                Publish(LogEpochs.Of([new EpochRow(start.Epoch, start.Offset)]));
                Publish(new LogBounds(start, start.Offset, start, start, Offset.None, 0));
                _lastMark = new FlushMark(start, _cuts, Offset.None, 0);
                _storedEpochs = null;
                _segmentsVersion++;
            });
        }
    }

    /// <summary>The position behind the items that stay, and the byte of the first that goes.</summary>
    private LogPosition CutPosition(Epoch epoch, Offset offset, out Segment target, out long position)
    {
        Offset end = Offset.Min(offset, _bounds.End);
        foreach (EpochRow row in _epochs.Rows)
        {
            if (row.Epoch > epoch)
            {
                end = Offset.Min(end, row.Start);
                break;
            }
        }

        int at = _map.IndexOf(end);
        Invariant.Require(at >= 0);
        target = _map.Segments[at];
        Offset next = target.Base;
        Epoch last = target.Base > Offset.Zero ? _epochs.At(target.Base - 1) : Epoch.None;
        position = 0;
        var reader = new SegmentReader(this, target);
        var window = new SegmentWindow(target);
        try
        {
            while (position < target.Bytes)
            {
                RecordBatch batch = reader.Header(ref window, position);
                bool isRestated = position == 0 && target.Base > Offset.Zero;
                if (!isRestated && (batch.IsEpochRow ? batch.LeaderEpoch > epoch : batch.NextOffset > end))
                {
                    break;
                }

                last = batch.LeaderEpoch;
                next = Offset.Max(next, batch.NextOffset);
                position += batch.TotalBytes;
            }
        }
        finally
        {
            window.Dispose();
        }

        return new LogPosition(last, next);
    }

    /// <summary>A checkpoint above the cut would make the cut look like damage: a lower one is stored first.</summary>
    private void LowerCheckpoint(LogPosition cut, LogEpochs epochs, Segment target, long position)
    {
        if (cut >= _bounds.Durable)
        {
            return;
        }

        var batch = new StateBatch();
        RecoveryCheckpoint.StoreMark(batch, Id, new RecoveryCheckpoint(cut, target.Base, position));
        RecoveryCheckpoint.StoreRows(batch, Id, epochs);
        RecoveryCheckpoint.StoreSegments(batch, Id, [.. Facts(target.Base).Where(f => f.Base < target.Base)]);
        _env.State.Write(batch, sync: true);
        _storedEpochs = epochs;
        _segmentsVersion++;
    }

    /// <summary>Unlinks all files behind one, highest base first, durably.</summary>
    private void RemoveBehind(int kept)
    {
        SegmentMap map = _map;
        if (kept == map.Segments.Length - 1)
        {
            return;
        }

        for (int i = map.Segments.Length - 1; i > kept; i--)
        {
            LetGo(map.Segments[i]);
        }

        _env.Disk.SyncDirectory(Directory);
    }

    /// <summary>
    /// Makes the file end at a byte. Where a lease may still look behind it, the kept part goes into a new file that takes the
    /// name: a mapped file never shrinks below a lease.
    /// </summary>
    private Segment CutFile(Segment old, long position)
    {
        string path = old.Path;
        bool mustHold = old.TryHold();
        Invariant.Require(mustHold);
        bool isFree = !old.Retire() && old.IsHeldOnce;
        IDiskFile file;
        if (isFree)
        {
            file = _env.Disk.Open(path, DiskAccess.ReadWrite);
            file.SetLength(position);
            file.Sync();
        }
        else
        {
            file = CopyUpto(old, position, path);
            _env.DeletedSegments.Add(old);
        }

        old.Release();
        old.Index.DeleteFiles(_env.Disk);
        var segment = new Segment(_env.Disk, Directory, old.Base, file, position)
        {
            FirstAppendMs = old.FirstAppendMs,
            LastAppendMs = old.LastAppendMs,
        };
        Reindex(segment, position);
        if (segment.Next == segment.Base)
        {
            segment.FirstAppendMs = segment.LastAppendMs = -1;
        }

        segment.SetFileBytes(Math.Max(position, SegmentBytesLimit));
        return segment;
    }

    private IDiskFile CopyUpto(Segment old, long position, string path)
    {
        string temporary = path + SegmentName.Temporary;
        _env.Disk.DeleteFile(temporary);
        IDiskFile file = _env.Disk.Open(temporary, DiskAccess.CreateNew);
        var buffer = new byte[IDiskMapping.PopulateBytesMax];
        for (long at = 0; at < position;)
        {
            Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, position - at));
            old.Copy(at, piece);
            file.Write(at, piece);
            at += piece.Length;
        }

        file.Sync();
        _env.Disk.Rename(temporary, path);
        _env.Disk.SyncDirectory(Directory);
        return file;
    }

    /// <summary>Damage in front of a cut is found before anything is changed.</summary>
    private static void RequireIntact(Segment segment, long bytes)
    {
        using var scanner = new BatchScanner(segment.File, 0);
        while (scanner.NextPosition < bytes)
        {
            if (scanner.MoveNext() != ScanStep.Batch)
            {
                throw new LogDamageException(new LogDamage(segment.Path, scanner.Position, scanner.Fault));
            }
        }
    }

    private void Reindex(Segment segment, long bytes)
    {
        using var scanner = new BatchScanner(segment.File, 0);
        while (scanner.NextPosition < bytes)
        {
            Invariant.Require(scanner.MoveNext() == ScanStep.Batch);
            RecordBatch batch = scanner.Current;
            if (!batch.IsEpochRow)
            {
                segment.Index.Add(
                    (int)(batch.LastOffset - segment.Base),
                    (int)scanner.Position,
                    batch.TotalBytes,
                    batch.MaxTimestampMs,
                    _config.IndexIntervalBytes);
            }

            segment.Recovered(scanner.NextPosition, batch.NextOffset, !batch.IsEpochRow);
        }
    }

    /// <summary>Unlinks a segment's files; its room comes back when the last lease does.</summary>
    private void LetGo(Segment segment)
    {
        segment.DeleteFiles();
        if (!segment.Retire())
        {
            _env.DeletedSegments.Add(segment);
        }

        _env.Metrics.SegmentsDeleted.Add(1);
    }
}
