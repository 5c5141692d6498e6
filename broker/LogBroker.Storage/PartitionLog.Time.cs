using System.Buffers;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>A record found by time.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="TimestampMs">Its timestamp, in milliseconds since 1970-01-01.</param>
public readonly record struct TimestampHit(Offset Offset, long TimestampMs);

public sealed partial class PartitionLog
{
    /// <summary>
    /// The first record below <paramref name="limit"/> and the high watermark with a timestamp of at least
    /// <paramref name="timestampMs"/>; null when there is none. In a compressed batch, which is not inflated, it is the batch's first
    /// record. Any thread.
    /// </summary>
    /// <returns>PartitionQuarantined when damage is met.</returns>
    public Result<TimestampHit?> FindTimestamp(long timestampMs, Offset limit)
    {
        if (Damage is { } damage)
        {
            return LogErrors.Quarantined(damage);
        }

        LogBounds bounds = Bounds;
        limit = Offset.Min(limit, bounds.HighWatermark);
        foreach (Segment segment in Volatile.Read(ref _map).Segments)
        {
            bool mayHave = segment.Index.MaxTimestampMs >= timestampMs && segment.Next > bounds.LogStart && segment.Base < limit;
            if (!mayHave || !segment.TryHold())
            {
                continue;
            }

            try
            {
                if (FindIn(segment, timestampMs, bounds.LogStart, limit) is { } hit)
                {
                    return (Result<TimestampHit?>)(TimestampHit?)hit;
                }
            }
            catch (LogDamageException) when (segment.IsRetired)
            {
                continue;
            }
            catch (LogDamageException e)
            {
                return Quarantine(e.Damage);
            }
            catch (DiskReadException e)
            {
                return Quarantine(new LogDamage(segment.Path, 0, e.Message));
            }
            finally
            {
                segment.Release();
            }
        }

        return (Result<TimestampHit?>)(TimestampHit?)null;
    }

    private TimestampHit? FindIn(Segment segment, long timestampMs, Offset start, Offset limit)
    {
        Offset from = Offset.Max(start, segment.Base);
        if (EntriesOf(segment).FloorByTime(timestampMs - 1) is { } earlier)
        {
            from = Offset.Max(from, segment.Base + earlier.RelativeOffset + 1);
        }

        var reader = new SegmentReader(this, segment);
        var window = new SegmentWindow(segment);
        try
        {
            for (long position = reader.Find(ref window, from); position < segment.Bytes;)
            {
                RecordBatch batch = reader.Header(ref window, position);
                int totalBytes = batch.TotalBytes;
                if (!batch.IsEpochRow)
                {
                    if (batch.BaseOffset >= limit)
                    {
                        return null;
                    }

                    if (batch.MaxTimestampMs >= timestampMs
                        && FindInBatch(segment, position, totalBytes, timestampMs, start, limit) is { } hit)
                    {
                        return hit;
                    }
                }

                position += totalBytes;
            }
        }
        finally
        {
            window.Dispose();
        }

        return null;
    }

    private static TimestampHit? FindInBatch(Segment segment, long position, int totalBytes, long timestampMs, Offset start, Offset limit)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(totalBytes);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, totalBytes);
            segment.Copy(position, bytes);
            var batch = new RecordBatch(bytes);
            if (batch.Check() is not BatchFault.None and BatchFault fault)
            {
                throw new LogDamageException(new LogDamage(segment.Path, position, BatchScanner.Describe(fault)));
            }

            if (batch.Codec != CompressionCodec.None)
            {
                return new TimestampHit(Offset.Max(start, batch.BaseOffset), batch.MaxTimestampMs);
            }

            var records = new RecordCursor(batch);
            while (records.MoveNext())
            {
                if (records.TimestampMs >= timestampMs && records.Offset >= start)
                {
                    return records.Offset < limit ? new TimestampHit(records.Offset, records.TimestampMs) : null;
                }
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
