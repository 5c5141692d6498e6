using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>
/// A description of the cluster that is at most a tenth of a second old: after a failover every client asks for metadata at once, and a
/// description looks at all partitions. Only for what seldom changes: who is registered, and which replicas a partition has. Thread-safe;
/// the one field that threads share is replaced as a whole.
/// </summary>
internal sealed class RecentDescription(IBroker broker, TimeProvider time)
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromMilliseconds(100);

    private Entry? _entry;

    /// <summary>The cluster, now or a moment ago.</summary>
    public ClusterDescription Get() => Current().Cluster;

    /// <summary>The voters of a partition, the preferred leader first; empty when there is no such partition.</summary>
    public IReadOnlyList<NodeId> Replicas(TopicPartition partition)
    {
        var entry = Current();
        if (entry.Replicas.TryGetValue(partition, out var replicas))
            return replicas;
        // The topic may be younger than the description.
        return Refresh().Replicas.TryGetValue(partition, out replicas) ? replicas : [];
    }

    private Entry Current()
    {
        var entry = Volatile.Read(ref _entry);
        return entry is not null && time.GetElapsedTime(entry.MadeAt) <= AgeMax ? entry : Refresh();
    }

    private Entry Refresh()
    {
        long now = time.GetTimestamp();
        var cluster = broker.DescribeCluster();
        var entry = new Entry(now, cluster, cluster.Partitions.ToDictionary(p => p.Name, p => p.Replicas));
        Volatile.Write(ref _entry, entry);
        return entry;
    }

    private sealed record Entry(
        long MadeAt, ClusterDescription Cluster, Dictionary<TopicPartition, IReadOnlyList<NodeId>> Replicas);
}
