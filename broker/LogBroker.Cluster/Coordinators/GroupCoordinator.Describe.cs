using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>A group as of a moment ago, for metrics. Immutable.</summary>
/// <param name="Group">The group.</param>
/// <param name="Members">Its members.</param>
/// <param name="Rebalances">Times that its target changed here.</param>
/// <param name="Committed">What is committed.</param>
internal sealed record GroupFigures(string Group, int Members, long Rebalances, IReadOnlyList<StoredOffset> Committed);

/// <summary>What people are told of groups.</summary>
internal sealed partial class GroupCoordinator
{
    /// <summary>The groups coordinated here; none while they are not known. Answered in the poll. Any thread.</summary>
    public void List(Action<IReadOnlyList<GroupListing>> answer) => Post(() => answer(_stage != Stage.Serving ? [] :
    [
        .. _groups.Values.Select(g => new GroupListing(g.Id, g.Machine.Phase, g.Machine.MembersCount, g.Machine.Epoch)),
    ]));

    /// <summary>A group, with every partition that is assigned or committed. Answered in the poll. Any thread.</summary>
    public void Describe(string id, Func<TopicPartition, long> endOf, Action<Result<DescribedGroup>> answer) => Post(() =>
    {
        BrokerError? error = Refusal(id) ?? (_groups.ContainsKey(id) ? null : GroupErrors.Unknown(id));
        if (error is not null)
        {
            answer(error);
            return;
        }

        CoordinatedGroup group = _groups[id];
        GroupDescription description = group.Machine.DescribeAt(_env.RunningMs);
        var holders = new Dictionary<TopicPartition, string>();
        foreach (GroupMemberDescription member in description.Members)
        {
            foreach (GroupTopicPartitions held in member.Held)
            {
                foreach (int partition in held.Partitions)
                {
                    holders[new TopicPartition(held.Name, partition)] = member.MemberId;
                }
            }
        }

        IEnumerable<TopicPartition> all = holders.Keys
            .Union(group.Offsets.Keys.Where(p => StoredOf(group, p).Offset >= 0))
            .OrderBy(p => p.Topic, StringComparer.Ordinal)
            .ThenBy(p => p.Partition);
        answer(new DescribedGroup(
            description,
            _env.Node,
            [.. all.Select(p => new DescribedPartition(StoredOf(group, p), holders.GetValueOrDefault(p, ""), endOf(p)))]));
    });

    private void PublishFigures() => Volatile.Write(ref _figures, _stage != Stage.Serving ? [] :
    [
        .. _groups.Values.Select(g => new GroupFigures(
            g.Id,
            g.Machine.MembersCount,
            g.Machine.Rebalances,
            [.. g.Offsets.Keys.Select(p => StoredOf(g, p)).Where(s => s.Offset >= 0)])),
    ]);
}
