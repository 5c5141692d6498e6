using System.Globalization;
using System.Text;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What is demanded of new and changed topics: rows 1 to 11 of the bad-input table. Pure.</summary>
internal static class TopicChecks
{
    private const int RequestIdBytesMax = 64;

    private const int ReplicasDefault = 3;

    /// <summary>The topic that a command asks for, without an id yet; counts of 0 become the defaults.</summary>
    /// <param name="command">The wish.</param>
    /// <param name="settings">Defaults and limits.</param>
    /// <param name="nodes">Nodes that can hold replicas.</param>
    public static Result<TopicInfo> Plan(CreateTopicCommand command, BrokerSettings settings, int nodes)
    {
        if (TopicName.Check(command.Name) is { } badName)
        {
            return badName;
        }

        if (TopicName.IsInternal(command.Name))
        {
            return PartitionErrors.Internal(command.Name);
        }

        int partitions = command.Partitions == 0 ? settings.PartitionsDefault : command.Partitions;
        if (partitions is < 1 or > Limits.PartitionsPerTopicMax)
        {
            return OutOfRange(ErrorCode.InvalidPartitions, "partitions", partitions, 1, Limits.PartitionsPerTopicMax, "");
        }

        int odd = nodes % 2 == 0 ? Math.Max(1, nodes - 1) : nodes;
        int replicas = command.ReplicationFactor == 0 ? Math.Min(ReplicasDefault, odd) : command.ReplicationFactor;
        if (replicas < 1 || replicas > nodes || replicas % 2 == 0)
        {
            string parity = replicas > 0 && replicas % 2 == 0 ? "; an even number survives no more failures than one less" : "";
            string why = $"; the cluster has {nodes} {(nodes == 1 ? "node" : "nodes")}{parity}";
            return OutOfRange(ErrorCode.InvalidReplicationFactor, "replication_factor", replicas, 1, odd, why);
        }

        if (Encoding.UTF8.GetByteCount(command.RequestId) > RequestIdBytesMax)
        {
            return new BrokerError(
                ErrorCode.InvalidArgument, $"request_id {ShownValue.Of(command.RequestId)} is longer than {RequestIdBytesMax} bytes");
        }

        Result<TopicConfig> config = TopicConfigKeys.Resolve(settings.TopicDefaults, command.Config);
        return config.IsOk
            ? new TopicInfo(
                command.Name, default, partitions, replicas, Normal(command.Config, config.Value), config.Value, command.RequestId)
            : config.Error;
    }

    /// <summary>The topic with the configuration that a command asks for.</summary>
    public static Result<TopicInfo> PlanConfig(TopicInfo topic, AlterTopicCommand command, TopicConfig defaults)
    {
        var overrides = new Dictionary<string, string>(topic.Overrides, StringComparer.Ordinal);
        var faults = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string key in command.Unset)
        {
            if (TopicConfigKeys.Find(key) is null)
            {
                faults[key] = TopicConfigKeys.UnknownKey(key);
            }
            else if (command.Set.ContainsKey(key))
            {
                faults[key] = $"{key} is both set and unset";
            }

            overrides.Remove(key);
        }

        foreach ((string key, string value) in command.Set)
        {
            overrides[key] = value;
        }

        Result<TopicConfig> config = TopicConfigKeys.Resolve(defaults, overrides);
        if (!config.IsOk)
        {
            foreach ((string key, string fault) in config.Error.Metadata)
            {
                faults.TryAdd(key, fault);
            }
        }

        return faults.Count > 0
            ? TopicConfigKeys.InvalidConfig(faults)
            : topic with { Overrides = Normal(overrides, config.Value), Config = config.Value };
    }

    /// <summary>
    /// Null when the name is free; success when this very request has created it before; else why it cannot be created.
    /// </summary>
    public static Result<TopicInfo>? Existing(TopicInfo topic, TopicCatalog catalog)
    {
        if (catalog.Find(topic.Name) is { } existing)
        {
            bool isSame = topic.RequestId.Length > 0
                && topic.RequestId == existing.RequestId
                && topic.PartitionCount == existing.PartitionCount
                && topic.ReplicationFactor == existing.ReplicationFactor
                && topic.Overrides.Count == existing.Overrides.Count
                && topic.Overrides.All(o => existing.Overrides.TryGetValue(o.Key, out string? value) && value == o.Value);
            return isSame ? existing : About(ErrorCode.TopicAlreadyExists, topic.Name, $"topic {ShownValue.Of(topic.Name)} exists already");
        }

        string folded = Fold(topic.Name);
        if (catalog.Topics.FirstOrDefault(t => Fold(t.Name) == folded) is not { } other)
        {
            return null;
        }

        return About(
            ErrorCode.TopicCollision,
            topic.Name,
            $"topic {ShownValue.Of(topic.Name)} collides with {ShownValue.Of(other.Name)}: they differ only in '.' and '_'");
    }

    /// <summary>Why a topic cannot have this many partitions, or null.</summary>
    public static BrokerError? Growth(TopicInfo topic, int partitions)
    {
        return partitions < topic.PartitionCount || partitions > Limits.PartitionsPerTopicMax
            ? OutOfRange(
                ErrorCode.InvalidPartitions, "partitions", partitions, topic.PartitionCount, Limits.PartitionsPerTopicMax,
                $"; topic {ShownValue.Of(topic.Name)} has {topic.PartitionCount} and cannot shrink")
            : null;
    }

    /// <summary>Why the node cannot hold so many more partitions, or null.</summary>
    public static BrokerError? Room(int hosted, int more) => hosted + more > Limits.PartitionsPerNodeMax
        ? new BrokerError(
            ErrorCode.LimitExceeded,
            $"{more} more partitions do not fit: the node has {hosted} of at most {Limits.PartitionsPerNodeMax}")
        : null;

    /// <summary>Overrides in one way of writing, so that equal requests compare equal.</summary>
    private static Dictionary<string, string> Normal(IReadOnlyDictionary<string, string> overrides, TopicConfig config) =>
        overrides.ToDictionary(o => o.Key, o => TopicConfigKeys.Find(o.Key)!.Show(config), StringComparer.Ordinal);

    private static string Fold(string name) => name.Replace('.', '_');

    private static BrokerError About(ErrorCode code, string topic, string message) => new(code, message)
    {
        Metadata = new Dictionary<string, string> { ["topic"] = ShownValue.Of(topic)[1..^1] },
    };

    private static BrokerError OutOfRange(ErrorCode code, string field, int value, int min, int max, string why) =>
        new(code, string.Create(CultureInfo.InvariantCulture, $"{field} {value} is outside {min} to {max}{why}"))
        {
            Metadata = new Dictionary<string, string>
            {
                [field] = value.ToString(CultureInfo.InvariantCulture),
                ["min"] = min.ToString(CultureInfo.InvariantCulture),
                ["max"] = max.ToString(CultureInfo.InvariantCulture),
            },
        };
}
