using System.Collections.Immutable;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>How much of a log waits for compaction. Bytes of closed segments; the open one does not count.</summary>
/// <param name="CleanBytes">Of segments that were compacted.</param>
/// <param name="DirtyBytes">Of segments that were not yet and may be.</param>
/// <param name="OldestMs">Append time of the oldest dirty record, milliseconds since 1970-01-01; -1 without one.</param>
/// <param name="IsDue">True when the topic's settings ask for a compaction now.</param>
public readonly record struct LogDirt(long CleanBytes, long DirtyBytes, long OldestMs, bool IsDue)
{
    /// <summary>Part of the bytes that are dirty, from 0 to 1.</summary>
    public double Ratio => DirtyBytes == 0 ? 0 : (double)DirtyBytes / (CleanBytes + DirtyBytes);
}

/// <summary>
/// One compaction to be done: the segments, held open, and what the log was when it was planned. Made by the log's owner, handed to
/// <see cref="LogCleaner.Run"/> on any thread, which gives the segments back.
/// </summary>
public sealed class CompactionPlan
{
    internal CompactionPlan(
        PartitionLog log, TopicConfig config, ImmutableArray<Segment> segments, Offset firstDirty, long nowMs, KeptBatches kept)
    {
        Log = log;
        Config = config;
        Segments = segments;
        FirstDirty = firstDirty;
        NowMs = nowMs;
        Kept = kept;
    }

    /// <summary>The log.</summary>
    public PartitionLog Log { get; }

    /// <summary>Behind the last offset that may be compacted.</summary>
    public Offset End => Segments[^1].Next;

    internal TopicConfig Config { get; }

    internal ImmutableArray<Segment> Segments { get; }

    internal Offset FirstDirty { get; }

    internal long NowMs { get; }

    internal KeptBatches Kept { get; }

    /// <summary>When tombstones that are seen for the first time may go.</summary>
    internal long HorizonMs => Config.DeleteRetentionMs > long.MaxValue - NowMs ? long.MaxValue : NowMs + Config.DeleteRetentionMs;

    internal void Release()
    {
        foreach (Segment segment in Segments)
        {
            segment.Release();
        }
    }
}

/// <summary>A file that is to take the place of one or more neighbouring segments.</summary>
internal sealed record Replacement(ImmutableArray<Segment> Old, Segment New, string Path);

/// <summary>What <see cref="LogCleaner.Run"/> made: files aside, for <see cref="PartitionLog.FinishCompaction"/> to put in place.</summary>
public sealed class CompactionResult
{
    internal CompactionResult(CompactionPlan plan, Offset cleanedUpto, IReadOnlyList<Replacement> replacements)
    {
        Plan = plan;
        CleanedUpto = cleanedUpto;
        Replacements = replacements;
    }

    /// <summary>The log.</summary>
    public PartitionLog Log => Plan.Log;

    /// <summary>Everything in front of it holds each key once.</summary>
    public Offset CleanedUpto { get; }

    /// <summary>Bytes read, of both passes.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes of the segments that were looked at.</summary>
    public long BytesBefore { get; init; }

    /// <summary>Bytes that are left of them.</summary>
    public long BytesAfter { get; init; }

    /// <summary>Records of these segments.</summary>
    public long RecordsBefore { get; init; }

    /// <summary>Records that are left of them.</summary>
    public long RecordsAfter { get; init; }

    internal CompactionPlan Plan { get; }

    internal IReadOnlyList<Replacement> Replacements { get; }
}
