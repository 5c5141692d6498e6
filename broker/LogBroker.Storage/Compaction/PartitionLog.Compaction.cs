using System.Collections.Immutable;
using LogBroker.Protocol;

namespace LogBroker.Storage;

public sealed partial class PartitionLog
{
    private long _cleanedUptoValue;
    private int _compactions;

    /// <summary>True once the log was closed or let go. Any thread.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Everything in front of it holds each key once, as far as this replica knows. Any thread.</summary>
    public Offset CleanedUpto => new(Volatile.Read(ref _cleanedUptoValue));

    /// <summary>How often segments were replaced since the log was opened. Any thread.</summary>
    public int Compactions => Volatile.Read(ref _compactions);

    /// <summary>How much waits for compaction; rolls the open segment first when it is too old.</summary>
    /// <param name="nowMs">The broker's clock.</param>
    public LogDirt LookAtDirt(long nowMs)
    {
        RequireUsable();
        if (Damage is not null || !_config.IsCompacted || _map.Tail is null)
        {
            return default;
        }

        RollIfDue(nowMs);
        Offset firstDirty = FirstDirty();
        long clean = 0;
        long dirty = 0;
        long oldestMs = -1;
        foreach (Segment segment in Cleanable(nowMs))
        {
            if (segment.Next <= firstDirty)
            {
                clean += segment.Bytes;
                continue;
            }

            dirty += segment.Bytes;
            oldestMs = oldestMs < 0 ? segment.FirstAppendMs : oldestMs;
        }

        bool isOld = oldestMs >= 0 && nowMs - oldestMs > _config.CompactionLagMsMax;
        var dirt = new LogDirt(clean, dirty, oldestMs, false);
        return dirt with { IsDue = dirty > 0 && (isOld || dirt.Ratio > _config.DirtyRatioMin) };
    }

    /// <summary>
    /// Plans a compaction of all that may be compacted: closed segments that are committed, durable and older than
    /// min.compaction.lag.ms. Null when nothing of it is dirty. The plan must be run.
    /// </summary>
    /// <param name="nowMs">The broker's clock.</param>
    /// <param name="kept">The last batches of producers that are alive.</param>
    public CompactionPlan? PlanCompaction(long nowMs, KeptBatches kept)
    {
        RequireUsable();
        if (Damage is not null || !_config.IsCompacted)
        {
            return null;
        }

        Offset firstDirty = FirstDirty();
        ImmutableArray<Segment> segments = [.. Cleanable(nowMs)];
        if (segments.IsEmpty || segments[^1].Next <= firstDirty)
        {
            return null;
        }

        foreach (Segment segment in segments)
        {
            bool isHeld = segment.TryHold();
            Invariant.Require(isHeld);
        }

        return new CompactionPlan(this, _config, segments, firstDirty, nowMs, kept);
    }

    /// <summary>
    /// Puts the files of a compaction in the place of the segments they were made of; durable when it returns. What was deleted meanwhile
    /// is left out. Readers of old segments keep them until their leases are back. Two or three syncs, of the state store and the
    /// directory.
    /// </summary>
    /// <remarks>
    /// Crash at any point: the state store forgets the old segments first, so that recovery reads what it finds; a rename replaces the
    /// first file of a group by what is left of the group, and is durable before the other files of the group go. So at each moment
    /// there is the old file or the new one, and files that lie inside another are what a crash left of a group.
    /// </remarks>
    /// <returns>False when the log is closed or damaged, and nothing was changed.</returns>
    public bool FinishCompaction(CompactionResult result)
    {
        if (_closed || _broken || Damage is not null)
        {
            LogCleaner.Discard(this, result.Replacements);
            return false;
        }

        Replacement[] valid = [.. result.Replacements.Where(r => _map.Holds(r.Old))];
        LogCleaner.Discard(this, [.. result.Replacements.Except(valid)]);
        lock (_flushGate)
        {
            GuardedByFatal("swap of compacted segments", () =>
            {
                if (valid.Length > 0)
                {
                    ForgetOld(valid);
                    Swap(valid);
                    _segmentsVersion++;
                    Volatile.Write(ref _compactions, _compactions + 1);
                }

                Volatile.Write(ref _cleanedUptoValue, Math.Max(_cleanedUptoValue, result.CleanedUpto.Value));
                var batch = new StateBatch();
                RecoveryCheckpoint.StoreCleanedUpto(batch, Id, CleanedUpto);
                RecoveryCheckpoint.StoreSegments(batch, Id, Facts(_lastMark.TailBase));
                _env.State.Write(batch, sync: false);
            });
        }

        _env.Metrics.Compactions.Add(1);
        _env.Metrics.CompactionBytesRead.Add(result.BytesRead);
        _env.Metrics.CompactionBytesWritten.Add(valid.Sum(r => r.New.Bytes));
        _env.Metrics.CompactionRecordsRemoved.Add(result.RecordsBefore - result.RecordsAfter);
        return true;
    }

