using System.Collections.Immutable;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Compacts logs, one at a time: reads the dirty part for the last offset of each key, then writes what is left of the segments into files
/// aside. Offsets and order never change, and neither does what the high watermark has not passed.
/// </summary>
/// <remarks>
/// Memory is bounded: the map, a buffer of 512 KiB, one batch and what it inflates to. When the map is full, only what is in front of the
/// first record that it did not take is compacted. Owner: one thread at a time; the log goes on meanwhile.
/// Failure policy: without room, or when the log was closed or its segments went, nothing has changed. Damage quarantines the
/// partition. Another failed write or sync ends the process.
/// </remarks>
public sealed class LogCleaner(LogEnvironment env, long mapBytes)
{
    /// <summary>Niceness of the thread that compacts.</summary>
    private const int Niceness = 10;

    private readonly KeyHash _hash = new();
    private readonly BatchRewriter _rewriter = new();
    private KeyOffsets _map = null!;
    private long _bytesRead;

    /// <summary>Gives the calling thread a low priority, which the disk's scheduler follows; .NET's own does nothing on Linux.</summary>
    public static void LowerThisThread() => _ = Posix.SetPriority(which: 0, who: 0, Niceness);

    /// <summary>
    /// Does what was planned, as far as files aside go, and lets go of the segments; null when nothing came of it.
    /// <see cref="PartitionLog.FinishCompaction"/> is to follow, on the log's thread.
    /// </summary>
    public CompactionResult? Run(CompactionPlan plan, CleanerPace pace)
    {
        var replacements = new List<Replacement>();
        try
        {
            if (pace.IsStopped)
            {
                return null;
            }

            return Compact(plan, pace, replacements);
        }
        catch (LogDamageException e)
        {
            plan.Log.ReportDamage(e.Damage);
        }
        catch (DiskReadException e)
        {
            plan.Log.ReportDamage(new LogDamage(e.Path, 0, e.Message));
        }
        catch (DiskException e) when (e is DiskFullException or DiskBusyException)
        {
            env.Metrics.CompactionsAbandoned.Add(1);
        }
        catch (DiskException) when (plan.Log.IsClosed)
        {
            // Its directory may be gone.
        }
        catch (DiskFailedException e)
        {
            env.Fatal.Fail($"compaction of partition {plan.Log.Id} failed", e);
            throw;
        }
        finally
        {
            plan.Release();
        }

        Discard(plan.Log, replacements);
        return null;
    }

    /// <summary>Removes files that are not to be used.</summary>
    internal static void Discard(PartitionLog log, IReadOnlyList<Replacement> replacements)
    {
        foreach (Replacement replacement in replacements)
        {
            _ = replacement.New.Retire();
            if (!log.IsClosed)
            {
                log.Env.Disk.DeleteFile(replacement.Path);
                replacement.New.Index.DropAside(log.Env.Disk);
            }
        }
    }

    private CompactionResult? Compact(CompactionPlan plan, CleanerPace pace, List<Replacement> replacements)
    {
        _bytesRead = 0;
        _map = new KeyOffsets(Math.Min(mapBytes, MapBytesFor(plan)), _hash);
        if (Read(plan, pace) is not { } end)
        {
            return null;
        }

        var filter = new CompactionFilter(_map, plan.FirstDirty, end, plan.NowMs);
        long bytesBefore = 0;
        long bytesAfter = 0;
        long recordsBefore = 0;
        long recordsAfter = 0;
        foreach (ImmutableArray<Segment> group in Group(plan, end))
        {
            using var rewrite = new SegmentRewrite(env.Disk, plan, group, filter, _rewriter, pace);
            Replacement? replacement = rewrite.Run(out bool isComplete);
            if (!isComplete)
            {
                Discard(plan.Log, replacements);
                return null;
            }

            bytesBefore += rewrite.BytesBefore;
            bytesAfter += replacement?.New.Bytes ?? rewrite.BytesBefore;
            recordsBefore += rewrite.RecordsBefore;
            recordsAfter += rewrite.RecordsAfter;
            _bytesRead += rewrite.BytesRead;
            if (replacement is not null)
            {
                replacements.Add(replacement);
            }
        }

        return new CompactionResult(plan, end, replacements)
        {
            BytesRead = _bytesRead,
            BytesBefore = bytesBefore,
            BytesAfter = bytesAfter,
            RecordsBefore = recordsBefore,
            RecordsAfter = recordsAfter,
        };
    }

