using Google.Protobuf.Collections;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// Translates positions to offsets, asking each partition's leader, with retries while leaders change. Thread-safe: no state.
/// </summary>
internal sealed class OffsetLookup(BrokerCalls calls, MetadataCache metadata)
{
    /// <summary>One answer per partition asked for, in order.</summary>
    /// <exception cref="LogBrokerException">For the first partition that fails for good.</exception>
    public async Task<IReadOnlyList<ListedOffset>> ListAsync(
        string topic, Position position, IReadOnlyCollection<int>? partitions, CancellationToken cancellation)
    {
        TopicMetadata known = await metadata.GetAsync(topic, cancellation).ConfigureAwait(false);
        int[] wanted = partitions is null ? [.. known.Partitions.Select(p => p.Partition)] : [.. partitions];
        foreach (int partition in wanted)
        {
            CheckPartition(known, partition);
        }

        return await ListAsync([.. wanted.Select(p => (new TopicPartition(topic, p), position))], cancellation).ConfigureAwait(false);
    }

    /// <summary>One answer per question, in order; all partitions exist.</summary>
    /// <exception cref="LogBrokerException">For the first partition that fails for good.</exception>
    public async Task<IReadOnlyList<ListedOffset>> ListAsync(
        IReadOnlyList<(TopicPartition Partition, Position Position)> questions, CancellationToken cancellation)
    {
        var answers = new ListedOffset?[questions.Count];
        long begin = calls.Options.TimeProvider.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            LogBrokerException? failure = await AskOpenAsync(questions, answers, attempt, begin, cancellation).ConfigureAwait(false);
            if (failure is null)
            {
                return answers!;
            }

            await WaitOrThrowAsync(calls, failure, begin, attempt, cancellation).ConfigureAwait(false);
            foreach (string topic in questions.Where((_, i) => answers[i] is null).Select(q => q.Partition.Topic).Distinct())
            {
                await metadata.RefreshAsync(topic, cancellation, isElsewhere: true).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits before the next attempt, unless the failure is for good or its time is over.</summary>
    /// <exception cref="LogBrokerException">The failure.</exception>
    public static async Task WaitOrThrowAsync(
        BrokerCalls calls, LogBrokerException failure, long begin, int attempt, CancellationToken cancellation)
    {
        TimeSpan wait = calls.Retry.Wait(attempt, failure.RetryAfter);
        TimeSpan limit = failure is ServerUnreachableException ? calls.Options.ConnectTimeout : calls.Options.RequestTimeout;
        if (!failure.IsRetriable || calls.Options.TimeProvider.GetElapsedTime(begin) + wait >= limit)
        {
            throw failure;
        }

        LogEvents.CallRetried(calls.Log, attempt, wait.TotalMilliseconds, failure.Message);
        await Task.Delay(wait, calls.Options.TimeProvider, cancellation).ConfigureAwait(false);
    }

    /// <exception cref="LogBrokerException">The topic has no such partition.</exception>
    public static void CheckPartition(TopicMetadata topic, int partition)
    {
        if ((uint)partition >= (uint)topic.Partitions.Count)
        {
            throw new LogBrokerException(
                ErrorCode.UnknownTopicOrPartition,
                $"topic {ShownValue.Of(topic.Name)} has no partition {partition}; it has {topic.Partitions.Count}, from 0")
            {
                Topic = topic.Name,
                Partition = partition,
            };
        }
    }

    private async Task<LogBrokerException?> AskOpenAsync(
        IReadOnlyList<(TopicPartition Partition, Position Position)> questions,
        ListedOffset?[] answers,
        int attempt,
        long begin,
        CancellationToken cancellation)
    {
        LogBrokerException? failure = null;
        IEnumerable<IGrouping<string?, int>> byLeader = Enumerable.Range(0, questions.Count)
            .Where(i => answers[i] is null)
            .GroupBy(i => metadata.LeaderOf(questions[i].Partition.Topic, questions[i].Partition.Partition)?.Server);
        foreach (IGrouping<string?, int> group in byLeader)
        {
            foreach (int[] some in group.Chunk(Limits.PartitionsPerFetchMax))
            {
                var story = new CallStory(group.Key, null, null, attempt, calls.Options.TimeProvider.GetElapsedTime(begin));
                failure = group.Key is null
                    ? NoLeader(questions[some[0]].Partition)
                    : await AskOneAsync(group.Key, questions, answers, some, story, cancellation).ConfigureAwait(false) ?? failure;
            }
        }

        return failure;
    }

    private async Task<LogBrokerException?> AskOneAsync(
        string server,
        IReadOnlyList<(TopicPartition Partition, Position Position)> questions,
        ListedOffset?[] answers,
        int[] some,
        CallStory story,
        CancellationToken cancellation)
    {
        var request = new ListOffsetsRequest();
        request.Partitions.Add(some.Select(i => new ListOffsetsPartition
        {
            Topic = questions[i].Partition.Topic,
            Partition = questions[i].Partition.Partition,
            Position = PositionCoding.ToWire(questions[i].Position),
        }));
        TimeSpan timeout = CallRules.Growing(CallRules.QuestionTimeout, story.Attempts);
        if (!calls.Servers.HasSeveral || timeout > calls.Options.RequestTimeout)
        {
            timeout = calls.Options.RequestTimeout;
        }

        try
        {
            using AsyncUnaryCall<ListOffsetsResponse> call = calls.Channels.For(server, ChannelUse.Control).Unary(
                ServerMethods.ListOffsets,
                request,
                new CallOptions(timeout: timeout, cancellationToken: cancellation));
            return Take((await call.ResponseAsync.ConfigureAwait(false)).Partitions, answers, some, story);
        }
        catch (RpcException e)
        {
            cancellation.ThrowIfCancellationRequested();
            LogBrokerException failure = CallErrors.ToException(e, story);
            if (failure is ServerUnreachableException)
            {
                calls.Servers.Failed(server);
            }
            else if (failure.Reason == ErrorCode.Timeout)
            {
                calls.Servers.Doubt(server);
            }

            return failure;
        }
    }

    private LogBrokerException? Take(
        RepeatedField<Protocol.V1.ListedOffset> listed, ListedOffset?[] answers, int[] some, CallStory story)
    {
        LogBrokerException? failure = null;
        for (int i = 0; i < Math.Min(some.Length, listed.Count); i++)
        {
            Protocol.V1.ListedOffset answer = listed[i];
            if (answer.Error is { Code: not 0 } error)
            {
                LogBrokerException refusal = CallErrors.ToException(
                    error, story with { Topic = answer.Topic, Partition = answer.Partition });
                metadata.TakeHint(answer.Topic, answer.Partition, refusal);
                failure ??= refusal;
                continue;
            }

            DateTimeOffset? timestamp = answer.TimestampMs >= 0 ? DateTimeOffset.FromUnixTimeMilliseconds(answer.TimestampMs) : null;
            answers[some[i]] = new ListedOffset(answer.Topic, answer.Partition, answer.Offset, timestamp, answer.LeaderEpoch);
        }

        return listed.Count == some.Length
            ? failure
            : new LogBrokerException(ErrorCode.Internal, $"the broker answered {listed.Count} of {some.Length} partitions");
    }

    internal static LogBrokerException NoLeader(TopicPartition partition) => new(
        ErrorCode.NotLeader, $"{partition} has no leader that is known")
    {
        Topic = partition.Topic,
        Partition = partition.Partition,
    };
}
