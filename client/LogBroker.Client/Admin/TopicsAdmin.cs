namespace LogBroker.Client;

/// <summary>
/// Creates, describes and changes topics; from <see cref="LogBrokerClient.Topics"/>. Every change is durable when its task
/// completes. Thread-safe. All methods throw <see cref="LogBrokerException"/>.
/// </summary>
public sealed partial class TopicsAdmin
{
    private readonly TopicsCalls _calls;

    internal TopicsAdmin(TopicsCalls calls)
    {
        _calls = calls;
    }

    /// <summary>Creates a topic.</summary>
    /// <param name="name">[a-zA-Z0-9._-]{1,249}, not "." or ".."; names that begin with "__" are reserved.</param>
    /// <param name="configure">Sets partitions, replicas and configuration; without it the broker's defaults hold.</param>
    /// <param name="validateOnly">Checks everything, creates nothing.</param>
    /// <param name="cancellationToken">Ends the wait; the topic may be created all the same.</param>
    /// <exception cref="LogBrokerException">For example with <see cref="Protocol.ErrorCode.TopicAlreadyExists"/>.</exception>
    public Task<TopicDescription> CreateAsync(
        string name, Action<TopicSpec>? configure = null, bool validateOnly = false, CancellationToken cancellationToken = default)
    {
        Check.Topic(name);
        var spec = new TopicSpec();
        configure?.Invoke(spec);
        return _calls.CreateAsync(name, spec, validateOnly, cancellationToken);
    }

    /// <summary>
    /// Creates a topic unless there is one of this name, and returns it as it is. An existing topic is not changed, whatever
    /// <paramref name="configure"/> says.
    /// </summary>
    public async Task<TopicDescription> EnsureAsync(
        string name, Action<TopicSpec>? configure = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return await CreateAsync(name, configure, validateOnly: false, cancellationToken).ConfigureAwait(false);
        }
        catch (LogBrokerException e) when (e.Reason == Protocol.ErrorCode.TopicAlreadyExists)
        {
            return await GetAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Describes one topic.</summary>
    /// <exception cref="LogBrokerException">With <see cref="Protocol.ErrorCode.UnknownTopicOrPartition"/> when there is none.</exception>
    public Task<TopicDescription> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        Check.Topic(name);
        return _calls.GetAsync(name, cancellationToken);
    }

    /// <summary>All topics by name, page by page; internal ones (names with "__") only when asked for.</summary>
    public IAsyncEnumerable<TopicDescription> ListAsync(bool includeInternal = false, CancellationToken cancellationToken = default) =>
        _calls.ListAsync(includeInternal, cancellationToken);

    /// <summary>Changes configuration; keys that are not named keep their value.</summary>
    /// <param name="name">The topic.</param>
    /// <param name="set">New values by key.</param>
    /// <param name="unset">Keys to put back to the default.</param>
    /// <param name="validateOnly">Checks everything, changes nothing.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    public Task<TopicDescription> UpdateAsync(
        string name,
        IReadOnlyDictionary<string, string> set,
        IReadOnlyCollection<string>? unset = null,
        bool validateOnly = false,
        CancellationToken cancellationToken = default)
    {
        Check.Topic(name);
        ArgumentNullException.ThrowIfNull(set);
        return _calls.UpdateAsync(name, set, unset ?? [], validateOnly, cancellationToken);
    }

    /// <summary>
    /// Raises the number of partitions to <paramref name="partitions"/>, the new total; keys may map to other partitions afterwards.
    /// </summary>
    public Task<TopicDescription> AddPartitionsAsync(
        string name, int partitions, bool validateOnly = false, CancellationToken cancellationToken = default)
    {
        Check.Topic(name);
        return _calls.AddPartitionsAsync(name, partitions, validateOnly, cancellationToken);
    }

    /// <summary>Deletes a topic and its records; with an id only the topic with that id. Returns the id of the deleted topic.</summary>
    public Task<string> DeleteAsync(
        string name, string? topicId = null, bool validateOnly = false, CancellationToken cancellationToken = default)
    {
        Check.Topic(name);
        return _calls.DeleteAsync(name, topicId, validateOnly, cancellationToken);
    }

    /// <summary>
    /// Advances the log start of partitions: records in front of it are gone for good. -1 means everything that is there now.
    /// Returns the new log start by partition.
    /// </summary>
    /// <param name="name">The topic.</param>
    /// <param name="beforeOffsets">The new log start by partition.</param>
    /// <param name="validateOnly">Checks everything, deletes nothing.</param>
    /// <param name="cancellationToken">Ends the wait; records may be deleted all the same.</param>
    public Task<IReadOnlyDictionary<int, long>> DeleteRecordsAsync(
        string name,
        IReadOnlyDictionary<int, long> beforeOffsets,
        bool validateOnly = false,
        CancellationToken cancellationToken = default)
    {
        Check.Topic(name);
        ArgumentNullException.ThrowIfNull(beforeOffsets);
        return _calls.DeleteRecordsAsync(name, beforeOffsets, validateOnly, cancellationToken);
    }
}