    /// <summary>Room for as many keys as there may be records to look at.</summary>
    private static long MapBytesFor(CompactionPlan plan) =>
        Math.Min(plan.End - Offset.Min(plan.End, plan.FirstDirty), int.MaxValue) * KeyOffsets.EntryBytes * 10 / 9
        + (16 * KeyOffsets.EntryBytes);

    /// <summary>Fills the map from the dirty part; the offset behind the last record that it knows, null when it is to end.</summary>
    private Offset? Read(CompactionPlan plan, CleanerPace pace)
    {
        foreach (Segment segment in plan.Segments)
        {
            if (segment.Next <= plan.FirstDirty)
            {
                continue;
            }

            var order = new BatchOrder(segment);
            using var scanner = new BatchScanner(segment.File, 0);
            while (scanner.NextPosition < segment.Bytes)
            {
                if (pace.IsStopped || plan.Log.IsClosed)
                {
                    return null;
                }

                if (scanner.MoveNext() != ScanStep.Batch)
                {
                    throw new LogDamageException(new LogDamage(segment.Path, scanner.Position, scanner.Fault));
                }

                order.Take(scanner.Current, scanner.Position);
                int bytes = (int)(scanner.NextPosition - scanner.Position);
                _bytesRead += bytes;
                pace.Take(bytes);
                if (Note(scanner.CurrentMemory, plan.FirstDirty) is { } full)
                {
                    return full;
                }
            }
        }

        return plan.End;
    }

    /// <summary>Notes the records of a batch; the offset of the first that the map has no room for, or null.</summary>
    private Offset? Note(ReadOnlyMemory<byte> bytes, Offset from)
    {
        var batch = new RecordBatch(bytes.Span);
        if (batch.RecordsCount == 0
            || batch.NextOffset <= from
            || RecordReader.TryOpen(bytes, Limits.InflatedBytesMax, out RecordReader records) is not null)
        {
            return null; // what cannot be read is not compacted
        }

        while (records.MoveNext())
        {
            LogRecord record = records.Current;
            if (record.Offset >= from && record.Key is { } key && !_map.TryPut(key.Span, record.Offset))
            {
                return record.Offset;
            }
        }

        return null;
    }

    /// <summary>
    /// Neighbours that become one file: as many as stay within segment.bytes, the span of an index and its entries. A segment in which
    /// nothing can have changed, behind the end, is in none.
    /// </summary>
    private static IEnumerable<ImmutableArray<Segment>> Group(CompactionPlan plan, Offset end)
    {
        var group = ImmutableArray.CreateBuilder<Segment>();
        long bytes = 0;
        long entries = 0;
        foreach (Segment segment in plan.Segments)
        {
            if (segment.Base >= end)
            {
                break;
            }

            long entriesMax = Math.Min(SegmentIndex.EntriesMax, (segment.Bytes / plan.Config.IndexIntervalBytes) + 1);
            bool fits = group.Count == 0
                || (bytes + segment.Bytes <= plan.Config.SegmentBytesMax
                    && entries + entriesMax < SegmentIndex.EntriesMax
                    && segment.Next - group[0].Base <= int.MaxValue);
            if (!fits)
            {
                yield return group.ToImmutable();
                group.Clear();
                bytes = entries = 0;
            }

            group.Add(segment);
            bytes += segment.Bytes;
            entries += entriesMax;
        }

        if (group.Count > 0)
        {
            yield return group.ToImmutable();
        }
    }
}
