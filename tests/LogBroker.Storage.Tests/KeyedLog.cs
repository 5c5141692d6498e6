using System.Text;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>A record as it was appended, or is found again.</summary>
internal sealed record KeyedRecord(long Offset, int Epoch, string Key, string? Value, long TimestampMs);

/// <summary>A compacted log with everything that was ever appended to it, and what compaction may take of that.</summary>
internal sealed class KeyedLog
{
    public const long DayMs = 24L * 3600 * 1000;

    public static readonly TopicConfig Compacted = new()
    {
        SegmentBytesMax = 4096,
        IndexIntervalBytes = 256,
        Cleanup = TopicCleanup.Compact,
        DirtyRatioMin = 0,
    };

    public KeyedLog(TopicConfig? config = null) => World = new LogWorld(config ?? Compacted);

    public LogWorld World { get; }

    public PartitionLog Log => World.Log;

    /// <summary>All that was appended, by offset.</summary>
    public List<KeyedRecord> Appended { get; init; } = [];

    public int MapBytes { get; set; } = 1 << 16;

    public long FirstTimestampMs { get; set; } = 5_000;

    public CompressionCodec Codec { get; set; }

    public Offset Append(params (string Key, string? Value)[] records) => AppendOf(-1, -1, records);

    public Offset AppendOf(long producer, int sequence, params (string Key, string? Value)[] records)
    {
        long timestampMs = FirstTimestampMs;
        FirstTimestampMs += records.Length;
        byte[] batch = TestBatches.Keyed(records, timestampMs, Codec, producer, sequence);
        Offset at = Log.Bounds.End;
        for (int i = 0; i < records.Length; i++)
        {
            // In front of the write: a crash in the middle of it may leave the batch.
            Appended.Add(new KeyedRecord(at.Value + i, Log.Epochs.Last.Value, records[i].Key, records[i].Value, timestampMs + i));
        }

        Assert.Equal(at, World.Append(batch));
        return at;
    }

    /// <summary>Appends records of a key of their own until another segment is begun.</summary>
    public void Roll(string key = "filler")
    {
        for (int segments = Log.SegmentCount; Log.SegmentCount == segments;)
        {
            Append((key, new string('f', 300)));
        }
    }

    public CompactionResult? Compact(KeptBatches? kept = null)
    {
        World.Commit();
        return CompactUnflushed(kept);
    }

    public CompactionResult? CompactUnflushed(KeptBatches? kept = null)
    {
        if (Log.PlanCompaction(World.NowMs, kept ?? KeptBatches.None) is not { } plan)
        {
            return null;
        }

        CompactionResult? result = new LogCleaner(World.Env, MapBytes).Run(plan, CleanerPace.Unbounded);
        return result is not null && Log.FinishCompaction(result) ? result : null;
    }

    /// <summary>Starts again after a crash or as it is, forgets what was lost, and takes what is there for committed.</summary>
    public void Restart(LossMode mode, int seed = 0)
    {
        Offset durable = Log.Bounds.Flushed;
        World.Restart(mode, seed);
        Assert.True(World.Opening.Damage is null, World.Opening.Damage?.ToString());
        Assert.True(Log.Bounds.End >= durable, $"{durable} was durable, {Log.Bounds.End} is there");
        Appended.RemoveAll(r => r.Offset >= Log.Bounds.End.Value);
        Log.RaiseHighWatermark(Log.Bounds.End);
    }

    /// <summary>Closes in good order and opens again.</summary>
    public void Reopen()
    {
        World.Commit();
        Log.Close();
        World.Start();
        Log.RaiseHighWatermark(Log.Bounds.End);
    }

    /// <summary>The table that the log stands for is as if nothing had ever been compacted, and what is gone may be.</summary>
    public void RequireSameTable()
    {
        Dictionary<string, string> due = Fold(Appended.Where(r =>
            r.Offset >= Log.Bounds.LogStart.Value && r.Offset < Log.Bounds.HighWatermark.Value));
        Dictionary<string, string> found = Fold(Check(mayLoseTombstones: true));
        Assert.Equal(due.OrderBy(e => e.Key, StringComparer.Ordinal), found.OrderBy(e => e.Key, StringComparer.Ordinal));
    }

