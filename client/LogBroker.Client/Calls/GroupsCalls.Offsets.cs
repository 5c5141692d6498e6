using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Lag, and plans of where offsets are to be set.</summary>
internal sealed partial class GroupsCalls
{
    private const int ReadsAtATimeMax = 8;

    public async Task<GroupLag> GetLagAsync(string group, bool withTime, CancellationToken cancellation)
    {
        GroupDescription described = await DescribeAsync(group, cancellation).ConfigureAwait(false);
        using var places = new SemaphoreSlim(ReadsAtATimeMax);
        PartitionLag[] partitions = await Task.WhenAll(described.Partitions.Select(async p =>
        {
            TimeSpan? time = p.Lag == 0 ? TimeSpan.Zero : null;
            if (withTime && p.Lag > 0)
            {
                await places.WaitAsync(cancellation).ConfigureAwait(false);
                try
                {
                    time = await AgeOfAsync(new TopicPartition(p.Topic, p.Partition), p.Committed, cancellation).ConfigureAwait(false);
                }
                finally
                {
                    places.Release();
                }
            }

            return new PartitionLag(p.Topic, p.Partition, p.Committed, p.HighWatermark, p.Lag, time, p.MemberId);
        })).ConfigureAwait(false);
        return new GroupLag(group, partitions);
    }

    public async Task<OffsetPlan> PlanAsync(
        string group, Position to, IReadOnlyCollection<string>? topics, CancellationToken cancellation)
    {
        Dictionary<TopicPartition, long> before = await CommittedAsync(group, cancellation).ConfigureAwait(false);
        var after = new Dictionary<TopicPartition, long>();
        foreach (string topic in Topics(group, topics, before))
        {
            foreach (ListedOffset at in await PlacesAsync(topic, to, cancellation).ConfigureAwait(false))
            {
                after[new TopicPartition(topic, at.Partition)] = at.Offset;
            }
        }

        return Plan(group, before, after);
    }

    public async Task<OffsetPlan> PlanAsync(
        string group, string otherGroup, IReadOnlyCollection<string>? topics, CancellationToken cancellation)
    {
        Dictionary<TopicPartition, long> before = await CommittedAsync(group, cancellation).ConfigureAwait(false);
        Dictionary<TopicPartition, long> other = await CommittedAsync(otherGroup, cancellation).ConfigureAwait(false);
        var chosen = Topics(otherGroup, topics, other).ToHashSet(StringComparer.Ordinal);
        return Plan(group, before, other.Where(o => chosen.Contains(o.Key.Topic)).ToDictionary(static o => o.Key, static o => o.Value));
    }

    public async Task<OffsetPlan> PlanAsync(
        string group, IReadOnlyDictionary<TopicPartition, long> to, CancellationToken cancellation)
    {
        Dictionary<TopicPartition, long> before = await CommittedAsync(group, cancellation).ConfigureAwait(false);
        foreach (IGrouping<string, KeyValuePair<TopicPartition, long>> topic in to.GroupBy(static t => t.Key.Topic, StringComparer.Ordinal))
        {
            int[] partitions = [.. topic.Select(static t => t.Key.Partition)];
            IReadOnlyList<ListedOffset> starts = await ListAsync(topic.Key, Position.Start, partitions, cancellation).ConfigureAwait(false);
            IReadOnlyList<ListedOffset> ends = await ListAsync(topic.Key, Position.End, partitions, cancellation).ConfigureAwait(false);
            for (int i = 0; i < partitions.Length; i++)
            {
                long offset = to[new TopicPartition(topic.Key, partitions[i])];
                if (offset < -1 || (offset >= 0 && (offset < starts[i].Offset || offset > ends[i].Offset)))
                {
                    throw OutOfRange(topic.Key, partitions[i], offset, starts[i].Offset, ends[i].Offset);
                }
            }
        }

        return Plan(group, before, to);
    }

