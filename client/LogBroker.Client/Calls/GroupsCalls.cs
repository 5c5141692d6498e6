using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using WireMember = LogBroker.Protocol.V1.GroupMember;
using WirePartition = LogBroker.Protocol.V1.GroupPartition;

namespace LogBroker.Client;

/// <summary>The calls of the service Groups that administer groups, in the client's own types. Thread-safe.</summary>
internal sealed partial class GroupsCalls(BrokerCalls calls, MetadataCache metadata, ClusterCalls cluster)
{
    private readonly LeaderCalls _one = new(calls);

    public async Task<IReadOnlyList<GroupSummary>> ListAsync(CancellationToken cancellation)
    {
        ClusterMetadata known = await cluster.GetMetadataAsync([], cancellation).ConfigureAwait(false);
        (BrokerNode Node, ListGroupsResponse? Said, LogBrokerException? Failure)[] answers =
            await Task.WhenAll(known.Nodes.Select(n => AskOneAsync(n, cancellation))).ConfigureAwait(false);
        if (!answers.Any(static a => a.Said is not null) && answers.Length > 0)
        {
            throw answers[0].Failure!;
        }

        // While a coordinator moves two nodes may name a group: the later epoch counts.
        return
        [
            .. answers.Where(static a => a.Said is not null)
                .SelectMany(static a => a.Said!.Groups.Select(
                    g => new GroupSummary(g.Group, (GroupState)g.State, g.Members, g.GroupEpoch, a.Node.NodeId)))
                .GroupBy(static g => g.Group, StringComparer.Ordinal)
                .Select(static g => g.MaxBy(static s => s.Epoch)!)
                .OrderBy(static g => g.Group, StringComparer.Ordinal),
        ];
    }

    public async Task<GroupDescription> DescribeAsync(string group, CancellationToken cancellation)
    {
        DescribeGroupResponse said = await AskAsync(
            group, GroupMethods.DescribeGroup, new DescribeGroupRequest { Group = group }, cancellation).ConfigureAwait(false);
        Dictionary<TopicPartition, long> ends = await EndsAsync(
            [.. said.Partitions.Where(static p => p.HighWatermark < 0).Select(static p => new TopicPartition(p.Topic, p.Partition))],
            cancellation).ConfigureAwait(false);
        return new GroupDescription
        {
            Group = said.Group,
            State = (GroupState)said.State,
            Epoch = said.GroupEpoch,
            AssignmentEpoch = said.AssignmentEpoch,
            Assignor = said.Assignor,
            CoordinatorNodeId = said.CoordinatorNodeId,
            Members = [.. said.Members.Select(Describe).OrderBy(static m => m.MemberId, StringComparer.Ordinal)],
            Partitions =
            [
                .. said.Partitions.Select(p => Describe(p, ends))
                    .OrderBy(static p => p.Topic, StringComparer.Ordinal).ThenBy(static p => p.Partition),
            ],
            WaitingFor = said.WaitingFor,
            Waiting = TimeSpan.FromMilliseconds(said.WaitingMs),
            Rebalances = said.Rebalances,
        };
    }

    public async Task<IReadOnlyList<GroupOffset>> GetCommittedAsync(string group, CancellationToken cancellation)
    {
        try
        {
            FetchCommittedResponse said = await AskAsync(
                group, GroupMethods.FetchCommitted, new FetchCommittedRequest { Group = group }, cancellation).ConfigureAwait(false);
            return
            [
                .. said.Offsets.Where(static o => o.Offset >= 0)
                    .Select(static o => new GroupOffset(
                        o.Topic, o.Partition, o.Offset, DateTimeOffset.FromUnixTimeMilliseconds(o.CommittedAtMs), o.Metadata))
                    .OrderBy(static o => o.Topic, StringComparer.Ordinal).ThenBy(static o => o.Partition),
            ];
        }
        catch (LogBrokerException e) when (e.Reason == ErrorCode.UnknownGroup)
        {
            return [];
        }
    }

