using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.Client;

/// <summary>
/// Finds where partitions begin that were just assigned: at what the group has committed, else where the options say. Tries until it is
/// done, or they are taken away again; one topic that cannot be asked about does not hold up the others.
/// </summary>
internal sealed class Preparation(ConsumerCore core)
{
    /// <summary>Begins to read partitions; returns at once.</summary>
    public void Begin(IReadOnlyList<HeldPartition> partitions, CancellationToken era) =>
        _ = Task.Run(() => RunAsync(partitions, era), CancellationToken.None);

    private async Task RunAsync(IReadOnlyList<HeldPartition> partitions, CancellationToken era)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(era, core.Stopping);
        CancellationToken stop = either.Token;
        try
        {
            List<HeldPartition>[] topics =
                [.. partitions.GroupBy(static h => h.Id.Topic, StringComparer.Ordinal).Select(static t => t.ToList())];
            foreach (List<HeldPartition> topic in topics)
            {
                // Leaders are asked for while the coordinator looks up the offsets.
                _ = WarmAsync(topic[0].Id.Topic, stop);
            }

            var committed = new Dictionary<TopicPartition, long>();
            await AgainAsync(partitions, async () => committed = await FetchCommittedAsync(partitions, stop).ConfigureAwait(false), stop)
                .ConfigureAwait(false);
            await Task.WhenAll(topics.Select(t => AgainAsync(t, () => BeginTopicAsync(t, committed, stop), stop))).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // Lost, or disposed of.
        }
        catch (Exception e)
        {
            core.Fail(e, endsMembership: false);
        }
    }

    /// <summary>Does it, and does it again after a wait when that may help, while any of the partitions is still wanted.</summary>
    private async Task AgainAsync(IReadOnlyList<HeldPartition> partitions, Func<Task> attempt, CancellationToken stop)
    {
        for (int failed = 1; ; failed++)
        {
            try
            {
                await attempt().ConfigureAwait(false);
                return;
            }
            catch (LogBrokerException e) when (CoordinatorCalls.MayRepeat(e) || e.Reason == ErrorCode.UnknownTopicOrPartition)
            {
                TimeSpan wait = core.Calls.Retry.Wait(failed, e.RetryAfter);
                LogEvents.PreparationRepeated(core.Calls.Log, core.Options.GroupId, wait.TotalMilliseconds, e.Message);
                await Task.Delay(wait, core.Calls.Options.TimeProvider, stop).ConfigureAwait(false);
            }

            if (!partitions.Any(IsWanted))
            {
                return;
            }
        }
    }

    private async Task WarmAsync(string topic, CancellationToken stop)
    {
        try
        {
            await core.Metadata.GetAsync(topic, stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LogBrokerException or OperationCanceledException or ObjectDisposedException)
        {
            // Who needs the answer asks once more, and says so.
        }
    }

    private async Task BeginTopicAsync(List<HeldPartition> topic, Dictionary<TopicPartition, long> committed, CancellationToken stop)
    {
        List<HeldPartition> open = topic.FindAll(IsWanted);
        if (open.Count == 0)
        {
            return;
        }

        // A topic that was just created, or grew, may take a moment until every node knows it.
        TopicMetadata known = await core.Metadata.GetAsync(open[0].Id.Topic, stop).ConfigureAwait(false);
        int last = open.Max(static h => h.Id.Partition);
        if (last >= known.Partitions.Count)
        {
            known = await core.Metadata.RefreshAsync(known.Name, stop, isElsewhere: true).ConfigureAwait(false);
            OffsetLookup.CheckPartition(known, last);
        }

        foreach (HeldPartition held in open)
        {
            if (committed.TryGetValue(held.Id, out long offset))
            {
                core.Holdings.Begin(held, offset, offset);
            }
        }

        await BeginFreshAsync(open.FindAll(h => !committed.ContainsKey(h.Id)), stop).ConfigureAwait(false);
    }

    private static bool IsWanted(HeldPartition held) => held is { IsBegun: false, IsGivenUp: false, IsLost: false };

    private async Task<Dictionary<TopicPartition, long>> FetchCommittedAsync(
        IReadOnlyList<HeldPartition> open, CancellationToken cancellation)
    {
        var request = new FetchCommittedRequest { Group = core.Options.GroupId };
        request.Partitions.Add(open.GroupBy(static h => h.Id.Topic, StringComparer.Ordinal).Select(static t => new AssignedPartitions
        {
            Topic = t.Key,
            Partitions = { t.Select(static h => h.Id.Partition) },
        }));
        FetchCommittedResponse response = await core.Coordinator.AskAsync(
            GroupMethods.FetchCommitted, () => request, core.Calls.Options.RequestTimeout, cancellation).ConfigureAwait(false);
        return response.Offsets.Where(static o => o.Offset >= 0)
            .ToDictionary(static o => new TopicPartition(o.Topic, o.Partition), static o => o.Offset);
    }

    private async Task BeginFreshAsync(List<HeldPartition> fresh, CancellationToken cancellation)
    {
        if (fresh.Count == 0)
        {
            return;
        }

        if (core.Options.AutoOffsetReset == AutoOffsetReset.None)
        {
            // A seek in OnAssigned says where to begin as well.
            HeldPartition? first = fresh.Find(static h => h.Position < 0);
            fresh.Where(static h => h.Position >= 0).ToList().ForEach(h => core.Holdings.Begin(h, h.Position, -1));
            if (first is not null)
            {
                core.Fail(Nothing(first.Id), endsMembership: false);
            }

            return;
        }

        Position reset = core.Options.AutoOffsetReset == AutoOffsetReset.Latest ? Position.End : Position.Start;
        IReadOnlyList<ListedOffset> listed = await new OffsetLookup(core.Calls, core.Metadata)
            .ListAsync([.. fresh.Select(h => (h.Id, reset))], cancellation).ConfigureAwait(false);
        for (int i = 0; i < fresh.Count; i++)
        {
            core.Holdings.Begin(fresh[i], listed[i].Offset, -1);
        }
    }

    private LogBrokerException Nothing(TopicPartition id) => new(
        ErrorCode.OffsetOutOfRange,
        $"group {ShownValue.Of(core.Options.GroupId)} has committed nothing for {id}, and {nameof(ConsumerOptions.AutoOffsetReset)} is "
        + $"{nameof(AutoOffsetReset.None)}: seek, or set an offset with: logbroker group reset {core.Options.GroupId} --to start")
    {
        Topic = id.Topic,
        Partition = id.Partition,
    };
}
