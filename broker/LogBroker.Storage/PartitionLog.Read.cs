using LogBroker.Protocol;

namespace LogBroker.Storage;

public sealed partial class PartitionLog
{
    /// <summary>
    /// Leases whole batches from the one that holds <paramref name="from"/> on, out of one segment, ending in front of the next epoch
    /// row: at most <paramref name="bytesMax"/> bytes but at least one batch, and nothing at or behind <paramref name="limit"/> or the
    /// high watermark. Empty when there is nothing to read there yet, or the log is closed. Any thread.
    /// </summary>
    /// <remarks>
    /// Every byte is checked, header, order, epoch and CRC, at least once since the process started before it is served; what fails is
    /// never served and quarantines the partition.
    /// </remarks>
    /// <returns>A slice to dispose; or OffsetOutOfRange, or PartitionQuarantined.</returns>
    public Result<LogSlice> Read(Offset from, Offset limit, int bytesMax)
    {
        while (true)
        {
            if (Damage is { } damage)
            {
                return LogErrors.Quarantined(damage);
            }

            LogBounds bounds = Bounds;
            if (from < bounds.LogStart || from > bounds.End)
            {
                return LogErrors.OutOfRange(Id, from, bounds);
            }

            limit = Offset.Min(limit, bounds.HighWatermark);
            if (from >= limit || Volatile.Read(ref _closed))
            {
                return LogSlice.Empty(from);
            }

            SegmentMap map = Volatile.Read(ref _map);
            int at = map.IndexOf(from);
            if (at >= 0 && TryRead(map.Segments[at], from, limit, bytesMax) is { } result)
            {
                return result;
            }

            Thread.Yield();
        }
    }

    /// <summary>Null when the segment was let go meanwhile: ask again.</summary>
    private Result<LogSlice>? TryRead(Segment segment, Offset from, Offset limit, int bytesMax)
    {
        var slice = new SegmentSlice(segment, _env.Time.GetTimestamp());
        if (!segment.TryLease(slice))
        {
            return null;
        }

        bool isLeased = false;
        try
        {
            isLeased = new SegmentReader(this, segment).TryFill(slice, from, limit, bytesMax);
            return isLeased ? (Result<LogSlice>)(LogSlice)slice : LogSlice.Empty(from);
        }
        catch (LogDamageException e)
        {
            return QuarantineUnlessGone(from, e.Damage);
        }
        catch (DiskReadException e)
        {
            return QuarantineUnlessGone(from, new LogDamage(segment.Path, 0, e.Message));
        }
        finally
        {
            if (!isLeased)
            {
                slice.Abandon();
            }
        }
    }

    /// <summary>
    /// Null when the log start has passed the offset meanwhile: bounds, rows and segments are published one after the other, so what
    /// looked wrong may be a mix of before and after.
    /// </summary>
    private Result<LogSlice>? QuarantineUnlessGone(Offset from, LogDamage damage)
    {
        if (from < Bounds.LogStart)
        {
            return null;
        }

        return Quarantine(damage);
    }

    /// <summary>The entries of a segment's index, rebuilt from the log when the files cannot be used.</summary>
    internal IndexEntries EntriesOf(Segment segment)
    {
        if (segment.Index.TryEntries(_env.Disk, segment.Bytes) is { } entries)
        {
            return entries;
        }

        StorageLog.IndexRebuilt(_env.Log, Id, segment.Path);
        return RebuildIndex(segment);
    }

    /// <summary>Builds the index of a closed segment from its log.</summary>
    internal IndexEntries RebuildIndex(Segment segment)
    {
        var rebuilt = new SegmentIndex(Directory, segment.Base);
        using var scanner = new BatchScanner(segment.File, 0);
        while (scanner.NextPosition < segment.Bytes)
        {
            if (scanner.MoveNext() != ScanStep.Batch)
            {
                throw new LogDamageException(new LogDamage(segment.Path, scanner.Position, scanner.Fault));
            }

            RecordBatch batch = scanner.Current;
            if (!batch.IsEpochRow)
            {
                rebuilt.Add(
                    (int)(batch.LastOffset - segment.Base),
                    (int)scanner.Position,
                    batch.TotalBytes,
                    batch.MaxTimestampMs,
                    _config.IndexIntervalBytes);
            }
        }

        IndexEntries entries = segment.Index.Replace(_env.Disk, rebuilt, save: !segment.IsRetired && segment.HasName);
        if (segment.IsRetired && segment.HasName)
        {
            segment.Index.DropFiles(_env.Disk);
        }

        return entries;
    }

    internal long? CursorAt(Segment segment, Offset offset) => ReadCursors.Find(segment, offset);

    internal void NoteCursor(Segment segment, Offset offset, long position) => ReadCursors.Note(segment, offset, position);
}

/// <summary>Carries damage out of a walk over a segment; never leaves storage.</summary>
internal sealed class LogDamageException(LogDamage damage) : Exception(damage.ToString())
{
    public LogDamage Damage { get; } = damage;
}
