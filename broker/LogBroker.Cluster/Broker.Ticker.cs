using System.Diagnostics.Metrics;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What happens by time: deadlines, retention, expiry, second tries; and what is measured on demand.</summary>
public sealed partial class Broker
{
    private const int TickMsAlone = 100;
    private const int RefreshTicks = 64;
    private const int ProgressTicks = 20;

    private TimeSpan TickInterval => TimeSpan.FromMilliseconds(_env.Settings.Cluster?.TickMs ?? TickMsAlone);

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
            if (!IsAlone)
            {
                TickCluster();
                _env.Peers.Tick();
                LookAtWatches();
                if (_ticks % BalanceTicks == 0)
                {
                    BalanceLeaders();
                }
            }

            TickReplicas();
            TickGroups(hosted);

            long nowMs = _env.RunningMs;
            _cleaning.Tick(hosted.Replicas, nowMs);
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

    /// <summary>Only those for which a tick can change something: an idle partition with a leader that is heard costs nothing.</summary>
    private void TickReplicas()
    {
        foreach (PartitionReplica replica in _env.Peers.All())
        {
            ReplicaView view = replica.View;
            bool isLeaderHeard = view.Leader != NodeId.None && _env.Peers.IsHeard(view.Leader);
            int votersHeard = _env.Peers.CountHeard(replica.Voters);
            bool isQuorumShort = view.Leader == _env.Node && votersHeard < replica.Voters.Count;
            if (IsAlone ? !view.Serves : replica.NeedsTick || !isLeaderHeard || isQuorumShort)
            {
                replica.Tick(isLeaderHeard, votersHeard);
            }
            else if (replica.HasPending)
            {
                replica.Schedule();
            }

            if (!IsAlone)
            {
                LookAt(replica, view);
            }
        }
    }

    /// <summary>All that one leader is told again, it is told at one tick: in few frames.</summary>
    private void LookAt(PartitionReplica replica, ReplicaView view)
    {
        bool leads = view.Leader == _env.Node;
        if (replica.Log.Damage is not null)
        {
            if (replica.TryBeginHealing())
            {
                _threads.Start(() => Heal(replica));
            }
        }
        else if (leads && (_ticks + replica.Number) % ProgressTicks == 0)
        {
            replica.NoteProgress();
        }
        else if (!leads && view.Leader != NodeId.None && (_ticks + (view.Leader.Value * RefreshTicks / 8)) % RefreshTicks == 0)
        {
            replica.Refresh();
        }
    }

    private void Maintain(HostedTopics hosted)
    {
        foreach (PartitionReplica replica in hosted.Replicas)
        {
            replica.Maintain();
        }

        _env.Logs.DeletedSegments.Sweep();
        if (hosted.Topics.Any(t => t.Partitions.Any(p => p.IsMissing)))
        {
            _threads.Start(HostMissing);
        }
    }

    private async Task HostMissing()
    {
        await _changes.WaitAsync();
        try
        {
            if (!_isStopping)
            {
                await Reconcile();
            }
        }
        finally
        {
            _changes.Release();
        }
    }

