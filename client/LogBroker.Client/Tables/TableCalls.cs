using System.Runtime.CompilerServices;
using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using WireEntry = LogBroker.Protocol.V1.TableEntry;
using WireFreshness = LogBroker.Protocol.V1.TableFreshness;

namespace LogBroker.Client;

/// <summary>An entry as a partition's view has it.</summary>
internal readonly record struct TableAnswer(int Partition, WireEntry Entry, WireFreshness Freshness);

/// <summary>Asks the views of partitions, wherever their leaders, or replicas, are. Thread-safe: no state.</summary>
internal sealed class TableCalls(BrokerCalls calls, MetadataCache metadata)
{
    private const int KeysMax = 1_000;
    private const int HopsMax = 3;

    /// <summary>One answer per key, in order.</summary>
    public async Task<TableAnswer[]> GetAsync(string topic, byte[][] keys, TableReadOptions options, CancellationToken cancellation)
    {
        TopicMetadata known = await metadata.GetAsync(topic, cancellation).ConfigureAwait(false);
        if (keys.Length == 1)
        {
            return await AskAsync(topic, PartitionOf(keys[0], known), keys, options, cancellation).ConfigureAwait(false);
        }

        var answers = new TableAnswer[keys.Length];
        await Task.WhenAll(Enumerable.Range(0, keys.Length)
            .GroupBy(i => PartitionOf(keys[i], known))
            .SelectMany(static p => p.Chunk(KeysMax).Select(some => (Partition: p.Key, Some: some)))
            .Select(async ask =>
            {
                TableAnswer[] part = await AskAsync(
                    topic, ask.Partition, [.. ask.Some.Select(i => keys[i])], options, cancellation).ConfigureAwait(false);
                for (int i = 0; i < part.Length; i++)
                {
                    answers[ask.Some[i]] = part[i];
                }
            })).ConfigureAwait(false);
        return answers;
    }

    /// <summary>All partitions, one after the other; goes on behind the last key when a server is lost.</summary>
    public async IAsyncEnumerable<TableAnswer> ScanAsync(
        string topic, ReadOnlyMemory<byte> prefix, TableReadOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        TopicMetadata known = await metadata.RefreshAsync(topic, cancellation).ConfigureAwait(false);
        for (int partition = 0; partition < known.Partitions.Count; partition++)
        {
            var request = new TableScanRequest
            {
                Topic = topic,
                Partition = partition,
                Prefix = ByteString.CopyFrom(prefix.Span),
                Linearizable = options.Linearizable,
                AllowFollower = options.AllowFollowers,
            };
            await foreach (TableAnswer answer in ScanOneAsync(request, options, cancellation).ConfigureAwait(false))
            {
                yield return answer;
            }
        }
    }

