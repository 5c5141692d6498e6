using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// One deletion of records: asks the leader of each partition, with retries while leaders change. What was deleted stays deleted when
/// another partition fails. Owned by its call.
/// </summary>
internal sealed class RecordsDeletion(
    BrokerCalls calls, MetadataCache metadata, string topic, IReadOnlyDictionary<int, long> beforeOffsets, bool validateOnly)
{
    private readonly Dictionary<int, long> _done = [];

    /// <summary>The new log start of each partition.</summary>
    /// <exception cref="LogBrokerException">For the first partition that fails for good.</exception>
    public async Task<IReadOnlyDictionary<int, long>> RunAsync(CancellationToken cancellation)
    {
        long begin = calls.Options.TimeProvider.GetTimestamp();
        TopicMetadata known = await metadata.GetAsync(topic, cancellation).ConfigureAwait(false);
        foreach (int partition in beforeOffsets.Keys)
        {
            OffsetLookup.CheckPartition(known, partition);
        }

        for (int attempt = 1; ; attempt++)
        {
            LogBrokerException? failure = await AskLeadersAsync(attempt, begin, cancellation).ConfigureAwait(false);
            if (failure is null)
            {
                return _done;
            }

            await OffsetLookup.WaitOrThrowAsync(calls, failure, begin, attempt, cancellation).ConfigureAwait(false);
            await metadata.RefreshAsync(topic, cancellation, isElsewhere: true).ConfigureAwait(false);
        }
    }

    private async Task<LogBrokerException?> AskLeadersAsync(int attempt, long begin, CancellationToken cancellation)
    {
        LogBrokerException? failure = null;
        IEnumerable<IGrouping<string?, int>> byLeader = beforeOffsets.Keys
            .Where(p => !_done.ContainsKey(p))
            .GroupBy(p => metadata.LeaderOf(topic, p)?.Server)
            .ToList();
        foreach (IGrouping<string?, int> group in byLeader)
        {
            foreach (int[] some in group.Chunk(Limits.PartitionsPerFetchMax))
            {
                var story = new CallStory(group.Key, topic, null, attempt, calls.Options.TimeProvider.GetElapsedTime(begin));
                failure = group.Key is null
                    ? OffsetLookup.NoLeader(new TopicPartition(topic, some[0]))
                    : await AskAsync(group.Key, some, story, cancellation).ConfigureAwait(false) ?? failure;
            }
        }

        return failure;
    }

    /// <exception cref="LogBrokerException">It failed for good.</exception>
    private async Task<LogBrokerException?> AskAsync(string server, int[] some, CallStory story, CancellationToken cancellation)
    {
        var request = new DeleteRecordsRequest { Topic = topic, ValidateOnly = validateOnly };
        request.Partitions.Add(some.Select(p => new DeleteRecordsPartition { Partition = p, BeforeOffset = beforeOffsets[p] }));
        try
        {
            using AsyncUnaryCall<DeleteRecordsResponse> call = calls.Channels.For(server, ChannelUse.Control).Unary(
                ServerMethods.DeleteRecords,
                request,
                new CallOptions(timeout: calls.Options.RequestTimeout, cancellationToken: cancellation));
            foreach (DeletedRecords deleted in (await call.ResponseAsync.ConfigureAwait(false)).Partitions)
            {
                _done[deleted.Partition] = deleted.LogStartOffset;
            }

            return some.All(_done.ContainsKey)
                ? null
                : throw new LogBrokerException(ErrorCode.Internal, $"{server} did not answer for all partitions") { Endpoint = server };
        }
        catch (RpcException e)
        {
            cancellation.ThrowIfCancellationRequested();
            LogBrokerException failure = CallErrors.ToException(e, story);

            // Repeating is harmless for a named offset, but "everything that is there now" may be more the second time.
            bool isLost = failure is ServerUnreachableException ? !CallErrors.WasNeverSent(e) : failure.Reason == ErrorCode.Timeout;
            bool mayRepeat = failure.IsRetriable && (!isLost || some.All(p => beforeOffsets[p] >= 0));
            if (failure is ServerUnreachableException)
            {
                calls.Servers.Failed(server);
            }

            foreach (int partition in some)
            {
                metadata.TakeHint(topic, partition, failure);
            }

            return mayRepeat ? failure : throw failure;
        }
    }
}
