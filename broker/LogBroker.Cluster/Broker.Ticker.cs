using System.Diagnostics.Metrics;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What happens by time: deadlines, retention, expiry, second tries; and what is measured on demand.</summary>
public sealed partial class Broker
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);

    private long _maintainedMs;
    private int _isTicking;

    /// <summary>
    /// One tick: partitions with waiting producers look at deadlines; at intervals all look at retention. On a timer's thread, and of
    /// the simulation's own.
    /// </summary>
    internal void Tick()
    {
        if (_isStopping || Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            return;
        }

        try
        {
            HostedTopics hosted = Volatile.Read(ref _hosted);
            foreach (PartitionReplica replica in hosted.Replicas)
            {
                if (replica.HasPending || !replica.View.Serves)
                {
                    replica.Schedule();
                }
            }

            long nowMs = _env.RunningMs;
            if (nowMs - _maintainedMs >= _env.Settings.RetentionCheckMs)
            {
                _maintainedMs = nowMs;
                Maintain(hosted);
            }
        }
        finally
        {
            Volatile.Write(ref _isTicking, 0);
        }
    }

    private void Maintain(HostedTopics hosted)
    {
        foreach (PartitionReplica replica in hosted.Replicas)
        {
            replica.Maintain();
        }

        _env.Logs.DeletedSegments.Sweep();
        if (hosted.Topics.Any(NeedsHosting))
        {
            _ = HostMissing();
        }
    }

    private static bool NeedsHosting(HostedTopic topic) => topic.Partitions.Any(p => p.Replica is null && p.Damage is null);

    private async Task HostMissing()
    {
        await _changes.WaitAsync();
        try
        {
            foreach (HostedTopic topic in Volatile.Read(ref _hosted).Topics.Where(NeedsHosting).ToArray())
            {
                if (!_isStopping)
                {
                    await Host(topic.Info);
                }
            }
        }
        finally
        {
            _changes.Release();
        }
    }

    private void Observe()
    {
        Meter meter = _env.Metrics.Meter;
        meter.CreateObservableGauge("logbroker_leaderless_partitions", () => Status.PartitionsLeaderless, null, "Partitions without a leader.");
        meter.CreateObservableGauge("logbroker_quarantined_partitions", () => Status.PartitionsQuarantined, null, "Damaged partitions.");
        meter.CreateObservableGauge("logbroker_under_replicated_partitions", () => 0, null, "Partitions with replicas behind.");
        meter.CreateObservableGauge("logbroker_controller_active", () => 1, null, "1 on the node that leads the metadata log.");
        meter.CreateObservableGauge("logbroker_disk_free_bytes", () => _env.Logs.Space.Space.FreeBytes, "By", "Room on the disk of the data.");
        meter.CreateObservableGauge("logbroker_disk_total_bytes", () => _env.Logs.Space.Space.TotalBytes, "By", "Size of the disk of the data.");
        meter.CreateObservableGauge("logbroker_segments", () => Volatile.Read(ref _hosted).Replicas.Sum(r => r.Log.SegmentCount), null, "Segments of all logs.");
        meter.CreateObservableGauge("logbroker_fetches_parked", () => Volatile.Read(ref _fetchesParked), null, "Fetches that wait for data.");
        meter.CreateObservableGauge("logbroker_produce_queue_bytes", () => _env.Budget.Bytes, "By", "Batches that wait to be appended.");
        PerPartition("logbroker_topic_partition_start_offset", null, "First offset kept.", p => p.LogStart.Value);
        PerPartition("logbroker_topic_partition_high_watermark", null, "End of what consumers may see.", p => p.HighWatermark.Value);
        PerPartition("logbroker_topic_partition_log_end_offset", null, "End of the log.", p => p.End.Value);
        meter.CreateObservableGauge("logbroker_topic_partition_bytes", () => Each(r => r.Log.SizeBytes), "By", "Bytes of the log.");
        meter.CreateObservableGauge("logbroker_topic_partition_leader", () => Each(r => r.View.Leader.Value), null, "Node id of the leader, 0 for none.");
    }

    private void PerPartition(string name, string? unit, string description, Func<LogBounds, long> value) =>
        _env.Metrics.Meter.CreateObservableGauge(name, () => Each(r => value(r.Log.Bounds)), unit, description);

    private IEnumerable<Measurement<long>> Each(Func<PartitionReplica, long> value) =>
        Volatile.Read(ref _hosted).Replicas.Select(r => new Measurement<long>(
            value(r),
            new KeyValuePair<string, object?>("topic", r.Topic.Name),
            new KeyValuePair<string, object?>("partition", r.Index)));
}
