using System.Diagnostics.Metrics;

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
        Gauge("logbroker_leaderless_partitions", null, "Partitions without a leader.", () => Status.PartitionsLeaderless);
        Gauge("logbroker_quarantined_partitions", null, "Damaged partitions.", () => Status.PartitionsQuarantined);
        Gauge("logbroker_under_replicated_partitions", null, "Partitions with replicas behind.", () => 0);
        Gauge("logbroker_controller_active", null, "1 on the node that leads the metadata log.", () => 1);
        Gauge("logbroker_disk_free_bytes", "By", "Room on the disk of the data.", () => _env.Logs.Space.Space.FreeBytes);
        Gauge("logbroker_disk_total_bytes", "By", "Size of the disk of the data.", () => _env.Logs.Space.Space.TotalBytes);
        Gauge("logbroker_segments", null, "Segments of all logs.", () => Volatile.Read(ref _hosted).Replicas.Sum(r => r.Log.SegmentCount));
        Gauge("logbroker_fetches_parked", null, "Fetches that wait for data.", () => Volatile.Read(ref _fetchesParked));
        Gauge("logbroker_produce_queue_bytes", "By", "Batches that wait to be appended.", () => _env.Budget.Bytes);
        GaugeOfEach("logbroker_topic_partition_start_offset", null, "First offset kept.", r => r.Log.Bounds.LogStart.Value);
        GaugeOfEach("logbroker_topic_partition_high_watermark", null, "End of what can be read.", r => r.Log.Bounds.HighWatermark.Value);
        GaugeOfEach("logbroker_topic_partition_log_end_offset", null, "End of the log.", r => r.Log.Bounds.End.Value);
        GaugeOfEach("logbroker_topic_partition_bytes", "By", "Bytes of the log.", r => r.Log.SizeBytes);
        GaugeOfEach("logbroker_topic_partition_leader", null, "Node id of the leader, 0 for none.", r => r.View.Leader.Value);
        // This node is the only voter of its partitions: it is in sync with itself when it leads.
        GaugeOfEach(
            "logbroker_topic_partition_in_sync_replicas", null, "Voters that have what the leader has.",
            r => r.View.Leader == _env.Node ? 1 : 0);
    }

    private void Gauge(string name, string? unit, string description, Func<long> value) =>
        _env.Metrics.Meter.CreateObservableGauge(name, value, unit, description);

    private void GaugeOfEach(string name, string? unit, string description, Func<PartitionReplica, long> value) =>
        _env.Metrics.Meter.CreateObservableGauge(name, () => Each(value), unit, description);

    private IEnumerable<Measurement<long>> Each(Func<PartitionReplica, long> value) =>
        Volatile.Read(ref _hosted).Replicas.Select(r => new Measurement<long>(
            value(r),
            new KeyValuePair<string, object?>("topic", r.Topic.Name),
            new KeyValuePair<string, object?>("partition", r.Index)));
}
