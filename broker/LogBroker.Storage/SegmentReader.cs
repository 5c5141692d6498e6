using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Finds and checks batches in one segment that the caller holds. Index look-ups are hints: the batch they point to must be what
/// the entry says, else the index is rebuilt once.
/// </summary>
internal readonly struct SegmentReader(PartitionLog log, Segment segment)
{
    /// <summary>
    /// Fills a slice with whole batches from the one that holds <paramref name="from"/>; false when there is none below
    /// <paramref name="limit"/>. An empty batch may reach behind it: its range was committed, even where this replica does not know that
    /// again yet.
    /// </summary>
    public bool TryFill(SegmentSlice slice, Offset from, Offset limit, int bytesMax)
    {
        LogEpochs epochs = log.Epochs;
        limit = Offset.Min(limit, epochs.NextStartBehind(from));
        long end = segment.Bytes;
        var window = new SegmentWindow(segment);
        try
        {
            long start = Find(ref window, from);
            if (start >= end)
            {
                return false;
            }

            segment.ReadAhead(start, bytesMax);
            RecordBatch first = Header(ref window, start);
            Offset baseOffset = first.BaseOffset;
            Offset next = baseOffset;
            long position = start;
            while (position < end)
            {
                RecordBatch batch = Header(ref window, position);
                int totalBytes = batch.TotalBytes;
                bool isFirst = position == start;
                if (!isFirst && (batch.IsEpochRow || batch.NextOffset > limit || position + totalBytes - start > bytesMax))
                {
                    break;
                }

                // The first one is checked before its end is compared with the limit: a damaged length would look like nothing to read.
                CheckOrder(batch, position, next, epochs);
                Offset behind = batch.NextOffset;
                bool isEmpty = batch.IsEmpty;
                CheckBytes(ref window, batch.Crc, position, totalBytes);
                if (behind > limit && !isEmpty)
                {
                    break;
                }

                next = behind;
                position += totalBytes;
                position = SkipVerified(ref window, start, position, limit, bytesMax, ref next);
            }

            if (position == start)
            {
                return false;
            }

            slice.Fill(start, (int)(position - start), baseOffset, next);
            log.NoteCursor(segment, next, position);
            return true;
        }
        finally
        {
            window.Dispose();
        }
    }

    /// <summary>
    /// Fills a slice with the items behind a position, epoch rows among them; false when the segment ends there. The first one may be an
    /// empty batch that the position lies in: who has its begin takes the rest of it.
    /// </summary>
    public bool TryFillItems(SegmentSlice slice, LogPosition from, int bytesMax)
    {
        LogEpochs epochs = log.Epochs;
        long end = segment.Bytes;
        var window = new SegmentWindow(segment);
        try
        {
            long start = SkipItems(ref window, from, end);
            if (start >= end)
            {
                return false;
            }

            Offset next = from.Offset;
            long position = start;
            while (position < end)
            {
                RecordBatch item = Header(ref window, position);
                int totalBytes = item.TotalBytes;
                if (position > start && position + totalBytes - start > bytesMax)
                {
                    break;
                }

                bool isRow = item.IsEpochRow;
                if (!isRow)
                {
                    bool liesInEmpty = position == start && EmptyBatch.CanCutFront(item, next);
                    CheckOrder(item, position, liesInEmpty ? item.BaseOffset : next, epochs);
                }

                Offset behind = item.NextOffset;
                CheckBytes(ref window, item.Crc, position, totalBytes);
                next = isRow ? next : behind;
                position += totalBytes;
            }

            slice.Fill(start, (int)(position - start), from.Offset, next);
            return true;
        }
        finally
        {
            window.Dispose();
        }
    }

    /// <summary>Over rows of epochs that the position has, and records in front of it.</summary>
    private long SkipItems(ref SegmentWindow window, LogPosition from, long end)
    {
        OffsetEntry? entry = log.EntriesOf(segment).FloorByOffset(from.Offset - segment.Base - 1);
        long position = entry is { } floor && IsTrue(ref window, floor) ? floor.Position : 0;
        while (position < end)
        {
            RecordBatch item = Header(ref window, position);
            if (item.IsEpochRow ? item.LeaderEpoch > from.Epoch : item.NextOffset > from.Offset)
            {
                break;
            }

            position += item.TotalBytes;
        }

        return position;
    }

    /// <summary>The byte at which the batch that holds an offset begins; the end of the segment if there is none.</summary>
    public long Find(ref SegmentWindow window, Offset offset)
    {
        if (log.CursorAt(segment, offset) is { } remembered)
        {
            return SkipTo(ref window, remembered, offset);
        }

        OffsetEntry? entry = log.EntriesOf(segment).FloorByOffset(offset - segment.Base);
        if (entry is { } floor && !IsTrue(ref window, floor))
        {
            StorageLog.IndexRebuilt(log.Env.Log, log.Id, segment.Path);
            entry = segment.Index.IsOpen ? null : log.RebuildIndex(segment).FloorByOffset(offset - segment.Base);
        }

        return SkipTo(ref window, entry?.Position ?? 0, offset);
    }

    /// <summary>The header at a position, checked in itself.</summary>
    public RecordBatch Header(ref SegmentWindow window, long position)
    {
        ReadOnlySpan<byte> bytes = window.At(position, BatchHeader.Bytes);
        if (bytes.Length < BatchHeader.Bytes)
        {
            throw Damaged(position, "the file ends inside a batch header");
        }

        var batch = new RecordBatch(bytes);
        if (batch.CheckHeader() is not BatchFault.None and BatchFault fault)
        {
            throw Damaged(position, BatchScanner.Describe(fault));
        }

        if (batch.TotalBytes < BatchHeader.Bytes || position + batch.TotalBytes > segment.Bytes)
        {
            throw Damaged(position, $"batch length {batch.TotalBytes} reaches behind the end of the segment");
        }

        return batch;
    }

    /// <summary>Checks the CRC of a batch unless it was checked before.</summary>
    public void CheckBytes(ref SegmentWindow window, uint expected, long position, int totalBytes)
    {
        if (segment.Verified.Contains(position, position + totalBytes))
        {
            return;
        }

        uint crc = window.Crc(position + BatchHeader.CrcCoverageAt, totalBytes - BatchHeader.CrcCoverageAt);
        if (crc != expected)
        {
            throw Damaged(position, $"crc expected {expected:x8}, got {crc:x8}");
        }

        segment.Verified.Add(position, position + totalBytes);
    }

    public LogDamageException Damaged(long position, string reason) => new(new LogDamage(segment.Path, position, reason));

    private void CheckOrder(RecordBatch batch, long position, Offset expectedBase, LogEpochs epochs)
    {
        if (batch.BaseOffset != expectedBase)
        {
            throw Damaged(position, $"base offset {batch.BaseOffset} where {expectedBase} is due");
        }

        Epoch due = epochs.At(batch.BaseOffset);
        if (batch.LeaderEpoch != due)
        {
            throw Damaged(position, $"leader epoch {batch.LeaderEpoch} where {due} is due");
        }
    }

    private long SkipTo(ref SegmentWindow window, long position, Offset offset)
    {
        long end = segment.Bytes;
        while (position < end)
        {
            RecordBatch batch = Header(ref window, position);
            if (!batch.IsEpochRow && batch.NextOffset > offset)
            {
                return batch.BaseOffset <= offset
                    ? position
                    : throw Damaged(position, $"base offset {batch.BaseOffset} where offset {offset} is due");
            }

            position += batch.TotalBytes;
        }

        return position;
    }

    /// <summary>
    /// Jumps with the index over batches that were checked before and fit in; a jump never passes a row, because the limit does not.
    /// </summary>
    private long SkipVerified(ref SegmentWindow window, long start, long position, Offset limit, int bytesMax, ref Offset next)
    {
        long verifiedEnd = segment.Verified.EndFrom(position);
        if (verifiedEnd - position < IDiskMapping.PopulateBytesMax)
        {
            return position;
        }

        IndexEntries entries = log.EntriesOf(segment);
        OffsetEntry? byBytes = entries.FloorByPosition(Math.Min(verifiedEnd - 1, start + bytesMax));
        OffsetEntry? byOffset = entries.FloorByOffset(limit - segment.Base - 1);
        if (byBytes is not { } a || byOffset is not { } b)
        {
            return position;
        }

        OffsetEntry target = a.Position < b.Position ? a : b;
        if (target.Position <= position || !IsTrue(ref window, target))
        {
            return position;
        }

        next = Header(ref window, target.Position).BaseOffset;
        return target.Position;
    }

    /// <summary>True when the entry points to the batch that it says.</summary>
    private bool IsTrue(ref SegmentWindow window, OffsetEntry entry)
    {
        ReadOnlySpan<byte> bytes = window.At(entry.Position, BatchHeader.Bytes);
        if (bytes.Length < BatchHeader.Bytes)
        {
            return false;
        }

        var batch = new RecordBatch(bytes);
        return batch.CheckHeader() == BatchFault.None
            && !batch.IsEpochRow
            && batch.LastOffset - segment.Base == entry.RelativeOffset
            && entry.Position + (long)batch.TotalBytes <= segment.Bytes;
    }
}
