using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// The way from a door to the coordinators of this node: checks what needs none, finds the one of a group, posts to it, and waits.
/// Thread-safe.
/// </summary>
internal sealed class BrokerGroups(Broker broker, ReplicaEnvironment env, IBrokerThreads threads) : IGroups
{
    private const int MetadataBytesMax = 4096;
    private const int OffsetsPerCommitMax = 10_000;

    /// <inheritdoc/>
    public async ValueTask<Result<CoordinatorPlace>> FindCoordinator(string group, CancellationToken cancellation)
    {
        if ((GroupChecks.GroupId(group) ?? broker.NotReady ?? await broker.EnsureOffsetsTopic(cancellation)) is { } error)
        {
            return error;
        }

        HostedTopic topic = broker.Hosted.Find(OffsetsTopic.Name)!;
        int partition = GroupIds.PartitionOf(group, topic.Partitions.Length);
        ReplicaView view = await broker.LedPartition(OffsetsTopic.Name, partition, cancellation);
        return view.Leader == NodeId.None
            ? GroupErrors.NotCoordinator(group, new TopicPartition(OffsetsTopic.Name, partition), view, null)
            : new CoordinatorPlace(view.Leader, env.ClientAddressOf(view.Leader) ?? "", partition, view.Epoch);
    }

    /// <inheritdoc/>
    public IMembership Join(MemberOpening opening, IMemberSink sink)
    {
        if (Find(opening.Group, out GroupCoordinator coordinator) is { } error)
        {
            sink.Ended(error);
            return RefusedMembership.Instance;
        }

        return coordinator.Join(opening, sink);
    }

