using System.Runtime.InteropServices;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>What became of items from a leader.</summary>
/// <param name="Position">The appended position now: what stood in front of a refused item was taken.</param>
/// <param name="Error">Why an item was refused, or null.</param>
public readonly record struct ReplicationOutcome(LogPosition Position, BrokerError? Error);

public sealed partial class PartitionLog
{
    /// <summary>
    /// Appends items as a follower gets them: record batches and epoch rows in log order, bytes as the leader has them (R10). A batch is
    /// taken only at the end of the log and with the stamp of the last row, a row only at the end and with a higher epoch, at most
    /// <paramref name="epochMax"/>; a restated row is skipped (R9 c). Of an empty batch that the end lies in the rest is taken (C3). Every
    /// CRC is checked. Not durable before the next flush.
    /// </summary>
    /// <param name="items">Whole items.</param>
    /// <param name="epochMax">The stored epoch of the partition.</param>
    /// <param name="nowMs">The broker's clock, for age and retention.</param>
    public ReplicationOutcome AppendReplicated(Memory<byte> items, Epoch epochMax, long nowMs)
    {
        RequireUsable();
        if (Damage is { } damage)
        {
            return new ReplicationOutcome(_bounds.Appended, LogErrors.Quarantined(damage));
        }

        var run = new List<Memory<byte>>();
        BrokerError? error = null;
        Offset next = _bounds.End;
        while (!items.IsEmpty && error is null)
        {
            BatchFault fault = RecordBatch.TryParse(items.Span, BatchScanner.BatchBytesMax, out RecordBatch batch);
            if (fault == BatchFault.None)
            {
                fault = batch.Check();
            }

            if (fault != BatchFault.None)
            {
                error = Refused($"an item behind {next} is no valid batch: {BatchScanner.Describe(fault)}");
            }
            else if (!batch.IsEpochRow)
            {
                if (EmptyBatch.CanCutFront(batch, next))
                {
                    EmptyBatch.CutFront(items.Span[..batch.TotalBytes], next);
                }

                error = FaultOf(batch, next);
                if (error is null)
                {
                    run.Add(items[..batch.TotalBytes]);
                    next = batch.NextOffset;
                }
            }
            else if (batch.LeaderEpoch != _epochs.Last)
            {
                error = AppendRun(run, nowMs) ?? AppendReplicatedRow(batch, epochMax);
            }

            if (error is null)
            {
                items = items[batch.TotalBytes..];
            }
        }

        BrokerError? last = AppendRun(run, nowMs);
        return new ReplicationOutcome(_bounds.Appended, error ?? last);
    }

    /// <summary>
    /// Leases what stands behind a position that is this log's own (R15 e): record batches and epoch rows in log order, as far as one
    /// segment and <paramref name="bytesMax"/> go, but at least one item; durable or not. Empty at the end. Any thread.
    /// </summary>
    /// <returns>A slice to dispose; or OffsetOutOfRange, or PartitionQuarantined.</returns>
    public Result<LogSlice> ReadItems(LogPosition position, int bytesMax)
    {
        while (true)
        {
            if (Damage is { } damage)
            {
                return LogErrors.Quarantined(damage);
            }

            LogBounds bounds = Bounds;
            if (position.Offset > bounds.End)
            {
                return LogErrors.OutOfRange(Id, position.Offset, bounds);
            }

            if (position >= bounds.Appended)
            {
                return LogSlice.Empty(position.Offset);
            }

            SegmentMap map = Volatile.Read(ref _map);
            int at = map.IndexOf(position.Offset);
            if (at < 0 && position.Offset < bounds.LogStart)
            {
                return LogErrors.OutOfRange(Id, position.Offset, bounds); // the batch that the log start lies in is still there
            }

            if (at >= 0 && TryReadItems(map.Segments[at], position, bytesMax) is { } result)
            {
                return result;
            }

            Thread.Yield();
        }
    }

    /// <summary>
    /// Base offset of the batch that an offset lies in, which a replica without it can begin at; the offset itself at the end of the log
    /// and where the log cannot be read. The writer's.
    /// </summary>
    public Offset ItemStartOf(Offset offset)
    {
        int at = _map.IndexOf(offset);
        if (at < 0 || offset >= _bounds.End || Damage is not null)
        {
            return offset;
        }

        // Committed or not: at a start the high watermark is not known yet.
        if (TryRead(_map.Segments[at], offset, _bounds.End, bytesMax: 1) is not { IsOk: true } read)
        {
            return offset;
        }

        using LogSlice slice = read.Value;
        return Offset.Min(offset, slice.BaseOffset);
    }

    private Result<LogSlice>? TryReadItems(Segment segment, LogPosition position, int bytesMax)
    {
        var slice = new SegmentSlice(segment, _env.Time.GetTimestamp());
        if (!segment.TryLease(slice))
        {
            return null;
        }

        bool isLeased = false;
        try
        {
            isLeased = new SegmentReader(this, segment).TryFillItems(slice, position, bytesMax);
            return isLeased ? (Result<LogSlice>)(LogSlice)slice : LogSlice.Empty(position.Offset);
        }
        catch (LogDamageException e)
        {
            return QuarantineUnlessGone(position.Offset, e.Damage);
        }
        catch (DiskReadException e)
        {
            return QuarantineUnlessGone(position.Offset, new LogDamage(segment.Path, 0, e.Message));
        }
        finally
        {
            if (!isLeased)
            {
                slice.Abandon();
            }
        }
    }

    private BrokerError? FaultOf(RecordBatch batch, Offset next)
    {
        if (batch.BaseOffset != next)
        {
            return Refused($"a batch at offset {batch.BaseOffset} where {next} is due");
        }

        return batch.LeaderEpoch == _epochs.Last
            ? null
            : Refused($"a batch of epoch {batch.LeaderEpoch} where {_epochs.Last} is due");
    }

    private BrokerError? AppendReplicatedRow(RecordBatch row, Epoch epochMax)
    {
        if (row.BaseOffset != _bounds.End)
        {
            return Refused($"a row at offset {row.BaseOffset} where {_bounds.End} is due");
        }

        if (row.LeaderEpoch < _epochs.Last || row.LeaderEpoch > epochMax)
        {
            return Refused($"a row of epoch {row.LeaderEpoch} behind epoch {_epochs.Last}, at most {epochMax} is known");
        }

        return AppendRow(new EpochRow(row.LeaderEpoch, row.BaseOffset), row.Bytes);
    }

    private BrokerError? AppendRun(List<Memory<byte>> run, long nowMs)
    {
        if (run.Count == 0)
        {
            return null;
        }

        AppendOutcome outcome = AppendStamped(CollectionsMarshal.AsSpan(run), run.Sum(b => (long)b.Length), nowMs);
        run.Clear();
        return outcome.Error;
    }

    private static BrokerError Refused(string why) => new(ErrorCode.CorruptBatch, why);
}
