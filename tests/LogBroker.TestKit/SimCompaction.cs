using LogBroker.Protocol;

namespace LogBroker.TestKit;

/// <summary>
/// What was written to one compacted partition, to hold against what compaction leaves of it: a record that is there is the one that was
/// committed at its offset, byte for byte, and one that is gone is superseded by a newer committed record of its key or is a tombstone.
/// One thread.
/// </summary>
internal sealed class SimCompaction(TopicPartition name)
{
    private readonly Dictionary<LogPosition, byte[]> _batches = [];
    private readonly Dictionary<string, Offset> _newest = [];

    /// <summary>A replica has this batch as its leader wrote it.</summary>
    public void Note(LogPosition position, ReadOnlySpan<byte> batch)
    {
        if (!_batches.ContainsKey(position))
        {
            _batches.Add(position, batch.ToArray());
        }
    }

    /// <summary>A batch became committed.</summary>
    public void Commit(LogPosition position)
    {
        foreach (LogRecord record in RecordsOf(_batches[position]))
        {
            if (record.Key is { } key)
            {
                _newest[Convert.ToHexString(key.Span)] = record.Offset;
            }
        }
    }

    /// <summary>Holds a batch that compaction has changed against the committed ones that it stands for.</summary>
    public void Check(byte[] compacted, IReadOnlyList<SimItem> items, string where)
    {
        RecordBatch batch = new(compacted);
        Offset next = batch.BaseOffset;
        Dictionary<Offset, LogRecord> left = RecordsOf(compacted).ToDictionary(r => r.Offset);
        foreach (SimItem item in items)
        {
            Require(item.BaseOffset == next && item.Position.Epoch == batch.LeaderEpoch, $"{item.BaseOffset} where {next} is due", where);
            next = item.Position.Offset;
            foreach (LogRecord due in RecordsOf(_batches[item.Position]))
            {
                if (left.Remove(due.Offset, out LogRecord found))
                {
                    Require(IsSame(due, found), $"another record at {due.Offset}", where);
                    continue;
                }

                bool isSuperseded = due.Key is { } key && _newest[Convert.ToHexString(key.Span)] > due.Offset;
                Require(isSuperseded || due.IsTombstone, $"the newest record of its key is gone from {due.Offset}", where);
            }
        }

        Require(next == batch.NextOffset, $"a compacted batch ends at {batch.NextOffset}, committed is {next}", where);
        Require(left.Count == 0, "a record that was never committed", where);
    }

    private void Require(bool condition, string what, string where)
    {
        if (!condition)
        {
            throw new SimViolation("CompactionKeepsTheNewest", $"{name}: {where}: {what}");
        }
    }

    private static bool IsSame(LogRecord a, LogRecord b) =>
        a.TimestampMs == b.TimestampMs && IsSame(a.Key, b.Key) && IsSame(a.Value, b.Value);

    private static bool IsSame(ReadOnlyMemory<byte>? a, ReadOnlyMemory<byte>? b) =>
        a is { } x && b is { } y ? x.Span.SequenceEqual(y.Span) : a is null && b is null;

    private static List<LogRecord> RecordsOf(byte[] batch)
    {
        var records = new List<LogRecord>();
        BrokerError? error = RecordReader.TryOpen(batch, Limits.InflatedBytesMax, out RecordReader reader);
        while (error is null && reader.MoveNext())
        {
            records.Add(reader.Current);
        }

        if ((error ?? reader.Error) is { } fault)
        {
            throw new SimViolation("CompactionKeepsTheNewest", fault.Message);
        }

        return records;
    }
}
