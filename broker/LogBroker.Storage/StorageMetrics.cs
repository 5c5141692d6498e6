using System.Diagnostics.Metrics;

namespace LogBroker.Storage;

/// <summary>
/// What storage counts and times, on the meter <see cref="MeterName"/>; durations in seconds. Thread-safe, no allocation per call.
/// No instrument has labels: whoever shows them shows one series of each, from the start.
/// </summary>
public sealed class StorageMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "LogBroker.Storage";

    private readonly Meter _meter = new(MeterName);

    /// <summary>Creates the instruments.</summary>
    public StorageMetrics()
    {
        FsyncSeconds = _meter.CreateHistogram<double>("logbroker_fsync_duration_seconds", "s", "One fdatasync of a data file.");
        FlushTurnSeconds = _meter.CreateHistogram<double>("logbroker_flush_turn_duration_seconds", "s", "One turn over all dirty files.");
        AppendSeconds = _meter.CreateHistogram<double>("logbroker_append_duration_seconds", "s", "One group written to the page cache.");
        AppendedBytes = _meter.CreateCounter<long>("logbroker_append_bytes_total", "By", "Bytes appended to logs.");
        CorruptBatches = _meter.CreateCounter<long>("logbroker_corrupt_batches_total", null, "Damaged places found in logs.");
        TornTails = _meter.CreateCounter<long>("logbroker_torn_tails_total", null, "Incomplete ends cut at recovery.");
        RecoverySeconds = _meter.CreateHistogram<double>("logbroker_recovery_duration_seconds", "s", "Recovery of one partition.");
        SegmentsRolled = _meter.CreateCounter<long>("logbroker_segments_rolled_total", null, "Segments begun behind another.");
        SegmentsDeleted = _meter.CreateCounter<long>("logbroker_segments_deleted_total", null, "Segments removed.");
        Compactions = _meter.CreateCounter<long>("logbroker_cleaner_runs_total", null, "Compactions of a log that were put in place.");
        CompactionsAbandoned = _meter.CreateCounter<long>(
            "logbroker_cleaner_abandoned_total", null, "Compactions given up for want of room, to be tried again.");
        CompactionBytesRead = _meter.CreateCounter<long>("logbroker_cleaner_read_bytes_total", "By", "Bytes of log read by compactions.");
        CompactionBytesWritten = _meter.CreateCounter<long>(
            "logbroker_cleaner_written_bytes_total", "By", "Bytes of segments that compactions put in place.");
        CompactionRecordsRemoved = _meter.CreateCounter<long>(
            "logbroker_cleaner_records_removed_total", null, "Superseded records and expired tombstones removed.");
        DiskFullRefusals = _meter.CreateCounter<long>("logbroker_disk_full_refusals_total", null, "Groups refused for want of room.");
    }

    /// <summary>Duration of single syncs of data files; its count is the number of syncs.</summary>
    public Histogram<double> FsyncSeconds { get; }

    /// <summary>Duration of flush turns.</summary>
    public Histogram<double> FlushTurnSeconds { get; }

    /// <summary>Duration of group writes.</summary>
    public Histogram<double> AppendSeconds { get; }

    /// <summary>Bytes appended.</summary>
    public Counter<long> AppendedBytes { get; }

    /// <summary>Damaged places found, at recovery or read.</summary>
    public Counter<long> CorruptBatches { get; }

    /// <summary>Torn tails cut at recovery.</summary>
    public Counter<long> TornTails { get; }

    /// <summary>Duration of recoveries, per partition.</summary>
    public Histogram<double> RecoverySeconds { get; }

    /// <summary>Segments begun behind another one.</summary>
    public Counter<long> SegmentsRolled { get; }

    /// <summary>Segments removed.</summary>
    public Counter<long> SegmentsDeleted { get; }

    /// <summary>Compactions put in place.</summary>
    public Counter<long> Compactions { get; }

    /// <summary>Compactions given up for want of room.</summary>
    public Counter<long> CompactionsAbandoned { get; }

    /// <summary>Bytes read by compactions, of both passes.</summary>
    public Counter<long> CompactionBytesRead { get; }

    /// <summary>Bytes of the segments that compactions made.</summary>
    public Counter<long> CompactionBytesWritten { get; }

    /// <summary>Records that compactions removed.</summary>
    public Counter<long> CompactionRecordsRemoved { get; }

    /// <summary>Groups refused because the disk is full.</summary>
    public Counter<long> DiskFullRefusals { get; }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