    private async IAsyncEnumerable<TableAnswer> ScanOneAsync(
        TableScanRequest request, TableReadOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var walk = new Walk(this, new TopicPartition(request.Topic, request.Partition), options, cancellation);
        for (bool isOver = false; !isOver;)
        {
            string server = await walk.ServerAsync().ConfigureAwait(false);
            using AsyncServerStreamingCall<TableScanResponse> call = calls.Channels.For(server, ChannelUse.Fetch).ServerStreaming(
                GroupMethods.TableScan, request.Clone(), new CallOptions(cancellationToken: cancellation));
            while (true)
            {
                TableScanResponse? answer = null;
                try
                {
                    answer = await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false) ? call.ResponseStream.Current : null;
                    walk.Succeeded();
                }
                catch (RpcException e)
                {
                    cancellation.ThrowIfCancellationRequested();
                    await walk.FailedAsync(e, server).ConfigureAwait(false);
                    break;
                }

                if (answer is null)
                {
                    isOver = true;
                    break;
                }

                foreach (WireEntry entry in answer.Entries)
                {
                    request.After = entry.Key;
                    yield return new TableAnswer(request.Partition, entry, answer.Freshness ?? new WireFreshness());
                }
            }
        }
    }

    private async Task<TableAnswer[]> AskAsync(
        string topic, int partition, byte[][] keys, TableReadOptions options, CancellationToken cancellation)
    {
        var request = new TableGetRequest
        {
            Topic = topic,
            Partition = partition,
            Linearizable = options.Linearizable,
            AllowFollower = options.AllowFollowers,
        };
        request.Keys.Add(keys.Select(static k => UnsafeByteOperations.UnsafeWrap(k)));
        var walk = new Walk(this, new TopicPartition(topic, partition), options, cancellation);
        while (true)
        {
            string server = await walk.ServerAsync().ConfigureAwait(false);
            try
            {
                using AsyncUnaryCall<TableGetResponse> call = calls.Channels.For(server, ChannelUse.Control).Unary(
                    GroupMethods.TableGet, request, new CallOptions(timeout: walk.AttemptTimeout, cancellationToken: cancellation));
                TableGetResponse response = await call.ResponseAsync.ConfigureAwait(false);
                if (response.Entries.Count != keys.Length)
                {
                    throw new LogBrokerException(
                        ErrorCode.Internal, $"{server} answered {response.Entries.Count} of {keys.Length} keys")
                    {
                        Endpoint = server,
                    };
                }

                WireFreshness freshness = response.Freshness ?? new WireFreshness();
                return [.. response.Entries.Select(e => new TableAnswer(partition, e, freshness))];
            }
            catch (RpcException e)
            {
                cancellation.ThrowIfCancellationRequested();
                await walk.FailedAsync(e, server).ConfigureAwait(false);
            }
        }
    }

    private static int PartitionOf(byte[] key, TopicMetadata topic) => KeyPartitioner.Instance.Choose(key, topic.Partitions.Count);

    /// <summary>The way of one question from server to server, until its time is over.</summary>
    private sealed class Walk(TableCalls owner, TopicPartition partition, TableReadOptions options, CancellationToken cancellation)
    {
        private readonly BrokerCalls _calls = owner.Calls;
        private long _begin = owner.Calls.Options.TimeProvider.GetTimestamp();
        private int _attempt = 1;
        private int _hops;
        private bool _isLeaderOnly;

        public TimeSpan AttemptTimeout
        {
            get
            {
                TimeSpan left = _calls.Options.RequestTimeout - _calls.Options.TimeProvider.GetElapsedTime(_begin);
                TimeSpan one = CallRules.Growing(CallRules.WorkTimeout, _attempt);
                TimeSpan chosen = _calls.Servers.HasSeveral && one < left ? one : left;
                return chosen > TimeSpan.FromMilliseconds(1) ? chosen : TimeSpan.FromMilliseconds(1);
            }
        }

        public async ValueTask<string> ServerAsync()
        {
            while (true)
            {
                if (Known() is { } server)
                {
                    return server;
                }

                await FailedAsync(OffsetLookup.NoLeader(partition)).ConfigureAwait(false);
            }
        }

        /// <summary>What fails from now on has all the time again.</summary>
        public void Succeeded()
        {
            _begin = _calls.Options.TimeProvider.GetTimestamp();
            _attempt = 1;
            _hops = 0;
        }

        public Task FailedAsync(RpcException e, string server) => FailedAsync(CallErrors.ToException(
            e,
            new CallStory(
                server, partition.Topic, partition.Partition, _attempt, _calls.Options.TimeProvider.GetElapsedTime(_begin))));

        private async Task FailedAsync(LogBrokerException failure)
        {
            if (failure is ServerUnreachableException && failure.Endpoint is { } lost)
            {
                _calls.Servers.Failed(lost);
            }
            else if (failure.Reason == ErrorCode.Timeout && failure.Endpoint is { } slow)
            {
                _calls.Servers.Doubt(slow);
            }

            // A replica that cannot be reached is left alone by everybody; one that refuses is asked no more by this question.
            _isLeaderOnly |= failure is not ServerUnreachableException && failure.Reason != ErrorCode.Timeout;
            if (owner.Metadata.TakeHint(partition.Topic, partition.Partition, failure) && _hops++ < HopsMax)
            {
                return;
            }

            _hops = 0;
            await OffsetLookup.WaitOrThrowAsync(_calls, failure, _begin, _attempt, cancellation).ConfigureAwait(false);
            _attempt++;
            await owner.Metadata.RefreshAsync(partition.Topic, cancellation, isElsewhere: true).ConfigureAwait(false);
        }

        private string? Known() => (options.AllowFollowers && !_isLeaderOnly
            ? owner.Metadata.ReplicaOf(partition.Topic, partition.Partition)
            : owner.Metadata.LeaderOf(partition.Topic, partition.Partition))?.Server;
    }

    private BrokerCalls Calls => calls;

    private MetadataCache Metadata => metadata;
}
