using System.Collections.Frozen;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>A topic as groups see it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id: a topic that was deleted and made again has another one.</param>
/// <param name="PartitionCount">Partitions 0 to this minus 1 exist.</param>
public sealed record GroupTopic(string Name, TopicId Id, int PartitionCount)
{
    /// <summary>By partition, the racks of its replicas; empty, or shorter than the partitions, where they are not known.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Racks { get; init; } = [];

    /// <summary>The racks of a partition's replicas; empty when they are not known.</summary>
    public IReadOnlyList<string> RacksOf(int partition) => partition < Racks.Count ? Racks[partition] : [];
}

/// <summary>
/// The topics that exist, as one coordinator loop sees them at a moment. Another object means that something may have changed.
/// Immutable, thread-safe.
/// </summary>
public sealed class GroupTopics
{
    private readonly FrozenDictionary<string, GroupTopic> _byName;
    private readonly FrozenDictionary<TopicId, GroupTopic> _byId;

    /// <summary>A view of these topics; names and ids are unique.</summary>
    public GroupTopics(IEnumerable<GroupTopic> topics)
    {
        All = [.. topics.OrderBy(t => t.Name, StringComparer.Ordinal)];
        _byName = All.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
        _byId = All.ToFrozenDictionary(t => t.Id);
    }

    /// <summary>No topics.</summary>
    public static GroupTopics Empty { get; } = new([]);

    /// <summary>All topics in order of name.</summary>
    public IReadOnlyList<GroupTopic> All { get; }

    /// <summary>The topic of this name, or null.</summary>
    public GroupTopic? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The topic of this id, or null.</summary>
    public GroupTopic? Find(TopicId id) => _byId.GetValueOrDefault(id);
}

/// <summary>Partitions of one topic, in order, as members and people are told of them.</summary>
public sealed record GroupTopicPartitions(string Name, TopicId Id, IReadOnlyList<int> Partitions)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}/{string.Join(',', Partitions)}";
}
