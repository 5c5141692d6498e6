using System.Collections.Immutable;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Writes what is left of neighbouring segments into one file aside, front to back. Ranges stay dense: a batch without records left
/// becomes an empty one, and neighbours of one leader epoch become one empty batch. Of one thread; made, run and dropped.
/// Failure policy: disk exceptions go to the caller, which removes the file.
/// </summary>
internal sealed class SegmentRewrite : IDisposable
{
    private const int BufferBytes = 512 * 1024;

    /// <summary>Beyond it positions might not fit an index: tombstones that get a horizon may grow.</summary>
    private const long BytesMax = int.MaxValue - BatchScanner.BatchBytesMax - (1024 * 1024);

    private readonly IDisk _disk;
    private readonly CompactionPlan _plan;
    private readonly CompactionFilter _filter;
    private readonly BatchRewriter _rewriter;
    private readonly CleanerPace _pace;
    private readonly ImmutableArray<Segment> _group;
    private readonly IDiskFile _file;
    private readonly byte[] _small = new byte[EmptyBatch.Bytes];
    private readonly byte[] _buffer;
    private int _buffered;
    private long _bytes;
    private Offset _next;
    private bool _endsWithRecord;
    private bool _hasChanged;
    private bool _isKept;

    // The empty range that waits for its neighbours; none when both ends are equal.
    private Epoch _emptyEpoch;
    private Offset _emptyFrom;
    private Offset _emptyNext;

    public SegmentRewrite(
        IDisk disk,
        CompactionPlan plan,
        ImmutableArray<Segment> group,
        CompactionFilter filter,
        BatchRewriter rewriter,
        CleanerPace pace)
    {
        _disk = disk;
        _plan = plan;
        _group = group;
        _filter = filter;
        _rewriter = rewriter;
        _pace = pace;
        _next = group[0].Base;
        Path = SegmentName.PathOf(plan.Log.Directory, group[0].Base, SegmentName.Cleaned);
        disk.DeleteFile(Path);
        _file = disk.Open(Path, DiskAccess.CreateNew);
        _buffer = new byte[BufferBytes];
        Segment = new Segment(disk, plan.Log.Directory, group[0].Base, _file, 0);
    }

    public string Path { get; }

    public Segment Segment { get; }

    public long RecordsBefore { get; private set; }

    public long RecordsAfter { get; private set; }

    public long BytesRead { get; private set; }

    public long BytesBefore => _group.Sum(s => s.Bytes);

    /// <summary>Writes the file and makes it durable; null when it would be what is there, and when it cannot be completed.</summary>
    public Replacement? Run(out bool isComplete)
    {
        isComplete = true;
        _hasChanged = _group.Length > 1;
        for (int i = 0; i < _group.Length; i++)
        {
            isComplete = TryCopy(_group[i], isFirst: i == 0);
            if (!isComplete)
            {
                return null;
            }
        }

        FlushEmpty();
        Invariant.Require(_next == _group[^1].Next && _endsWithRecord);
        if (!_hasChanged)
        {
            return null;
        }

        FlushBuffer();
        Segment.Recovered(_bytes, _next, endsWithRecord: true);
        Segment.SetFileBytes(_bytes);
        _file.Sync();
        Segment.FirstAppendMs = _group.Min(s => s.FirstAppendMs);
        Segment.LastAppendMs = _group.Max(s => s.LastAppendMs);
        Segment.Index.SaveAside(_disk);
        Segment.MarkClosed();
        _isKept = true;
        return new Replacement(_group, Segment, Path);
    }

    /// <summary>Removes the file unless it is to be used.</summary>
    public void Dispose()
    {
        if (!_isKept)
        {
            _ = Segment.Retire();
            if (!_plan.Log.IsClosed)
            {
                _disk.DeleteFile(Path);
            }
        }
    }

    private bool TryCopy(Segment segment, bool isFirst)
    {
        var order = new BatchOrder(segment);
        using var scanner = new BatchScanner(segment.File, 0);
        while (scanner.NextPosition < segment.Bytes)
        {
            if (_pace.IsStopped || _plan.Log.IsClosed)
            {
                return false;
            }

            if (scanner.MoveNext() != ScanStep.Batch)
            {
                throw new LogDamageException(new LogDamage(segment.Path, scanner.Position, scanner.Fault));
            }

            order.Take(scanner.Current, scanner.Position);
            int bytes = (int)(scanner.NextPosition - scanner.Position);
            BytesRead += bytes;
            _pace.Take(bytes);
            bool isRestated = scanner.Position == 0 && segment.Base > Offset.Zero;
            if (!isRestated || isFirst)
            {
                Take(scanner.CurrentMemory);
            }

            if (_bytes + _buffered > BytesMax)
            {
                return false;
            }
        }

        return true;
    }