    public async Task<IReadOnlyList<OffsetChange>> AlterAsync(
        string group, IReadOnlyList<OffsetChange> changes, bool validateOnly, CancellationToken cancellation)
    {
        var request = new AlterOffsetsRequest { Group = group, ValidateOnly = validateOnly };
        request.Targets.Add(changes.Select(static c => new AlterOffsetsRequest.Types.OffsetTarget
        {
            Topic = c.Topic,
            Partition = c.Partition,
            Offset = c.After,
        }));
        AlterOffsetsResponse said = await AskAsync(group, GroupMethods.AlterOffsets, request, cancellation).ConfigureAwait(false);
        return [.. said.Changes.Select(static c => new OffsetChange(c.Topic, c.Partition, c.Before, c.After))];
    }

    public Task DeleteAsync(string group, bool validateOnly, CancellationToken cancellation) => AskAsync(
        group, GroupMethods.DeleteGroup, new DeleteGroupRequest { Group = group, ValidateOnly = validateOnly }, cancellation);

    private Task<TResponse> AskAsync<TRequest, TResponse>(
        string group, Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellation) =>
        new CoordinatorCalls(calls, group).AskAsync(method, () => request, calls.Options.RequestTimeout, cancellation);

    private async Task<(BrokerNode Node, ListGroupsResponse? Said, LogBrokerException? Failure)> AskOneAsync(
        BrokerNode node, CancellationToken cancellation)
    {
        string server = calls.Servers.AddressOf(node.NodeId) ?? node.Address;
        try
        {
            return (
                node,
                await _one.OneAsync(server, GroupMethods.ListGroups, new ListGroupsRequest(), cancellation).ConfigureAwait(false),
                null);
        }
        catch (LogBrokerException e)
        {
            return (node, null, e);
        }
    }

    /// <summary>The ends of partitions, as far as their leaders can be asked.</summary>
    private async Task<Dictionary<TopicPartition, long>> EndsAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        var ends = new Dictionary<TopicPartition, long>();
        await Task.WhenAll(partitions.GroupBy(static p => p.Topic, StringComparer.Ordinal).Select(async topic =>
        {
            try
            {
                TopicMetadata known = await metadata.GetAsync(topic.Key, cancellation).ConfigureAwait(false);
                IReadOnlyList<ListedOffset> listed = await new OffsetLookup(calls, metadata).ListAsync(
                    [.. topic.Where(p => p.Partition < known.Partitions.Count).Select(static p => (p, Position.End))],
                    cancellation).ConfigureAwait(false);
                lock (ends)
                {
                    foreach (ListedOffset end in listed)
                    {
                        ends[new TopicPartition(end.Topic, end.Partition)] = end.Offset;
                    }
                }
            }
            catch (LogBrokerException e)
            {
                // The topic may be gone; then there is no end.
                LogEvents.MetadataNotRefreshed(calls.Log, topic.Key, e.Message);
            }
        })).ConfigureAwait(false);
        return ends;
    }

    private static GroupPartition Describe(WirePartition p, Dictionary<TopicPartition, long> ends) => new(
        p.Topic,
        p.Partition,
        p.MemberId,
        p.Committed,
        p.HighWatermark >= 0 ? p.HighWatermark : ends.GetValueOrDefault(new TopicPartition(p.Topic, p.Partition), -1),
        p.Committed < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(p.CommittedAtMs),
        p.Metadata);

    private static GroupMember Describe(WireMember m) => new()
    {
        MemberId = m.MemberId,
        InstanceId = m.InstanceId,
        ClientId = m.ClientId,
        Rack = m.Rack,
        Address = m.Address,
        Epoch = m.MemberEpoch,
        State = (GroupMemberState)m.State,
        Topics = [.. m.Topics],
        TopicRegex = m.TopicRegex,
        Held = Flat(m.Held),
        Target = Flat(m.Target),
        Revoking = Flat(m.Revoking),
        Silence = TimeSpan.FromMilliseconds(m.SilentMs),
        SessionTimeout = TimeSpan.FromMilliseconds(m.SessionTimeoutMs),
    };

    private static TopicPartition[] Flat(IEnumerable<AssignedPartitions> partitions) =>
    [
        .. partitions.SelectMany(static t => t.Partitions.Select(p => new TopicPartition(t.Topic, p)))
            .OrderBy(static p => p.Topic, StringComparer.Ordinal).ThenBy(static p => p.Partition),
    ];
}
