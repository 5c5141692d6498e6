namespace LogBroker.Client;

/// <summary>A topic to be created. Zero counts mean the broker's defaults.</summary>
public sealed class TopicSpec
{
    /// <summary>Partitions, 1 to 10,000; 0 is the broker's default.</summary>
    public int Partitions { get; set; }

    /// <summary>Replicas of each partition; 0 is the broker's default.</summary>
    public int ReplicationFactor { get; set; }

    /// <summary>Configuration by key, such as <c>retention.ms</c>; see docs/configuration.md.</summary>
    public IDictionary<string, string> Config { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