    private void Take(ReadOnlyMemory<byte> bytes)
    {
        var batch = new RecordBatch(bytes.Span);
        if (batch.IsEpochRow)
        {
            FlushEmpty();
            Write(batch.Bytes);
            _endsWithRecord = false;
            return;
        }

        RecordsBefore += batch.RecordsCount;
        if (batch.IsEmpty)
        {
            bool isKept = _plan.Kept.Keeps(batch);
            _hasChanged |= !isKept && batch.ProducerId.IsSome;
            Empty(batch, isKept);
            return;
        }

        _filter.BatchHorizonMs = batch.DeleteHorizonMs;
        RewriteOutcome outcome = batch.BaseOffset >= _filter.End
            ? RewriteOutcome.Unchanged
            : _rewriter.Rewrite(bytes, _filter, _plan.HorizonMs);
        if (outcome == RewriteOutcome.Emptied)
        {
            _hasChanged = true;
            Empty(batch, _plan.Kept.Keeps(batch));
            return;
        }

        FlushEmpty();
        _hasChanged |= outcome == RewriteOutcome.Changed;
        WriteBatch(outcome == RewriteOutcome.Changed ? _rewriter.Result : batch.Bytes);
    }

    /// <summary>A batch without records: as it is when it is kept, else a part of the empty range.</summary>
    private void Empty(RecordBatch batch, bool isKept)
    {
        if (isKept)
        {
            FlushEmpty();
            if (batch.IsEmpty)
            {
                WriteBatch(batch.Bytes);
                return;
            }

            EmptyBatch.WriteKept(_small, batch);
            WriteBatch(_small);
            return;
        }

        bool isNeighbour = _emptyNext > _emptyFrom
            && _emptyEpoch == batch.LeaderEpoch
            && batch.NextOffset - _emptyFrom <= EmptyBatch.SpanMax;
        if (!isNeighbour)
        {
            FlushEmpty();
            (_emptyEpoch, _emptyFrom) = (batch.LeaderEpoch, batch.BaseOffset);
        }
        else
        {
            _hasChanged = true;
        }

        _emptyNext = batch.NextOffset;
    }

    private void FlushEmpty()
    {
        if (_emptyNext > _emptyFrom)
        {
            EmptyBatch.Write(_small, _emptyEpoch, _emptyFrom, _emptyNext);
            _emptyFrom = _emptyNext;
            WriteBatch(_small);
        }
    }

    private void WriteBatch(ReadOnlySpan<byte> bytes)
    {
        var batch = new RecordBatch(bytes);
        Invariant.Require(batch.BaseOffset == _next);
        Segment.Index.Add(
            (int)(batch.LastOffset - Segment.Base),
            (int)(_bytes + _buffered),
            bytes.Length,
            batch.MaxTimestampMs,
            _plan.Config.IndexIntervalBytes);
        _next = batch.NextOffset;
        _endsWithRecord = true;
        RecordsAfter += batch.RecordsCount;
        Write(bytes);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (_buffered + bytes.Length > _buffer.Length)
        {
            FlushBuffer();
        }

        if (bytes.Length > _buffer.Length)
        {
            _pace.Take(bytes.Length);
            _file.Write(_bytes, bytes);
            _bytes += bytes.Length;
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_buffered));
        _buffered += bytes.Length;
    }

    private void FlushBuffer()
    {
        if (_buffered > 0)
        {
            _pace.Take(_buffered);
            _file.Write(_bytes, _buffer.AsSpan(0, _buffered));
            _bytes += _buffered;
            _buffered = 0;
        }
    }
}

/// <summary>
/// Which records stay: the newest of each key as far as the map goes, and tombstones until their horizon has passed. A tombstone goes only
/// where an earlier compaction has been put in place as a whole: what it deletes is gone for good there, whatever a crash leaves of this
/// compaction.
/// </summary>
internal sealed class CompactionFilter(KeyOffsets map, Offset firstDirty, Offset end, long nowMs) : IRecordFilter
{
    /// <summary>Behind the last record that the map knows.</summary>
    public Offset End => end;

    /// <summary>The delete horizon of the present batch, or null.</summary>
    public long? BatchHorizonMs { get; set; }

    public bool Keeps(Offset offset, ReadOnlySpan<byte> key, bool isTombstone)
    {
        if (offset >= end)
        {
            return true;
        }

        bool hasExpired = isTombstone && offset < firstDirty && BatchHorizonMs is { } horizon && nowMs >= horizon;
        return !hasExpired && offset >= map.Find(key);
    }
}
