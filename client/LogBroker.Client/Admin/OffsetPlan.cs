namespace LogBroker.Client;

/// <summary>
/// Where the committed offsets of a group are to be set; from <see cref="GroupsAdmin"/>. Nothing has changed before
/// <see cref="ApplyAsync"/>. Immutable.
/// </summary>
public sealed class OffsetPlan
{
    private readonly GroupsCalls _calls;

    internal OffsetPlan(GroupsCalls calls, string group, IReadOnlyList<OffsetChange> changes)
    {
        _calls = calls;
        Group = group;
        Changes = changes;
    }

    /// <summary>The group.</summary>
    public string Group { get; }

    /// <summary>All partitions of the plan, by topic and number, also those that stay where they are.</summary>
    public IReadOnlyList<OffsetChange> Changes { get; }

    /// <summary>Sets the offsets, durably; returns what was committed before and is now.</summary>
    /// <param name="validateOnly">Has the coordinator check everything and change nothing.</param>
    /// <param name="cancellationToken">Ends the wait; the change may be made all the same.</param>
    /// <exception cref="LogBrokerException">
    /// With <see cref="Protocol.ErrorCode.GroupNotEmpty"/> while the group has members, which the message names; nothing was changed.
    /// </exception>
    public Task<IReadOnlyList<OffsetChange>> ApplyAsync(bool validateOnly = false, CancellationToken cancellationToken = default) =>
        _calls.AlterAsync(Group, Changes, validateOnly, cancellationToken);
}

/// <summary>The change of one committed offset.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="Before">The next offset to read, as it is committed; -1 when nothing is.</param>
/// <param name="After">The next offset to read after the change; -1 forgets the commit.</param>
public sealed record OffsetChange(string Topic, int Partition, long Before, long After);
