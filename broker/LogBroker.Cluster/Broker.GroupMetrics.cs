using System.Diagnostics.Metrics;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What is measured of the groups that this node coordinates, as of a second ago.</summary>
public sealed partial class Broker
{
    private void ObserveGroups()
    {
        Meter meter = _env.Metrics.Meter;
        meter.CreateObservableGauge(
            "logbroker_consumer_group_members", () => OfEachGroup(g => g.Members), null, "Members of a group.");
        meter.CreateObservableCounter(
            "logbroker_consumer_group_rebalances_total", () => OfEachGroup(g => g.Rebalances), null,
            "Times that who is to hold what has changed since this node took over.");
        meter.CreateObservableGauge(
            "logbroker_consumer_group_lag", LagsByTopic, null, "Records between what is committed and the end, of a topic.");
        meter.CreateObservableGauge(
            "logbroker_consumer_group_lag_max", () => OfEachGroup(g => LagsOf(g).Select(l => l.Records).DefaultIfEmpty(0).Max()), null,
            "Records between what is committed and the end, of the partition that is behind most.");
        meter.CreateObservableGauge(
            "logbroker_consumer_group_lag_seconds",
            () => OfEachGroup(g => LagsOf(g).Select(l => WaitedMs(l) / 1000).DefaultIfEmpty(0).Max()), "s",
            "How long the oldest record that is not committed yet has been in its partition.");
    }

    private IEnumerable<GroupFigures> FiguresOfGroups() => Coordinators.SelectMany(c => c.Figures);

    private IEnumerable<Measurement<long>> OfEachGroup(Func<GroupFigures, long> value) =>
        FiguresOfGroups().Select(g => new Measurement<long>(value(g), new KeyValuePair<string, object?>("group", g.Group)));

    private IEnumerable<Measurement<long>> LagsByTopic() => FiguresOfGroups().SelectMany(g => LagsOf(g)
        .GroupBy(l => l.Stored.Partition.Topic, StringComparer.Ordinal)
        .Select(t => new Measurement<long>(
            t.Sum(l => l.Records),
            new KeyValuePair<string, object?>("group", g.Group),
            new KeyValuePair<string, object?>("topic", t.Key))));

    /// <summary>Of partitions that this node has a replica of: of others it does not know the end.</summary>
    private IEnumerable<(StoredOffset Stored, PartitionReplica Replica, long Records)> LagsOf(GroupFigures group)
    {
        foreach (StoredOffset stored in group.Committed)
        {
            if (Hosted.Find(stored.Partition, out HostedPartition partition) is null)
            {
                PartitionReplica replica = partition.Replica!;
                yield return (stored, replica, Math.Max(0, replica.Log.Bounds.HighWatermark.Value - stored.Offset));
            }
        }
    }

    /// <summary>Age of the batch in front of which the group stands, by its timestamp; 0 when there is none.</summary>
    private long WaitedMs((StoredOffset Stored, PartitionReplica Replica, long Records) lag)
    {
        PartitionLog log = lag.Replica.Log;
        if (lag.Records == 0)
        {
            return 0;
        }

        LogBounds bounds = log.Bounds;
        Result<LogSlice> read = log.Read(Offset.Max(new Offset(lag.Stored.Offset), bounds.LogStart), bounds.HighWatermark, 1);
        if (!read.IsOk)
        {
            return 0;
        }

        using LogSlice slice = read.Value;
        if (slice.Length < BatchHeader.Bytes)
        {
            return 0;
        }

        Span<byte> header = stackalloc byte[BatchHeader.Bytes];
        slice.CopyTo(0, header);
        return Math.Max(0, _env.WallClockMs - new RecordBatch(header).BaseTimestampMs);
    }
}
