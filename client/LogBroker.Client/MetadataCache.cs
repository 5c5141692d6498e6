using System.Collections.Concurrent;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Where a partition's leader is.</summary>
/// <param name="Server">Its address.</param>
/// <param name="NodeId">Its number.</param>
/// <param name="Epoch">The number of its leadership.</param>
internal readonly record struct LeaderPlace(string Server, int NodeId, int Epoch);

/// <summary>
/// What is known about topics and leaders, asked for when it is first needed, when it is old, and when it proved wrong. Questions
/// about one topic that come at the same time share one answer. Thread-safe.
/// </summary>
internal sealed class MetadataCache(BrokerCalls calls, ClusterCalls cluster)
{
    private readonly ConcurrentDictionary<string, Entry> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<Entry>> _asking = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, string> _nodes = new();

    /// <summary>The topic, from memory unless that is too old.</summary>
    /// <exception cref="LogBrokerException">It does not exist, or nobody can be asked.</exception>
    public ValueTask<TopicMetadata> GetAsync(string topic, CancellationToken cancellation) =>
        _topics.TryGetValue(topic, out Entry? known) && !IsOld(known)
            ? new(known.Topic)
            : new(RefreshAsync(topic, cancellation));

    /// <summary>The topic as it was known last, without asking; null when it was never asked for.</summary>
    public TopicMetadata? Peek(string topic) => _topics.TryGetValue(topic, out Entry? known) ? known.Topic : null;

    /// <summary>Asks anew.</summary>
    /// <exception cref="LogBrokerException">It does not exist, or nobody can be asked.</exception>
    public async Task<TopicMetadata> RefreshAsync(string topic, CancellationToken cancellation)
    {
        Task<Entry> asking = _asking.GetOrAdd(topic, static (name, self) => self.AskAsync(name), this);
        Entry entry = await asking.WaitAsync(cancellation).ConfigureAwait(false);
        return entry.Topic;
    }

    /// <summary>Where the leader of a partition is by what is known; null when there is none or the partition is not known.</summary>
    public LeaderPlace? LeaderOf(string topic, int partition)
    {
        if (Peek(topic) is not { } known || (uint)partition >= (uint)known.Partitions.Count)
        {
            return null;
        }

        PartitionMetadata p = known.Partitions[partition];
        return p.LeaderNodeId != 0 && _nodes.TryGetValue(p.LeaderNodeId, out string? server)
            ? new LeaderPlace(server, p.LeaderNodeId, p.LeaderEpoch)
            : null;
    }

    private bool IsOld(Entry entry) => calls.Options.TimeProvider.GetElapsedTime(entry.AskedAt) > calls.Options.MetadataMaxAge;

    private async Task<Entry> AskAsync(string topic)
    {
        // Let GetOrAdd store the task before it can end and remove itself.
        await Task.Yield();
        try
        {
            (ClusterMetadata metadata, string server) =
                await cluster.AskMetadataAsync([topic], CancellationToken.None).ConfigureAwait(false);
            foreach (BrokerNode node in metadata.Nodes)
            {
                // What a broker advertises may not be reachable from here; the address that just answered is.
                _nodes[node.NodeId] = node.NodeId == metadata.NodeId || node.Address.Length == 0 ? server : node.Address;
            }

            calls.Learn(metadata.Nodes.Where(n => n.NodeId != metadata.NodeId && n.Address.Length > 0).Select(n => n.Address));
            TopicMetadata? found = metadata.Topics.FirstOrDefault(t => t.Name == topic);
            if (found is null)
            {
                _topics.TryRemove(topic, out _);
                throw Unknown(topic, server);
            }

            LogEvents.MetadataRefreshed(calls.Log, topic, server, found.Partitions.Count);
            return _topics[topic] = new Entry(found, calls.Options.TimeProvider.GetTimestamp());
        }
        finally
        {
            _asking.TryRemove(topic, out _);
        }
    }

    private static LogBrokerException Unknown(string topic, string server) => new(
        ErrorCode.UnknownTopicOrPartition,
        $"topic {ShownValue.Of(topic)} does not exist; create it with: logbroker topic create {topic}")
    {
        Topic = topic,
        Endpoint = server,
    };

    private sealed record Entry(TopicMetadata Topic, long AskedAt);
}
