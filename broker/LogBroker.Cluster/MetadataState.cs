using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// What the records of <c>__cluster_metadata</c> add up to. Applying is deterministic: the same records give the same state on every
/// node. A record that refers to a topic that does not exist changes nothing. Ownership: the metadata log, one thread at a time.
/// </summary>
public sealed class MetadataState(TopicConfig topicDefaults)
{
    private readonly Dictionary<TopicId, TopicInfo> _topics = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<TopicId, string> _deleted = [];

    private readonly SortedDictionary<int, NodeRecord> _nodes = [];
    private readonly HashSet<NodeId> _draining = [];

    private TopicCatalog? _catalog;

    /// <summary>Rises with each record that changes what nodes and clients are told.</summary>
    public long Version { get; private set; }

    /// <summary>The nodes that registered, in order of id.</summary>
    public IReadOnlyCollection<NodeRecord> Nodes => _nodes.Values;

    /// <summary>The nodes that are to lead nothing.</summary>
    public IReadOnlySet<NodeId> Draining => _draining;

    /// <summary>What a node said of itself, or null.</summary>
    public NodeRecord? Node(NodeId node) => _nodes.GetValueOrDefault(node.Value);

    /// <summary>The topics that exist.</summary>
    public TopicCatalog Catalog => _catalog ??= new TopicCatalog(_topics.Values);

    /// <summary>Names of the topics that were deleted, by id: only files of these may be removed.</summary>
    public IReadOnlyDictionary<TopicId, string> Deleted => _deleted;

    /// <summary>The first producer id that was never taken.</summary>
    public ProducerId NextProducerId { get; private set; } = new(1);

    /// <summary>Applies one committed record.</summary>
    public void Apply(MetadataRecord record)
    {
        Version++;
        switch (record)
        {
            case MetadataRecord.TopicCreated created when !_names.Add(created.Name):
                return; // names are unique: the first one stands, on every node
            case MetadataRecord.TopicCreated created:
                _topics[created.Id] = new TopicInfo(
                    created.Name,
                    created.Id,
                    created.Partitions,
                    created.ReplicationFactor,
                    created.Overrides,
                    Effective(created.Overrides),
                    created.RequestId);
                break;
            case MetadataRecord.ConfigChanged changed when _topics.TryGetValue(changed.Id, out TopicInfo? topic):
                _topics[changed.Id] = topic with { Overrides = changed.Overrides, Config = Effective(changed.Overrides) };
                break;
            case MetadataRecord.PartitionsAdded added when _topics.TryGetValue(added.Id, out TopicInfo? topic):
                _topics[added.Id] = topic with { PartitionCount = Math.Max(topic.PartitionCount, added.Partitions) };
                break;
            case MetadataRecord.TopicDeleted deleted when _topics.Remove(deleted.Id, out TopicInfo? topic):
                _deleted[deleted.Id] = topic.Name;
                _names.Remove(topic.Name);
                break;
            case MetadataRecord.ProducerIdsTaken taken:
                NextProducerId = new ProducerId(Math.Max(NextProducerId.Value, taken.First.Value + taken.Count));
                return;
            case MetadataRecord.NodeRegistered registered:
                _nodes[registered.Node.Node.Value] = registered.Node;
                return;
            case MetadataRecord.NodeDraining draining:
                _ = draining.IsDraining ? _draining.Add(draining.Node) : _draining.Remove(draining.Node);
                return;
            case MetadataRecord.PartitionsPlaced placed when _topics.TryGetValue(placed.Id, out TopicInfo? topic):
                _topics[placed.Id] = topic with { Placements = [.. topic.Placements.Take(placed.First), .. placed.Placements] };
                break;
            default:
                return;
        }

        _catalog = null;
    }

    /// <summary>
    /// Overrides were checked before they were committed; what a later version does not take any more falls back to the default
    /// instead of keeping the broker from starting.
    /// </summary>
    private TopicConfig Effective(IReadOnlyDictionary<string, string> overrides)
    {
        TopicConfig config = topicDefaults;
        foreach ((string key, string value) in overrides)
        {
            if (TopicConfigKeys.Find(key)?.Apply(config, value) is { IsOk: true } applied)
            {
                config = applied.Value;
            }
        }

        return config;
    }
}
