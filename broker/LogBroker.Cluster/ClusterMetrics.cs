using System.Diagnostics.Metrics;

namespace LogBroker.Cluster;

/// <summary>
/// What the broker counts, on the meter <see cref="MeterName"/>. Thread-safe, no allocation per call on the produce and fetch paths.
/// </summary>
public sealed class ClusterMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "LogBroker.Cluster";

    /// <summary>Creates the counters; the broker adds what is read on demand.</summary>
    public ClusterMetrics()
    {
        ProducedRecords = Meter.CreateCounter<long>("logbroker_produce_records_total", null, "Records appended for producers.");
        ProducedBytes = Meter.CreateCounter<long>("logbroker_produce_bytes_total", "By", "Bytes of batches appended for producers.");
        ProduceRefusals = Meter.CreateCounter<long>("logbroker_produce_refusals_total", null, "Batches answered with an error.");
        ProduceDuplicates = Meter.CreateCounter<long>(
            "logbroker_produce_duplicates_total", null, "Resent batches answered with their first offset.");
        FetchedRecords = Meter.CreateCounter<long>("logbroker_fetch_records_total", null, "Records handed to consumers.");
        FetchedBytes = Meter.CreateCounter<long>("logbroker_fetch_bytes_total", "By", "Bytes of batches handed to consumers.");
        Elections = Meter.CreateCounter<long>("logbroker_leader_elections_total", null, "Leader epochs begun by this node.");
        ReplicatedBytes = Meter.CreateCounter<long>(
            "logbroker_replication_bytes_total", "By", "Bytes of batches and epoch rows taken from leaders.");
        PeerNonsense = Meter.CreateCounter<long>(
            "logbroker_peer_nonsense_total", null, "Messages of peers that were ignored because they cannot be right.");
        OffsetCommits = Meter.CreateCounter<long>(
            "logbroker_consumer_group_commits_total", null, "Offsets handed in by commits that this node coordinates.");
        TableGets = Meter.CreateCounter<long>("logbroker_table_gets_total", null, "Keys looked up in tables.");
        TableScans = Meter.CreateCounter<long>("logbroker_table_scans_total", null, "Pages of table scans.");
        TableRebuilds = Meter.CreateCounter<long>("logbroker_table_rebuilds_total", null, "Table views begun from the start of a log.");
        // Without labels: there from the start, so that the first event is a rise and not a new series.
        ProduceDuplicates.Add(0);
        Elections.Add(0);
        ReplicatedBytes.Add(0);
        PeerNonsense.Add(0);
        OffsetCommits.Add(0);
        TableRebuilds.Add(0);
    }

    /// <summary>Offsets of commits.</summary>
    public Counter<long> OffsetCommits { get; }

    /// <summary>Bytes of items appended out of answers of leaders.</summary>
    public Counter<long> ReplicatedBytes { get; }

    /// <summary>Messages of peers that cannot be right.</summary>
    public Counter<long> PeerNonsense { get; }

    /// <summary>Records appended, by topic.</summary>
    public Counter<long> ProducedRecords { get; }

    /// <summary>Bytes appended, by topic.</summary>
    public Counter<long> ProducedBytes { get; }

    /// <summary>Batches refused, by reason.</summary>
    public Counter<long> ProduceRefusals { get; }

    /// <summary>Resent batches.</summary>
    public Counter<long> ProduceDuplicates { get; }

    /// <summary>Records fetched, by topic.</summary>
    public Counter<long> FetchedRecords { get; }

    /// <summary>Bytes fetched, by topic.</summary>
    public Counter<long> FetchedBytes { get; }

    /// <summary>Epochs begun.</summary>
    public Counter<long> Elections { get; }

    /// <summary>Keys looked up in tables, by topic.</summary>
    public Counter<long> TableGets { get; }

    /// <summary>Pages of table scans, by topic.</summary>
    public Counter<long> TableScans { get; }

    /// <summary>Table views that were begun from the start of a log.</summary>
    public Counter<long> TableRebuilds { get; }

    internal Meter Meter { get; } = new(MeterName);

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();
}
