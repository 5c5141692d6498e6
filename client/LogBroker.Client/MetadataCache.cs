using System.Collections.Concurrent;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Where a partition's leader, or a replica of it, is.</summary>
/// <param name="Server">Its address.</param>
/// <param name="NodeId">Its number.</param>
/// <param name="Epoch">The number of the leadership.</param>
internal readonly record struct LeaderPlace(string Server, int NodeId, int Epoch);

/// <summary>
/// What is known about topics and leaders, asked for when it is first needed, when it is old, and when it proved wrong. Questions
/// about one topic that come at the same time share one answer. A leader is replaced only by one of a later epoch, whoever says so: nodes
/// that lag behind, and answers that overtake each other, do not bring an old one back. Thread-safe: leaders change under one lock and
/// are read without it.
/// </summary>
internal sealed class MetadataCache(BrokerCalls calls, ClusterCalls cluster)
{
    private readonly ConcurrentDictionary<string, Entry> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<Entry>> _asking = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly int _seed = Random.Shared.Next(1024);

    /// <summary>A partition has another leader. Raised outside of any lock, after the leader can be read.</summary>
    public event Action<TopicPartition>? LeaderChanged;

    /// <summary>The topic, from memory unless that is too old.</summary>
    /// <exception cref="LogBrokerException">It does not exist, or nobody can be asked.</exception>
    public ValueTask<TopicMetadata> GetAsync(string topic, CancellationToken cancellation) =>
        _topics.TryGetValue(topic, out Entry? known) && !IsOld(known)
            ? new(known.Topic)
            : new(RefreshAsync(topic, cancellation));

    /// <summary>Asks anew.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="isElsewhere">True to ask another node than the last time: what that one said did not help.</param>
    /// <exception cref="LogBrokerException">It does not exist, or nobody can be asked.</exception>
    public async Task<TopicMetadata> RefreshAsync(string topic, CancellationToken cancellation, bool isElsewhere = false)
    {
        if (!_asking.TryGetValue(topic, out Task<Entry>? asking))
        {
            asking = _asking.GetOrAdd(
                topic, static (name, a) => a.Self.AskAsync(name, a.IsElsewhere), (Self: this, IsElsewhere: isElsewhere));
        }

        Entry entry = await asking.WaitAsync(cancellation).ConfigureAwait(false);
        return entry.Topic;
    }

    /// <summary>Where the leader of a partition is by what is known; null when there is none or the partition is not known.</summary>
    public LeaderPlace? LeaderOf(string topic, int partition) =>
        Find(topic, partition) is { LeaderNodeId: not 0 } p && calls.Servers.AddressOf(p.LeaderNodeId) is { } server
            ? new LeaderPlace(server, p.LeaderNodeId, p.LeaderEpoch)
            : null;

    /// <summary>
    /// Where to read a partition when any replica will do: one of the client's rack, else any, the same one each time while it can be
    /// reached; the leader when no other is known.
    /// </summary>
    public LeaderPlace? ReplicaOf(string topic, int partition)
    {
        if (Find(topic, partition) is not { } p)
        {
            return null;
        }

        string rack = calls.Options.Rack;
        LeaderPlace[] all = [.. p.ReplicaNodeIds.Append(p.LeaderNodeId).Where(static n => n != 0).Distinct()
            .Select(n => (Node: n, Server: calls.Servers.AddressOf(n)))
            .Where(r => r.Server is not null && !calls.Servers.IsTroubled(r.Server))
            .Select(r => new LeaderPlace(r.Server!, r.Node, p.LeaderEpoch))];
        LeaderPlace[] near = rack.Length == 0 ? [] : [.. all.Where(r => calls.Servers.RackOf(r.NodeId) == rack)];
        LeaderPlace[] some = near.Length > 0 ? near : all;
        return some.Length > 0 ? some[(partition + _seed) % some.Length] : LeaderOf(topic, partition);
    }

    /// <summary>
    /// Learns from a refusal who leads. What is older than what is known is ignored, and so is what has no epoch.
    /// </summary>
    /// <returns>True when the leader is now another one than before, or a later one of the same node.</returns>
    public bool TakeHint(string topic, int partition, LogBrokerException refusal)
    {
        PartitionMetadata? known = Find(topic, partition);
        if (known is null)
        {
            return false;
        }

        int node = known.LeaderNodeId;
        int epoch = 0;
        if (LeaderHint.TryRead(refusal, out LeaderHint hint))
        {
            (node, epoch) = (hint.NodeId, hint.Epoch);
            if (hint.Address is not null && epoch > 0 && (known.LeaderNodeId == 0 || epoch >= known.LeaderEpoch))
            {
                calls.Servers.Learn(node, hint.Address);
            }
        }
        else if (refusal.Reason == ErrorCode.FencedEpoch && node != 0 && calls.Servers.AddressOf(node) == refusal.Endpoint)
        {
            // It says so as the leader, of a later epoch than we know.
            epoch = LeaderHint.NumberOf(refusal, "leaderEpoch");
        }

        if (epoch <= 0 || !TryReplace(topic, partition, node, epoch))
        {
            return false;
        }

        LeaderChanged?.Invoke(new TopicPartition(topic, partition));
        return true;
    }

