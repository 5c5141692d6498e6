namespace LogBroker.Client;

/// <summary>
/// Asks about nodes, leaders, health and configuration, and moves leaders; from <see cref="LogBrokerClient.Cluster"/>. Thread-safe. All
/// methods throw <see cref="LogBrokerException"/>.
/// </summary>
public sealed partial class ClusterAdmin
{
    private readonly ClusterCalls _calls;

    internal ClusterAdmin(ClusterCalls calls)
    {
        _calls = calls;
    }

    /// <summary>The health of the cluster in one sentence, and the facts behind it.</summary>
    public Task<ClusterStatus> GetStatusAsync(CancellationToken cancellationToken = default) => _calls.GetStatusAsync(cancellationToken);

    /// <summary>The nodes and, for the topics named, the leaders of their partitions; asked anew, not from the cache.</summary>
    public Task<ClusterMetadata> GetMetadataAsync(
        IReadOnlyCollection<string>? topics = null, CancellationToken cancellationToken = default) =>
        _calls.GetMetadataAsync(topics ?? [], cancellationToken);

    /// <summary>The effective configuration of the node that answers, with the origin of each value.</summary>
    public Task<IReadOnlyList<NodeConfigEntry>> ListConfigAsync(CancellationToken cancellationToken = default) =>
        _calls.ListConfigAsync(cancellationToken);
}
