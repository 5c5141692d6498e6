using LogBroker.Protocol;

namespace LogBroker.Storage;

internal sealed partial class LogRecovery
{
    /// <summary>Checks files from one on: every batch, across files too; cuts above the checkpoint where that fails.</summary>
    private void ScanFrom(List<Offset> bases, int first)
    {
        for (int i = first; i < bases.Count; i++)
        {
            Segment segment = OpenSegment(bases[i]);
            segment.MarkNameUnsynced();
            _segments.Add(segment);
            if (i == 0)
            {
                _end = bases[0];
            }

            if (Scan(segment, bases, i) is { } fault)
            {
                if (IsBelowCheckpoint(segment.Base, fault.Position))
                {
                    throw new LogDamageException(fault);
                }

                CutAt(segment, fault, bases.GetRange(i + 1, bases.Count - i - 1));
                return;
            }
        }
    }

    /// <summary>Takes over all items of a file; what is wrong behind them, or null.</summary>
    private LogDamage? Scan(Segment segment, List<Offset> bases, int at)
    {
        if (segment.Base != _end)
        {
            return new LogDamage(segment.Path, 0, $"the segment begins at {segment.Base} where {_end} is due");
        }

        using var scanner = new BatchScanner(segment.File, 0);
        bool endsWithRecord = false;
        ScanStep step;
        string? fault = null;
        while ((step = scanner.MoveNext()) == ScanStep.Batch)
        {
            RecordBatch batch = scanner.Current;
            fault = TakeItem(segment, batch, scanner.Position);
            if (fault is not null)
            {
                break;
            }

            endsWithRecord = !batch.IsEpochRow;
            segment.Recovered(scanner.NextPosition, _end, endsWithRecord);
            CheckAgainstCheckpoint(segment, scanner.NextPosition);
        }

        long end = segment.Bytes;
        segment.Verified.Add(0, end);
        _scannedBytes += end;
        if (fault is null && step == ScanStep.Bad)
        {
            fault = scanner.Fault;
        }

        if (fault is null)
        {
            RemoveMerged(bases, at);
            fault = FaultBehind(segment, at + 1 < bases.Count ? bases[at + 1] : null);
        }

        TakeTimes(segment);
        return fault is null ? null : new LogDamage(segment.Path, end, fault);
    }

    /// <summary>
    /// Removes files that lie inside the present one, which holds what compaction left of them: their removal was not durable. Only where
    /// it ends exactly in front of another file: otherwise it is no such file.
    /// </summary>
    private void RemoveMerged(List<Offset> bases, int at)
    {
        int behind = bases.IndexOf(_end);
        if (behind <= at + 1)
        {
            return;
        }

        for (int i = at + 1; i < behind; i++)
        {
            DeleteFiles(bases[i]);
        }

        env.Disk.SyncDirectory(directory);
        bases.RemoveRange(at + 1, behind - at - 1);
    }

    /// <summary>Adds a batch or row to what was recovered; what forbids that, or null.</summary>
    private string? TakeItem(Segment segment, RecordBatch batch, long position)
    {
        if (position == 0 && segment.Base > Offset.Zero)
        {
            return TakeRestatedRow(segment, batch);
        }

        if (batch.BaseOffset != _end)
        {
            return $"base offset {batch.BaseOffset} where {_end} is due";
        }

        if (batch.IsEpochRow)
        {
            if (batch.LeaderEpoch <= _epochs.Last)
            {
                return $"a row of epoch {batch.LeaderEpoch} behind one of epoch {_epochs.Last}";
            }

            if (options.EpochMax is { } max && batch.LeaderEpoch > max)
            {
                return $"a row of epoch {batch.LeaderEpoch}, above the stored epoch {max}";
            }

            _epochs = _epochs.Add(new EpochRow(batch.LeaderEpoch, batch.BaseOffset));
            return null;
        }

        if (batch.LeaderEpoch != _epochs.Last)
        {
            return $"leader epoch {batch.LeaderEpoch} where {_epochs.Last} is due";
        }

        segment.Index.Add(
            (int)(batch.LastOffset - segment.Base),
            (int)position,
            batch.TotalBytes,
            batch.MaxTimestampMs,
            config.IndexIntervalBytes);
        _end = batch.NextOffset;
        return null;
    }

    private string? TakeRestatedRow(Segment segment, RecordBatch batch)
    {
        if (!batch.IsEpochRow || batch.BaseOffset != segment.Base)
        {
            return "the segment does not begin with a restated row";
        }

        if (_epochs.Rows.IsEmpty)
        {
            _epochs = _epochs.Add(new EpochRow(batch.LeaderEpoch, batch.BaseOffset));
            return null;
        }

        return batch.LeaderEpoch == _epochs.Last
            ? null
            : $"a restated row of epoch {batch.LeaderEpoch} behind a record of epoch {_epochs.Last}";
    }

    /// <summary>What stands where the items of a file end must be nothing, or, in an earlier file, the begin of the next one.</summary>
    private string? FaultBehind(Segment segment, Offset? nextBase)
    {
        if (SegmentTail.HasBytes(segment.File, segment.Bytes))
        {
            return "bytes behind the last item";
        }

        if (segment.Bytes == 0 && segment.Base > Offset.Zero)
        {
            return "the segment has no restated row";
        }

        if (nextBase is { } due && _end != due)
        {
            return $"the items end at {_end}, the next segment begins at {due}";
        }

        bool mayHoldMore = nextBase is null || segment.Base == _checkpoint?.FileBase;
        return mayHoldMore && IsBelowCheckpoint(segment.Base, segment.Bytes)
            ? $"the items end before the last known flush at byte {_checkpoint!.FileBytes} of segment {_checkpoint.FileBase}"
            : null;
    }

    private void CheckAgainstCheckpoint(Segment segment, long position)
    {
        if (_checkpoint is null || segment.Base != _checkpoint.FileBase || position != _checkpoint.FileBytes)
        {
            return;
        }

        var reached = new LogPosition(_epochs.Last, _end);
        if (reached != _checkpoint.Position)
        {
            throw Damaged(segment.Path, position, $"the log is at {reached} where {_checkpoint.Position} was flushed");
        }
    }

    private bool IsBelowCheckpoint(Offset fileBase, long position) =>
        _checkpoint is not null
        && (fileBase < _checkpoint.FileBase || (fileBase == _checkpoint.FileBase && position < _checkpoint.FileBytes));

    private void TakeTimes(Segment segment)
    {
        if (segment.Next == segment.Base)
        {
            return;
        }

        SegmentFacts? facts = _checkpoint is null ? null : FactsOf(_checkpoint, segment.Base);
        segment.FirstAppendMs = facts is { FirstAppendMs: >= 0 } known ? known.FirstAppendMs : options.NowMs;
        bool isAllKnown = facts is { LastAppendMs: >= 0 } last && last.Bytes == segment.Bytes;
        segment.LastAppendMs = isAllKnown ? facts!.Value.LastAppendMs : options.NowMs;
    }
}
