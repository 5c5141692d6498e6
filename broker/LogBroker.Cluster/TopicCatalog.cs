using System.Collections.Frozen;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>A topic as the metadata log has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id.</param>
/// <param name="PartitionCount">Partitions 0 to this minus 1 exist.</param>
/// <param name="ReplicationFactor">Replicas per partition.</param>
/// <param name="Overrides">Configuration keys that were set on the topic.</param>
/// <param name="Config">The effective configuration.</param>
/// <param name="RequestId">The request that created it, or "".</param>
public sealed record TopicInfo(
    string Name,
    TopicId Id,
    int PartitionCount,
    int ReplicationFactor,
    IReadOnlyDictionary<string, string> Overrides,
    TopicConfig Config,
    string RequestId)
{
    /// <summary>Who holds each partition; empty where a node alone holds all.</summary>
    public IReadOnlyList<PartitionPlacement> Placements { get; init; } = [];

    /// <summary>The voters of a partition; empty where a node alone holds all.</summary>
    public IReadOnlyList<FormedVoter> VotersOf(int partition) => partition < Placements.Count ? Placements[partition].Voters : [];

    /// <summary>True for the broker's own topics.</summary>
    public bool IsInternal => TopicName.IsInternal(Name);
}

/// <summary>The voters of one partition, the preferred leader first, with the directories they had when it was made (R27).</summary>
public sealed record PartitionPlacement(IReadOnlyList<FormedVoter> Voters);

/// <summary>All topics as of one metadata record. Immutable, thread-safe.</summary>
public sealed class TopicCatalog
{
    private readonly FrozenDictionary<string, TopicInfo> _byName;
    private readonly FrozenDictionary<TopicId, TopicInfo> _byId;

    /// <summary>Builds a catalogue of these topics.</summary>
    public TopicCatalog(IEnumerable<TopicInfo> topics)
    {
        Topics = [.. topics.OrderBy(t => t.Name, StringComparer.Ordinal)];
        _byName = Topics.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
        _byId = Topics.ToFrozenDictionary(t => t.Id);
    }

    /// <summary>No topics.</summary>
    public static TopicCatalog Empty { get; } = new([]);

    /// <summary>All topics in order of name.</summary>
    public IReadOnlyList<TopicInfo> Topics { get; }

    /// <summary>The topic of this name, or null.</summary>
    public TopicInfo? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The topic of this id, or null.</summary>
    public TopicInfo? Find(TopicId id) => _byId.GetValueOrDefault(id);
}