    private PartitionMetadata? Find(string topic, int partition) =>
        _topics.TryGetValue(topic, out Entry? known) && (uint)partition < (uint)known.Partitions.Length
            ? Volatile.Read(ref known.Partitions[partition])
            : null;

    private bool TryReplace(string topic, int partition, int node, int epoch)
    {
        lock (_lock)
        {
            if (Find(topic, partition) is not { } known || !IsLater(node, epoch, known))
            {
                return false;
            }

            Volatile.Write(ref _topics[topic].Partitions[partition], known with { LeaderNodeId = node, LeaderEpoch = epoch });
            return true;
        }
    }

    /// <summary>
    /// A leader of a later epoch, or any when none is known. That a node knows of no leader says nothing about the one that is known: it
    /// may be a candidate that nobody hears.
    /// </summary>
    private static bool IsLater(int node, int epoch, PartitionMetadata known) =>
        node != 0 && (known.LeaderNodeId == 0 || epoch > known.LeaderEpoch);

    private bool IsOld(Entry entry) => calls.Options.TimeProvider.GetElapsedTime(entry.AskedAt) > calls.Options.MetadataMaxAge;

    private async Task<Entry> AskAsync(string topic, bool isElsewhere)
    {
        // Let GetOrAdd store the task before it can end and remove itself.
        await Task.Yield();
        try
        {
            TopicMetadata? found = null;
            string server = string.Empty;
            int nodes = 1;
            for (int asked = 0; found is null && asked < nodes; asked++)
            {
                // A node that has just started, or is cut off, may not have heard of the topic yet.
                (ClusterMetadata metadata, server) = await cluster.AskMetadataAsync(
                    [topic], CancellationToken.None, isElsewhere || asked > 0).ConfigureAwait(false);
                found = metadata.Topics.FirstOrDefault(t => t.Name == topic);
                nodes = Math.Min(metadata.Nodes.Count, 5);
            }

            if (found is null)
            {
                _topics.TryRemove(topic, out _);
                throw Unknown(topic, server);
            }

            LogEvents.MetadataRefreshed(calls.Log, topic, server, found.Partitions.Count);
            return Merge(found);
        }
        finally
        {
            _asking.TryRemove(topic, out _);
        }
    }

    private Entry Merge(TopicMetadata found)
    {
        Entry entry;
        var changed = new List<TopicPartition>();
        lock (_lock)
        {
            _topics.TryGetValue(found.Name, out Entry? known);
            known = known?.Topic.TopicId == found.TopicId ? known : null;
            var partitions = new PartitionMetadata[Math.Max(found.Partitions.Count, known?.Partitions.Length ?? 0)];
            for (int p = 0; p < partitions.Length; p++)
            {
                PartitionMetadata? old = known is not null && p < known.Partitions.Length ? known.Partitions[p] : null;
                PartitionMetadata? fresh = p < found.Partitions.Count ? found.Partitions[p] : null;
                if (old is null || (fresh is not null && IsLater(fresh.LeaderNodeId, fresh.LeaderEpoch, old)))
                {
                    partitions[p] = fresh!;
                    changed.Add(new TopicPartition(found.Name, p));
                }
                else
                {
                    partitions[p] = fresh is null ? old! : old! with { ReplicaNodeIds = fresh.ReplicaNodeIds };
                }
            }

            entry = new Entry(found with { Partitions = partitions }, partitions, calls.Options.TimeProvider.GetTimestamp());
            _topics[found.Name] = entry;
        }

        changed.ForEach(p => LeaderChanged?.Invoke(p));
        return entry;
    }

    private static LogBrokerException Unknown(string topic, string server) => new(
        ErrorCode.UnknownTopicOrPartition,
        $"topic {ShownValue.Of(topic)} does not exist; create it with: logbroker topic create {topic}")
    {
        Topic = topic,
        Endpoint = server,
    };

    /// <param name="Topic">As it is handed out.</param>
    /// <param name="Partitions">The same list, whose elements are replaced by later ones.</param>
    /// <param name="AskedAt">A timestamp of the clock.</param>
    private sealed record Entry(TopicMetadata Topic, PartitionMetadata[] Partitions, long AskedAt);
}
