namespace LogBroker.Client;

/// <summary>Nodes and partitions, and what an operator does with them.</summary>
public sealed partial class ClusterAdmin
{
    /// <summary>The servers of <see cref="LogBrokerClientOptions.Servers"/>, each as <c>host:port</c>.</summary>
    public IReadOnlyList<string> Servers => _calls.Servers;

    /// <summary>As <see cref="GetStatusAsync(CancellationToken)"/>, of one server only, which is asked once.</summary>
    /// <param name="server">The server, as <c>host:port</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<ClusterStatus> GetStatusAsync(string server, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        return _calls.GetStatusAsync(server, cancellationToken);
    }

    /// <summary>All configured nodes as one node sees them.</summary>
    /// <param name="server">The server to ask, once, as <c>host:port</c>; null for any that answers.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<ClusterNodes> ListNodesAsync(string? server = null, CancellationToken cancellationToken = default) =>
        _calls.ListNodesAsync(server, cancellationToken);

    /// <summary>
    /// Partitions as one node sees them. Only the leader of a partition knows how far its replicas are: to know it of all, ask every node
    /// and believe the leaders.
    /// </summary>
    /// <param name="topic">Those of this topic only, or (null) all, internal ones included.</param>
    /// <param name="server">The server to ask, once, as <c>host:port</c>; null for any that answers.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IReadOnlyList<ClusterPartition>> ListPartitionsAsync(
        string? topic = null, string? server = null, CancellationToken cancellationToken = default)
    {
        if (topic is not null)
        {
            Check.Topic(topic);
        }

        return _calls.ListPartitionsAsync(topic, server, cancellationToken);
    }

    /// <summary>
    /// Hands the leadership of a partition to another replica of it. Its leader is found, and found again when it moves meanwhile. Returns
    /// the node that leads now.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="toNodeId">The node that shall lead; 0 for the preferred one.</param>
    /// <param name="cancellationToken">Ends the wait; leadership may move all the same.</param>
    public Task<int> TransferLeaderAsync(string topic, int partition, int toNodeId = 0, CancellationToken cancellationToken = default)
    {
        Check.Topic(topic);
        Check.Range(partition, 0, int.MaxValue, nameof(partition));
        Check.Range(toNodeId, 0, int.MaxValue, nameof(toNodeId));
        return _calls.TransferLeaderAsync(topic, partition, toNodeId, cancellationToken);
    }

    /// <summary>
    /// Has a node lead nothing, before it is taken away, or lets it lead again. Committed in the metadata log when the task completes;
    /// leaders move after that.
    /// </summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="isDraining">True when it is to lead nothing.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    public Task SetDrainingAsync(int nodeId, bool isDraining, CancellationToken cancellationToken = default)
    {
        Check.Range(nodeId, 1, int.MaxValue, nameof(nodeId));
        return _calls.SetDrainingAsync(nodeId, isDraining, cancellationToken);
    }
}
