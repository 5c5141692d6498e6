using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// Lists, describes and changes consumer groups; from <see cref="LogBrokerClient.Groups"/>. Thread-safe. All methods throw
/// <see cref="LogBrokerException"/>.
/// </summary>
public sealed class GroupsAdmin
{
    private readonly GroupsCalls _calls;

    internal GroupsAdmin(GroupsCalls calls)
    {
        _calls = calls;
    }

    /// <summary>All groups by id, from all nodes that answer; a node that does not coordinates none.</summary>
    public Task<IReadOnlyList<GroupSummary>> ListAsync(CancellationToken cancellationToken = default) =>
        _calls.ListAsync(cancellationToken);

    /// <summary>Who is in a group, who has what, what is being waited for, and how far it is.</summary>
    /// <exception cref="LogBrokerException">With <see cref="ErrorCode.UnknownGroup"/> when there is none.</exception>
    public Task<GroupDescription> DescribeAsync(string group, CancellationToken cancellationToken = default)
    {
        Check.Group(group);
        return _calls.DescribeAsync(group, cancellationToken);
    }

    /// <summary>How far a group is behind, in records and in time.</summary>
    /// <param name="group">The group.</param>
    /// <param name="withTime">
    /// False asks for no times, and <see cref="PartitionLag.Time"/> is null where there is lag: a time costs one read per partition.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LogBrokerException">With <see cref="ErrorCode.UnknownGroup"/> when there is none.</exception>
    public Task<GroupLag> GetLagAsync(string group, bool withTime = true, CancellationToken cancellationToken = default)
    {
        Check.Group(group);
        return _calls.GetLagAsync(group, withTime, cancellationToken);
    }

    /// <summary>What a group has committed, by topic and partition; empty when there is no such group.</summary>
    public Task<IReadOnlyList<GroupOffset>> GetCommittedAsync(string group, CancellationToken cancellationToken = default)
    {
        Check.Group(group);
        return _calls.GetCommittedAsync(group, cancellationToken);
    }

    /// <summary>Plans to set a group to a position, such as <see cref="Position.Start"/> or a time; nothing changes yet.</summary>
    /// <param name="group">The group; it need not exist.</param>
    /// <param name="to">The position, in every partition; one outside of a partition is its start or end.</param>
    /// <param name="topics">The topics; null means those for which the group has committed something.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<OffsetPlan> PlanResetAsync(
        string group, Position to, IReadOnlyCollection<string>? topics = null, CancellationToken cancellationToken = default)
    {
        Check.Group(group);
        CheckTopics(topics);
        return _calls.PlanAsync(group, to, topics, cancellationToken);
    }

    /// <summary>Plans to set a group to a time: the first record with that time or a later one.</summary>
    public Task<OffsetPlan> PlanResetAsync(
        string group, DateTimeOffset to, IReadOnlyCollection<string>? topics = null, CancellationToken cancellationToken = default) =>
        PlanResetAsync(group, Position.At(to), topics, cancellationToken);

    /// <summary>Plans to set a group to what another one has committed.</summary>
    /// <param name="group">The group; it need not exist.</param>
    /// <param name="otherGroup">The one to follow.</param>
    /// <param name="topics">The topics; null means all for which the other one has committed something.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<OffsetPlan> PlanResetToGroupAsync(
        string group, string otherGroup, IReadOnlyCollection<string>? topics = null, CancellationToken cancellationToken = default)
    {
        Check.Group(group);
        Check.Group(otherGroup);
        CheckTopics(topics);
        return _calls.PlanAsync(group, otherGroup, topics, cancellationToken);
    }

    /// <summary>Plans to set a group to offsets by partition; -1 forgets what is committed.</summary>
    /// <exception cref="LogBrokerException">A topic or partition does not exist, or an offset is not in its partition.</exception>
    public Task<OffsetPlan> PlanResetAsync(
        string group, IReadOnlyDictionary<TopicPartition, long> to, CancellationToken cancellationToken = default)
    {
        Check.Group(group);
        ArgumentNullException.ThrowIfNull(to);
        CheckTopics([.. to.Keys.Select(static p => p.Topic).Distinct()]);
        return _calls.PlanAsync(group, to, cancellationToken);
    }

    /// <summary>Forgets a group without members, and what it has committed.</summary>
    /// <param name="group">The group.</param>
    /// <param name="validateOnly">Checks everything, changes nothing.</param>
    /// <param name="cancellationToken">Ends the wait; the group may be deleted all the same.</param>
    /// <exception cref="LogBrokerException">
    /// With <see cref="ErrorCode.UnknownGroup"/> when there is none, <see cref="ErrorCode.GroupNotEmpty"/> when it has members.
    /// </exception>
    public Task DeleteAsync(string group, bool validateOnly = false, CancellationToken cancellationToken = default)
    {
        Check.Group(group);
        return _calls.DeleteAsync(group, validateOnly, cancellationToken);
    }

    private static void CheckTopics(IReadOnlyCollection<string>? topics)
    {
        foreach (string topic in topics ?? [])
        {
            Check.Topic(topic);
        }
    }
}