    private OffsetPlan Plan(
        string group, Dictionary<TopicPartition, long> before, IReadOnlyDictionary<TopicPartition, long> after) => new(
        this,
        group,
        [
            .. after.OrderBy(static a => a.Key.Topic, StringComparer.Ordinal).ThenBy(static a => a.Key.Partition)
                .Select(a => new OffsetChange(a.Key.Topic, a.Key.Partition, before.GetValueOrDefault(a.Key, -1), a.Value)),
        ]);

    /// <summary>The age of the first record at or behind an offset; null when it cannot be read now.</summary>
    private async Task<TimeSpan?> AgeOfAsync(TopicPartition partition, long offset, CancellationToken cancellation)
    {
        var options = new ReadOptions
        {
            FetchMaxBytes = 64 * 1024,
            PartitionMaxBytes = 1024,
            PrefetchBytes = 64 * 1024,
            FetchMaxWait = TimeSpan.Zero,
            UnreachableTimeout = calls.Options.RequestTimeout,
        };
        var plan = new ReadPlan([partition.Topic], [partition.Partition], Position.At(offset), Position.End, options);
        try
        {
            await foreach (ConsumedRecord record in new RecordSequence(calls, metadata, plan, cancellation).ConfigureAwait(false))
            {
                TimeSpan age = calls.Options.TimeProvider.GetUtcNow() - record.Timestamp;
                return age > TimeSpan.Zero ? age : TimeSpan.Zero;
            }

            return TimeSpan.Zero;
        }
        catch (LogBrokerException e)
        {
            LogEvents.MetadataNotRefreshed(calls.Log, partition.Topic, e.Message);
            return null;
        }
    }

    private async Task<Dictionary<TopicPartition, long>> CommittedAsync(string group, CancellationToken cancellation) =>
        (await GetCommittedAsync(group, cancellation).ConfigureAwait(false))
            .ToDictionary(static o => new TopicPartition(o.Topic, o.Partition), static o => o.Offset);

    private static IEnumerable<string> Topics(
        string group, IReadOnlyCollection<string>? topics, Dictionary<TopicPartition, long> committed)
    {
        List<string> chosen = [.. (topics ?? [.. committed.Keys.Select(static p => p.Topic)]).Distinct(StringComparer.Ordinal)];
        return chosen.Count > 0
            ? chosen
            : throw new LogBrokerException(
                ErrorCode.UnknownGroup, $"group {ShownValue.Of(group)} has committed nothing; name the topics");
    }

    /// <summary>An offset that is not in a partition means its nearest end.</summary>
    private async Task<IReadOnlyList<ListedOffset>> PlacesAsync(string topic, Position to, CancellationToken cancellation)
    {
        if (to.Kind != PositionKind.Offset)
        {
            return await ListAsync(topic, to, null, cancellation).ConfigureAwait(false);
        }

        IReadOnlyList<ListedOffset> starts = await ListAsync(topic, Position.Start, null, cancellation).ConfigureAwait(false);
        IReadOnlyList<ListedOffset> ends = await ListAsync(topic, Position.End, null, cancellation).ConfigureAwait(false);
        return
        [
            .. starts.Zip(
                ends,
                (start, end) => end with { Offset = Math.Clamp(to.Value, start.Offset, Math.Max(start.Offset, end.Offset)) }),
        ];
    }

    private Task<IReadOnlyList<ListedOffset>> ListAsync(
        string topic, Position position, IReadOnlyCollection<int>? partitions, CancellationToken cancellation) =>
        new OffsetLookup(calls, metadata).ListAsync(topic, position, partitions, cancellation);

    private static LogBrokerException OutOfRange(string topic, int partition, long offset, long start, long end) => new(
        ErrorCode.OffsetOutOfRange, $"offset {offset} is not in {topic}/{partition}, which has {start} to {end}")
    {
        Topic = topic,
        Partition = partition,
    };
}
