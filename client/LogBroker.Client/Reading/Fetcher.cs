using System.Threading.Channels;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// Fetches ahead for one reader: one loop per server that leads any of its partitions, each with one long poll at a time. Survives
/// restarts and changes of leaders by asking again from where it was. Results come in order per partition. Partitions may be added and
/// removed at any time; a poll that waits for others is broken off for one that is added.
/// </summary>
internal sealed partial class Fetcher : IAsyncDisposable
{
    private readonly BrokerCalls _calls;
    private readonly MetadataCache _metadata;
    private readonly ReadOptions _options;
    private readonly PrefetchBudget _budget;
    private readonly Channel<FetchedItem> _items =
        Channel.CreateUnbounded<FetchedItem>(new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FetchLane> _byServer = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Task> _loops = [];

    public Fetcher(BrokerCalls calls, MetadataCache metadata, ReadOptions options)
    {
        _calls = calls;
        _metadata = metadata;
        _options = options;
        _budget = new PrefetchBudget(options.PrefetchBytes);
    }

    public ChannelReader<FetchedItem> Items => _items.Reader;

    private TimeProvider Clock => _calls.Options.TimeProvider;

    /// <summary>Begins with these partitions; those that have nothing to read end at once.</summary>
    public void Begin(IEnumerable<PartitionCursor> cursors)
    {
        var open = new List<PartitionCursor>();
        foreach (PartitionCursor cursor in cursors)
        {
            AnnouncePlace(cursor, long.MaxValue);
            if (!cursor.IsDone)
            {
                open.Add(cursor);
            }
        }

        Place(open, null);
    }

    /// <summary>Fetches no more of a partition. What was fetched already may still come, with this cursor.</summary>
    public void Remove(PartitionCursor cursor) => cursor.IsRemoved = true;

    /// <summary>Wakes whoever waits for items, with one that says nothing.</summary>
    public void Nudge() => _items.Writer.TryWrite(default);

    /// <summary>The caller has handed over all of a part.</summary>
    public void Finish(FetchedPart part)
    {
        _budget.Remove(part.Length);
        part.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task[] loops;
        lock (_lock)
        {
            loops = [.. _loops];
        }

        await Task.WhenAll(loops).ConfigureAwait(false);
        _items.Writer.TryComplete();
        while (_items.Reader.TryRead(out FetchedItem item))
        {
            item.Part?.Dispose();
        }
    }

    /// <summary>One server's loop: ends when it has no partitions any more.</summary>
    private async Task RunAsync(string server, FetchLane mine)
    {
        int turn = 0;
        try
        {
            while (Snapshot(server, mine, turn++) is { } cursors)
            {
                if (MoveOn(server, mine))
                {
                    continue;
                }

                await _budget.WaitAsync(_stop.Token).ConfigureAwait(false);
                await FetchOnceAsync(server, mine, cursors).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The reader was disposed of.
        }
        catch (Exception e)
        {
            _items.Writer.TryWrite(new FetchedItem(
                null, null, default, 0, e as LogBrokerException ?? new LogBrokerException(ErrorCode.Internal, e.Message, e)));
        }
    }

    /// <summary>The partitions to ask for, each time beginning with another one, so that none starves; null at the end.</summary>
    private PartitionCursor[]? Snapshot(string server, FetchLane mine, int turn)
    {
        lock (_lock)
        {
            mine.RemoveAll(static c => c.IsDone || c.IsRemoved);
            mine.IsWoken = false;
            if (mine.Count == 0)
            {
                _byServer.Remove(server);
                return null;
            }

            int count = Math.Min(mine.Count, Limits.PartitionsPerFetchMax);
            var cursors = new PartitionCursor[count];
            for (int i = 0; i < count; i++)
            {
                cursors[i] = mine[(int)(((uint)turn + (uint)i) % (uint)mine.Count)];
            }

            return cursors;
        }
    }

    private async Task FetchOnceAsync(string server, FetchLane mine, PartitionCursor[] cursors)
    {
        List<FetchedPart> parts;
        using var poll = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        if (!TrySetPoll(mine, poll))
        {
            return;
        }

        try
        {
            long begin = Clock.GetTimestamp();
            using AsyncUnaryCall<List<FetchedPart>> call = _calls.Channels.For(server, ChannelUse.Fetch).Unary(
                FetchMethod.Fetch,
                RequestFor(cursors),
                new CallOptions(timeout: _options.FetchMaxWait + _calls.Options.RequestTimeout, cancellationToken: poll.Token));
            if (await IsHangingAsync(server, cursors, call.ResponseAsync, begin).ConfigureAwait(false))
            {
                Forget(call.ResponseAsync);
                MoveAway(mine, cursors, new ServerUnreachableException($"{server} does not answer") { Endpoint = server });
                return;
            }

            parts = await call.ResponseAsync.ConfigureAwait(false);
            Measure(server, cursors[0], parts, Clock.GetElapsedTime(begin));
        }
        catch (RpcException e)
        {
            _stop.Token.ThrowIfCancellationRequested();
            if (!poll.IsCancellationRequested)
            {
                MoveAway(mine, cursors, CallErrors.ToException(e, new CallStory(server, cursors[0].Topic)));
            }

            return;
        }
        finally
        {
            lock (_lock)
            {
                mine.Poll = null;
            }
        }

        for (int i = 0; i < parts.Count; i++)
        {
            PartitionCursor? cursor = i < cursors.Length ? cursors[i] : null;
            if (cursor is null || parts[i].Partition != cursor.Partition || parts[i].Topic != cursor.Topic)
            {
                parts.ForEach(static p => p.Dispose());
                throw new LogBrokerException(ErrorCode.Internal, $"{server} answered a fetch for other partitions than asked");
            }

            parts[i].Server = server;
            await TakeAsync(server, mine, cursor, parts[i]).ConfigureAwait(false);
        }
    }

    /// <summary>False when a partition was added meanwhile: then it is to be asked for as well.</summary>
    private bool TrySetPoll(FetchLane mine, CancellationTokenSource poll)
    {
        lock (_lock)
        {
            mine.Poll = mine.IsWoken ? null : poll;
            return !mine.IsWoken;
        }
    }

    /// <summary>Before the parts are handed over, for then their bytes may go at any time.</summary>
    private void Measure(string server, PartitionCursor first, List<FetchedPart> parts, TimeSpan duration)
    {
        try
        {
            if (Telemetry.OperationSeconds.Enabled)
            {
                Telemetry.OperationSeconds.Record(
                    duration.TotalSeconds, Telemetry.Tags("fetch", "receive", first.Topic, first.Partition, server));
            }

            if (Telemetry.Source.HasListeners())
            {
                ReceiveSpan.Emit(server, parts, Clock.GetUtcNow(), duration, _calls.Options.ClientId);
            }
        }
        catch (Exception e)
        {
            // Listeners of metrics and spans are foreign code; reading must go on whatever they do.
            LogEvents.CallbackThrew(_calls.Log, e);
        }
    }

    private FetchRequest RequestFor(PartitionCursor[] cursors)
    {
        var request = new FetchRequest
        {
            MinBytes = _options.FetchMinBytes,
            MaxBytes = _options.FetchMaxBytes,
            MaxWaitMs = (int)_options.FetchMaxWait.TotalMilliseconds,
            AllowFollower = _options.AllowFollowers,
        };
        foreach (PartitionCursor cursor in cursors)
        {
            request.Partitions.Add(new FetchPartition
            {
                Topic = cursor.Topic,
                Partition = cursor.Partition,
                Offset = cursor.FetchOffset,
                MaxBytes = _options.PartitionMaxBytes,
            });
        }

        return request;
    }

    private async Task TakeAsync(string server, FetchLane mine, PartitionCursor cursor, FetchedPart part)
    {
        if (cursor.IsRemoved)
        {
            part.Dispose();
            return;
        }

        if (part.Error is { Code: not 0 } status)
        {
            part.Dispose();
            LogBrokerException error = CallErrors.ToException(status, new CallStory(server, cursor.Topic, cursor.Partition));
            if (error.Reason == ErrorCode.OffsetOutOfRange && cursor.IsRangeDoubted)
            {
                await SkipAsync(mine, cursor, error).ConfigureAwait(false);
            }
            else if (error.Reason == ErrorCode.OffsetOutOfRange)
            {
                // A leader that has just begun, or a replica that lags, may know less than the one that was asked before.
                cursor.IsRangeDoubted = true;
                MoveAway(mine, [cursor], new LogBrokerException(ErrorCode.OffsetNotAvailable, error.Message, error)
                {
                    Topic = error.Topic,
                    Partition = error.Partition,
                    Endpoint = error.Endpoint,
                    Details = error.Details,
                });
            }
            else if (error.IsRetriable || error.Reason == ErrorCode.OutcomeUnknown)
            {
                _metadata.TakeHint(cursor.Topic, cursor.Partition, error);
                MoveAway(mine, [cursor], error);
            }
            else
            {
                Fail(cursor, error);
            }

            return;
        }

        cursor.Succeeded();
        long highWatermark = part.HighWatermark;
        if (part.Length > 0)
        {
            if (!TryAdvance(cursor, part))
            {
                part.Dispose();
                string message = $"{server} sent bytes that are no record batches for {cursor.Id}";
                Fail(cursor, new LogBrokerException(ErrorCode.CorruptBatch, message)
                {
                    Topic = cursor.Topic,
                    Partition = cursor.Partition,
                    Endpoint = server,
                });
                return;
            }

            cursor.IsCaughtUp = false;
            _budget.Add(part.Length);
            _items.Writer.TryWrite(new FetchedItem(cursor, part, ReadEventKind.Record, 0, null));
        }
        else
        {
            part.Dispose();
        }

        AnnouncePlace(cursor, highWatermark);
    }

    private void AnnouncePlace(PartitionCursor cursor, long highWatermark)
    {
        if (cursor.FetchOffset >= cursor.Until)
        {
            cursor.IsDone = true;
            _items.Writer.TryWrite(new FetchedItem(cursor, null, ReadEventKind.End, cursor.Until, null));
        }
        else if (cursor.FetchOffset >= highWatermark && !cursor.IsCaughtUp)
        {
            cursor.IsCaughtUp = true;
            _items.Writer.TryWrite(new FetchedItem(cursor, null, ReadEventKind.CaughtUp, cursor.FetchOffset, null));
        }
    }

    /// <summary>Walks over the batches' headers to where the next fetch begins; contents are checked when they are handed over.</summary>
    private static bool TryAdvance(PartitionCursor cursor, FetchedPart part)
    {
        ReadOnlySpan<byte> rest = part.Batches.Span;
        long next = cursor.FetchOffset;
        while (!rest.IsEmpty)
        {
            if (RecordBatch.TryParse(rest, int.MaxValue, out RecordBatch batch) != BatchFault.None)
            {
                return false;
            }

            next = Math.Max(next, batch.NextOffset.Value);
            rest = rest[batch.TotalBytes..];
        }

        // No progress would mean the same answer for ever.
        bool isProgress = next > cursor.FetchOffset;
        cursor.FetchOffset = next;
        return isProgress;
    }

    /// <summary>The offset is not there: in front of the log start it was deleted, behind the end something is wrong.</summary>
    private async Task SkipAsync(FetchLane mine, PartitionCursor cursor, LogBrokerException error)
    {
        IReadOnlyList<ListedOffset> start;
        try
        {
            start = await new OffsetLookup(_calls, _metadata)
                .ListAsync([(cursor.Id, Position.Start)], _stop.Token).ConfigureAwait(false);
        }
        catch (LogBrokerException e) when (e.IsRetriable)
        {
            MoveAway(mine, [cursor], e);
            return;
        }

        if (start[0].Offset <= cursor.FetchOffset || _options.FailOnTruncation)
        {
            Fail(cursor, error);
            return;
        }

        LogEvents.ReadTruncated(_calls.Log, cursor.Topic, cursor.Partition, cursor.FetchOffset, start[0].Offset);
        cursor.FetchOffset = start[0].Offset;
        cursor.IsCaughtUp = false;
        cursor.IsRangeDoubted = false;
        _items.Writer.TryWrite(new FetchedItem(cursor, null, ReadEventKind.Truncated, start[0].Offset, null));
        AnnouncePlace(cursor, long.MaxValue);
    }

    private void Fail(PartitionCursor cursor, LogBrokerException why)
    {
        cursor.IsDone = true;
        _items.Writer.TryWrite(new FetchedItem(cursor, null, default, 0, why));
    }
}