    /// <summary>Damage that a compaction met, unless the segment was let go meanwhile. Any thread.</summary>
    internal void ReportDamage(LogDamage damage)
    {
        if (!IsClosed)
        {
            _ = Quarantine(damage);
        }
    }

    private Offset FirstDirty() => Offset.Max(CleanedUpto, Offset.Max(_bounds.LogStart, _map.Segments[0].Base));

    private IEnumerable<Segment> Cleanable(long nowMs)
    {
        Offset limit = Offset.Min(_bounds.HighWatermark, _bounds.Flushed);
        SegmentMap map = _map;
        for (int i = 0; i < map.Segments.Length - 1; i++)
        {
            Segment segment = map.Segments[i];
            bool isYoung = _config.CompactionLagMsMin > 0 && nowMs - segment.LastAppendMs < _config.CompactionLagMsMin;

            // Behind the last flush mark the stored checkpoint may still name the segment.
            if (!segment.IsClosed || segment.Next > limit || segment.Base >= _lastMark.TailBase || isYoung)
            {
                yield break;
            }

            yield return segment;
        }
    }

    /// <summary>
    /// The state store forgets the lengths of segments that are to be replaced, and names a flush behind them: recovery then takes what
    /// stands in the files, old or new. Durable when it returns.
    /// </summary>
    private void ForgetOld(Replacement[] replacements)
    {
        HashSet<Offset> old = [.. replacements.SelectMany(r => r.Old).Select(s => s.Base)];
        var batch = new StateBatch();
        RecoveryCheckpoint.StoreMark(
            batch, Id, new RecoveryCheckpoint(_lastMark.Position, _lastMark.TailBase, _lastMark.TailBytes));
        RecoveryCheckpoint.StoreRows(batch, Id, _epochs.CutTo(_lastMark.Position));
        RecoveryCheckpoint.StoreSegments(batch, Id, [.. Facts(_lastMark.TailBase).Where(f => !old.Contains(f.Base))]);
        _env.State.Write(batch, sync: true);
    }

    private void Swap(Replacement[] replacements)
    {
        foreach (Replacement replacement in replacements)
        {
            Segment first = replacement.Old[0];
            first.LoseName();
            _env.Disk.Rename(replacement.Path, first.Path);
            replacement.New.Index.AdoptAside(_env.Disk);
        }

        _env.Disk.SyncDirectory(Directory);
        SegmentMap map = _map;
        bool hasMerged = false;
        foreach (Replacement replacement in replacements)
        {
            foreach (Segment merged in replacement.Old.Skip(1))
            {
                merged.DeleteFiles();
                hasMerged = true;
            }

            map = map.Replace(replacement.Old, replacement.New);
        }

        if (hasMerged)
        {
            _env.Disk.SyncDirectory(Directory);
        }

        foreach (Replacement replacement in replacements)
        {
            replacement.New.MarkDirty(); // the next flush syncs its indexes
        }

        Publish(map);
        foreach (Segment segment in replacements.SelectMany(r => r.Old))
        {
            if (!segment.Retire())
            {
                _env.DeletedSegments.Add(segment);
            }
        }
    }
}
