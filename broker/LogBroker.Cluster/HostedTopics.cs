using System.Collections.Frozen;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>A partition of this node: its replica, or why there is none.</summary>
/// <param name="Index">Its index in the topic.</param>
/// <param name="Replica">The replica, or null.</param>
/// <param name="Damage">What quarantined it at start, or null.</param>
/// <param name="Detail">Why there is no replica, in one sentence.</param>
internal sealed record HostedPartition(int Index, PartitionReplica? Replica, LogDamage? Damage, string Detail)
{
    /// <summary>Where it is when this node holds no replica of it, or null.</summary>
    public RemotePartition? Elsewhere { get; init; }

    /// <summary>True when this node should hold it and does not: to be tried again.</summary>
    public bool IsMissing => Replica is null && Damage is null && Elsewhere is null;

    /// <summary>Its voters, the preferred leader first; empty when it could not be opened.</summary>
    public IReadOnlyList<NodeId> Voters => Replica?.Voters ?? Elsewhere?.Voters ?? [];

    public PartitionState State => Damage is not null || Replica?.Log.Damage is not null
        ? PartitionState.Quarantined
        : Replica is { HasLeader: true } || Elsewhere?.View.Leader is { Value: > 0 } ? PartitionState.Online : PartitionState.Leaderless;

    /// <summary>Why nothing can be asked of it, or null when there is a replica to ask.</summary>
    public BrokerError? Refusal(TopicPartition name) => Replica is not null
        ? null
        : Elsewhere is not null ? Elsewhere.NotLeader(name)
        : Damage is not null
            ? PartitionErrors.Quarantined(name, Damage)
            : PartitionErrors.NotLeader(name, ReplicaView.Starting with { Detail = Detail });

    public PartitionDescription Describe()
    {
        if (Elsewhere is not null)
        {
            ReplicaView known = Elsewhere.View;
            return new PartitionDescription(Index, known.Leader, known.Epoch, Offset.Zero, Offset.Zero, 0, State, known.Detail);
        }

        if (Replica is null)
        {
            string detail = Damage?.ToString() ?? Detail;
            return new PartitionDescription(Index, NodeId.None, Epoch.None, Offset.Zero, Offset.Zero, 0, State, detail);
        }

        ReplicaView view = Replica.View;
        LogBounds bounds = Replica.Log.Bounds;
        return new PartitionDescription(
            Index,
            view.Leader,
            view.Epoch,
            bounds.LogStart,
            bounds.HighWatermark,
            Replica.Log.SizeBytes,
            State,
            Replica.Log.Damage?.ToString() ?? (State == PartitionState.Online ? "" : view.Detail));
    }
}

/// <summary>A topic with its partitions on this node. Immutable.</summary>
internal sealed record HostedTopic(TopicInfo Info, HostedPartition[] Partitions);

/// <summary>All topics of this node as of one metadata record; what callers look partitions up in. Immutable.</summary>
internal sealed class HostedTopics
{
    private readonly FrozenDictionary<string, HostedTopic> _byName;

    public HostedTopics(IEnumerable<HostedTopic> topics)
    {
        _byName = topics.ToFrozenDictionary(t => t.Info.Name, StringComparer.Ordinal);
        Catalog = new TopicCatalog(_byName.Values.Select(t => t.Info));
    }

    public static HostedTopics None { get; } = new([]);

    public TopicCatalog Catalog { get; }

    public IEnumerable<HostedTopic> Topics => _byName.Values;

    public IEnumerable<PartitionReplica> Replicas =>
        _byName.Values.SelectMany(t => t.Partitions).Select(p => p.Replica).OfType<PartitionReplica>();

    public HostedTopic? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A partition, or why it cannot be found.</summary>
    public BrokerError? Find(TopicPartition name, out HostedPartition partition)
    {
        partition = null!;
        if (Find(name.Topic) is not { } topic)
        {
            return PartitionErrors.Unknown(name, isTopicKnown: false);
        }

        if ((uint)name.Partition >= (uint)topic.Partitions.Length)
        {
            return PartitionErrors.Unknown(name, isTopicKnown: true);
        }

        partition = topic.Partitions[name.Partition];
        return partition.Refusal(name);
    }

    public HostedTopics With(IReadOnlyCollection<HostedTopic> topics)
    {
        var replaced = topics.Select(t => t.Info.Name).ToHashSet(StringComparer.Ordinal);
        return new HostedTopics(_byName.Values.Where(t => !replaced.Contains(t.Info.Name)).Concat(topics));
    }

    public HostedTopics Without(TopicId id) => new(_byName.Values.Where(t => t.Info.Id != id));
}