    /// <summary>The records that can be read, front to back; batches must lie side by side.</summary>
    public List<KeyedRecord> ReadAll(int bytesMax = 900)
    {
        var found = new List<KeyedRecord>();
        for (Offset at = Log.Bounds.LogStart; at < Log.Bounds.HighWatermark;)
        {
            Result<LogSlice> read = Log.Read(at, new Offset(long.MaxValue), bytesMax);
            Assert.True(read.IsOk, read.Error?.Message);
            using LogSlice slice = read.Value;
            var bytes = new byte[slice.Length];
            slice.CopyTo(0, bytes);
            Assert.NotEmpty(bytes);
            Assert.True(slice.BaseOffset <= at);
            Offset next = slice.BaseOffset;
            foreach (KeyedRecord record in Records(bytes, ref next))
            {
                if (record.Offset >= at.Value)
                {
                    found.Add(record);
                }
            }

            Assert.Equal(slice.NextOffset, next);
            Assert.True(next > at);
            at = next;
        }

        return found;
    }

    /// <summary>The records of batches that begin at an offset and lie side by side.</summary>
    public static List<KeyedRecord> Records(ReadOnlyMemory<byte> bytes, ref Offset next)
    {
        var found = new List<KeyedRecord>();
        while (!bytes.IsEmpty)
        {
            Assert.Null(RecordReader.TryOpen(bytes, Limits.InflatedBytesMax, out RecordReader reader));
            if (!reader.IsControl)
            {
                Assert.Equal(next, reader.BaseOffset);
                next = reader.NextOffset;
                while (reader.MoveNext())
                {
                    LogRecord record = reader.Current;
                    found.Add(new KeyedRecord(
                        record.Offset.Value, reader.LeaderEpoch.Value, Text(record.Key)!, Text(record.Value), record.TimestampMs));
                }

                Assert.Null(reader.Error);
            }

            bytes = bytes[reader.TotalBytes..];
        }

        return found;
    }

    /// <summary>
    /// What can be read was appended there, and what is gone is superseded by a newer record of its key; or is a tombstone, where they may
    /// go.
    /// </summary>
    public List<KeyedRecord> Check(bool mayLoseTombstones = false)
    {
        List<KeyedRecord> found = ReadAll();
        long start = Log.Bounds.LogStart.Value;
        long end = Log.Bounds.HighWatermark.Value;
        Dictionary<long, KeyedRecord> appended = Appended.ToDictionary(r => r.Offset);
        Dictionary<string, KeyedRecord> newest = [];
        foreach (KeyedRecord record in Appended.Where(r => r.Offset < end))
        {
            newest[record.Key] = record;
        }

        foreach (KeyedRecord record in found)
        {
            Assert.Equal(appended[record.Offset], record);
        }

        HashSet<long> left = [.. found.Select(r => r.Offset)];
        foreach (KeyedRecord record in Appended.Where(r => r.Offset >= start && r.Offset < end && !left.Contains(r.Offset)))
        {
            bool isSuperseded = newest[record.Key].Offset > record.Offset;
            Assert.True(isSuperseded || (mayLoseTombstones && record.Value is null), $"{record} is gone");
        }

        return found;
    }

    /// <summary>The newest value of each key that has one.</summary>
    public static Dictionary<string, string> Fold(IEnumerable<KeyedRecord> records)
    {
        var fold = new Dictionary<string, string>();
        foreach (KeyedRecord record in records)
        {
            if (record.Value is { } value)
            {
                fold[record.Key] = value;
            }
            else
            {
                fold.Remove(record.Key);
            }
        }

        return fold;
    }

    /// <summary>Every batch and row of the files, in order.</summary>
    public List<DumpedBatch> Dump() => [.. LogVerifier.Verify(World.Disk, LogWorld.Directory)
        .SelectMany(r => LogVerifier.Dump(World.Disk, r.File))];

    public void RequireSound() =>
        Assert.Empty(LogVerifier.Verify(World.Disk, LogWorld.Directory).SelectMany(r => r.Findings));

    /// <summary>As <see cref="RequireSound"/>, but a crash may have left indexes that will be rebuilt.</summary>
    public void RequireNoDamage() => Assert.DoesNotContain(
        LogVerifier.Verify(World.Disk, LogWorld.Directory).SelectMany(r => r.Findings), f => f.Severity == VerifySeverity.Damage);

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : null;
}
