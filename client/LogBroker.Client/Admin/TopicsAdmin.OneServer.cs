namespace LogBroker.Client;

/// <summary>What one server says about topics: of a partition that it does not lead it may know less than the leader, or nothing.</summary>
public sealed partial class TopicsAdmin
{
    /// <summary>Describes one topic in the words of one server, which is asked once.</summary>
    /// <param name="name">The topic.</param>
    /// <param name="server">The server, as <c>host:port</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<TopicDescription> GetAsync(string name, string server, CancellationToken cancellationToken = default)
    {
        Check.Topic(name);
        ArgumentNullException.ThrowIfNull(server);
        return _calls.GetAsync(name, server, cancellationToken);
    }

    /// <summary>All topics by name in the words of one server, which is asked once for each page.</summary>
    /// <param name="server">The server, as <c>host:port</c>.</param>
    /// <param name="includeInternal">Those with "__" as well.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public IAsyncEnumerable<TopicDescription> ListAsync(
        string server, bool includeInternal = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        return _calls.ListAsync(server, includeInternal, cancellationToken);
    }
}