    private void Observe()
    {
        ObserveGroups();
        Gauge("logbroker_leaderless_partitions", null, "Partitions without a leader.", () => Status.PartitionsLeaderless);
        Gauge("logbroker_quarantined_partitions", null, "Damaged partitions.", () => Status.PartitionsQuarantined);
        Gauge(
            "logbroker_under_replicated_partitions", null, "Partitions led here with replicas that are not in sync.",
            () => Status.PartitionsUnderReplicated);
        Gauge(
            "logbroker_controller_active", null, "1 on the node that leads the metadata log.",
            () => _metadata?.Replica.View.Serves == true ? 1 : 0);
        Gauge("logbroker_disk_free_bytes", "By", "Room on the disk of the data.", () => _env.Logs.Space.Space.FreeBytes);
        Gauge("logbroker_disk_total_bytes", "By", "Size of the disk of the data.", () => _env.Logs.Space.Space.TotalBytes);
        Gauge("logbroker_segments", null, "Segments of all logs.", () => Volatile.Read(ref _hosted).Replicas.Sum(r => r.Log.SegmentCount));
        Gauge("logbroker_fetches_parked", null, "Fetches that wait for data.", () => Volatile.Read(ref _fetchesParked));
        Gauge("logbroker_produce_queue_bytes", "By", "Batches that wait to be appended.", () => _env.Budget.Bytes);
        Gauge(
            "logbroker_cleaner_max_dirty_percent", null, "Largest part of a log's closed segments that waits for compaction, in percent.",
            () => Dirts().Select(d => (long)(d.Ratio * 100)).DefaultIfEmpty(0).Max());
        Gauge(
            "logbroker_cleaner_lag_seconds", "s", "Age of the oldest record that waits for a compaction that is due.",
            () => Dirts().Where(d => d.IsDue).Select(d => Math.Max(0, _env.WallClockMs - d.OldestMs) / 1000).DefaultIfEmpty(0).Max());
        GaugeOfEach("logbroker_topic_partition_start_offset", null, "First offset kept.", r => r.Log.Bounds.LogStart.Value);
        GaugeOfEach("logbroker_topic_partition_high_watermark", null, "End of what can be read.", r => r.Log.Bounds.HighWatermark.Value);
        GaugeOfEach("logbroker_topic_partition_log_end_offset", null, "End of the log.", r => r.Log.Bounds.End.Value);
        GaugeOfEach("logbroker_topic_partition_bytes", "By", "Bytes of the log.", r => r.Log.SizeBytes);
        GaugeOfEach("logbroker_topic_partition_leader", null, "Node id of the leader, 0 for none.", r => r.View.Leader.Value);
        GaugeOfEach("logbroker_table_entries", null, "Keys in the table view, 0 where it is not used.", r => r.TableIfUsed?.Entries ?? 0);
        GaugeOfEach(
            "logbroker_topic_partition_in_sync_replicas", null, "Voters in sync, of partitions led here.",
            r => IsAlone ? (r.View.Leader == _env.Node ? 1 : 0) : r.Progress.Count(p => p.IsInSync));
        _env.Metrics.Meter.CreateObservableCounter(
            "logbroker_hard_states_written_total", () => _threads.HardStates.Written, null, "Votes and epochs made durable.");
        if (!IsAlone)
        {
            ObservePeers();
        }
    }

    private void ObservePeers()
    {
        GaugeOfPeers(
            "logbroker_peer_heard", null, "1 while the peer is heard and hears this node.", n => _env.Peers.IsHeard(n) ? 1 : 0);
        GaugeOfPeers(
            "logbroker_replication_lag_records", null, "Records of partitions led here that the peer has not reported as durable.",
            n => Lags(n).Sum(l => l.LagRecords));
        GaugeOfPeers(
            "logbroker_replication_lag_seconds", "s", "Longest time for which the peer has missed records of a partition led here.",
            n => Lags(n).Select(l => l.LagMs).DefaultIfEmpty(0).Max() / 1000);
    }

    private IEnumerable<LogDirt> Dirts() => Volatile.Read(ref _hosted).Replicas.Select(r => r.Dirt);

    private IEnumerable<ReplicaProgress> Lags(NodeId node) =>
        _env.Peers.All().SelectMany(r => r.Progress).Where(p => p.Node == node);

    private void GaugeOfPeers(string name, string? unit, string description, Func<NodeId, long> value)
    {
        NodeId[] peers = [.. _env.Settings.Cluster!.Nodes.Select(n => n.Node).Where(n => n != _env.Node)];
        _env.Metrics.Meter.CreateObservableGauge(
            name,
            () => peers.Select(n => new Measurement<long>(value(n), new KeyValuePair<string, object?>("peer", n.Value))),
            unit,
            description);
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