    /// <inheritdoc/>
    public async ValueTask<BrokerError?> Leave(
        string group, string member, int memberEpoch, bool temporarily, CancellationToken cancellation)
    {
        if (Find(group, out GroupCoordinator coordinator) is { } error)
        {
            return error;
        }

        return await Ask<BrokerError?>(answer => coordinator.Leave(group, member, memberEpoch, temporarily, answer), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<Result<BrokerError?[]>> Commit(OffsetCommit commit, CancellationToken cancellation)
    {
        if ((Find(commit.Group, out GroupCoordinator coordinator) ?? TooMany("offsets", commit.Offsets.Count)) is { } error)
        {
            return error;
        }

        var errors = new BrokerError?[commit.Offsets.Count];
        var topics = new TopicId[errors.Length];
        for (int i = 0; i < errors.Length; i++)
        {
            OffsetToStore offset = commit.Offsets[i];
            int metadataBytes = Encoding.UTF8.GetByteCount(offset.Metadata);
            errors[i] = metadataBytes > MetadataBytesMax
                ? GroupErrors.MetadataTooLarge(offset.Partition, metadataBytes, MetadataBytesMax)
                : await CheckOffset(offset.Partition, offset.Offset, out topics[i]);
        }

        BrokerError? refused = await Ask<BrokerError?>(
            answer => coordinator.Commit(commit, topics, errors, answer), cancellation);
        return refused is not null ? refused : (Result<BrokerError?[]>)errors;
    }

    /// <inheritdoc/>
    public async ValueTask<Result<StoredOffset[]>> FetchCommitted(
        string group, IReadOnlyList<TopicPartition>? partitions, CancellationToken cancellation)
    {
        if ((Find(group, out GroupCoordinator coordinator) ?? TooMany("partitions", partitions?.Count ?? 0)) is { } error)
        {
            return error;
        }

        // A coordinator that was replaced without knowing it has old offsets: it proves first that it leads.
        Task<bool> proven = coordinator.ProveLeadership();
        await threads.Until(proven);
        return await proven.WaitAsync(cancellation)
            ? await Ask<Result<StoredOffset[]>>(answer => coordinator.Fetch(group, partitions, answer), cancellation)
            : coordinator.RefusalNow(group);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<GroupListing>> List(CancellationToken cancellation)
    {
        var all = new List<GroupListing>();
        foreach (GroupCoordinator coordinator in broker.Coordinators)
        {
            if (coordinator.MayServe)
            {
                all.AddRange(await Ask<IReadOnlyList<GroupListing>>(coordinator.List, cancellation));
            }
        }

        return [.. all.OrderBy(g => g.Group, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async ValueTask<Result<DescribedGroup>> Describe(string group, CancellationToken cancellation)
    {
        if (Find(group, out GroupCoordinator coordinator) is { } error)
        {
            return error;
        }

        return await Ask<Result<DescribedGroup>>(answer => coordinator.Describe(group, broker.KnownEnd, answer), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<Result<OffsetChange[]>> Alter(
        string group, IReadOnlyList<OffsetTarget> targets, bool validateOnly, CancellationToken cancellation)
    {
        if ((Find(group, out GroupCoordinator coordinator) ?? TooMany("targets", targets.Count)) is { } error)
        {
            return error;
        }

        var topics = new TopicId[targets.Count];
        for (int i = 0; i < topics.Length; i++)
        {
            OffsetTarget target = targets[i];
            if (target.Offset != -1 && await CheckOffset(target.Partition, target.Offset, out topics[i]) is { } bad)
            {
                return bad;
            }
        }

        return await Ask<Result<OffsetChange[]>>(
            answer => coordinator.Alter(group, targets, topics, validateOnly, answer), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<BrokerError?> Delete(string group, bool validateOnly, CancellationToken cancellation)
    {
        if (Find(group, out GroupCoordinator coordinator) is { } error)
        {
            return error;
        }

        return await Ask<BrokerError?>(answer => coordinator.Delete(group, validateOnly, answer), cancellation);
    }

    private static BrokerError? TooMany(string field, int count) => count <= OffsetsPerCommitMax ? null : new BrokerError(
        ErrorCode.LimitExceeded, $"{field} has {count} entries, at most {OffsetsPerCommitMax} are allowed");

    /// <summary>
    /// Null for an offset that can be committed. One beyond the end is refused only on the word of a leader that has proven that it leads
    /// still: a replica that is behind does not know the end.
    /// </summary>
    private ValueTask<BrokerError?> CheckOffset(TopicPartition name, long offset, out TopicId topic)
    {
        topic = default;
        if (offset < 0)
        {
            return ValueTask.FromResult<BrokerError?>(GroupErrors.BadOffset(name, offset, long.MaxValue, "is negative"));
        }

        if (broker.Hosted.Find(name.Topic) is not { } hosted || (uint)name.Partition >= (uint)hosted.Partitions.Length)
        {
            return ValueTask.FromResult<BrokerError?>(PartitionErrors.Unknown(name, broker.Hosted.Find(name.Topic) is not null));
        }

        topic = hosted.Info.Id;
        PartitionReplica? replica = hosted.Partitions[name.Partition].Replica;
        return replica is not null && replica.View.Serves && offset > replica.Log.Bounds.HighWatermark.Value
            ? BeyondEnd(replica, name, offset)
            : ValueTask.FromResult<BrokerError?>(null);
    }

    private async ValueTask<BrokerError?> BeyondEnd(PartitionReplica replica, TopicPartition name, long offset)
    {
        Task<bool> confirmed = replica.ConfirmLeadership();
        await threads.Until(confirmed);
        long end = replica.Log.Bounds.HighWatermark.Value;
        return await Waiting.InTime(confirmed, Broker.ConfirmTimeMax, env.Time) && confirmed.Result && offset > end
            ? GroupErrors.BadOffset(name, offset, end, $"is beyond its end {end}")
            : null;
    }

    /// <summary>The coordinator of a group, or why this node is not that.</summary>
    private BrokerError? Find(string group, out GroupCoordinator coordinator)
    {
        coordinator = null!;
        if ((GroupChecks.GroupId(group) ?? broker.NotReady) is { } error)
        {
            return error;
        }

        if (broker.Hosted.Find(OffsetsTopic.Name) is not { } topic)
        {
            return GroupErrors.NoCoordinatorYet(group);
        }

        HostedPartition partition = topic.Partitions[GroupIds.PartitionOf(group, topic.Partitions.Length)];
        var name = new TopicPartition(OffsetsTopic.Name, partition.Index);
        if (partition.Replica?.Companion is GroupCoordinator found)
        {
            coordinator = found;
            ReplicaView here = partition.Replica.View;
            return here.Serves ? null : coordinator.RefusalBy(here, group);
        }

        ReplicaView view = partition.Elsewhere?.View ?? ReplicaView.Starting with { Detail = partition.Detail };
        return GroupErrors.NotCoordinator(group, name, view, env.ClientAddressOf(view.Leader));
    }

    /// <summary>Posts a question and waits for its answer.</summary>
    private async Task<T> Ask<T>(Action<Action<T>> question, CancellationToken cancellation)
    {
        var answered = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        question(answered.SetResult);
        await threads.Until(answered.Task);
        return await answered.Task.WaitAsync(cancellation);
    }
}
