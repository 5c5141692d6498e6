using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>One Read call: a long poll in a loop, with control events between the frames. Owned by its call.</summary>
internal sealed class ReadStream(
    IBroker broker,
    StreamLimits limits,
    ReadRequest request,
    IServerStreamWriter<ReadOut> responses,
    ServerCallContext context)
{
    private const int FrameBytesDefault = 256 * 1024;

    private readonly TopicPartition _partition = new(request.Topic, request.Partition);
    private readonly int _frameBytes = request.FrameBytesMax == 0
        ? FrameBytesDefault : Math.Min(request.FrameBytesMax, Limits.FetchBytesMax);

    private Offset _next;
    private Offset? _until;
    private bool _isCaughtUp;

    /// <summary>Runs until the end position, an error, or the client or node goes.</summary>
    public async ValueTask RunAsync()
    {
        if (await OpenAsync() is { } error)
        {
            ErrorMap.Refuse<object>(context, error);
            return;
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
        while (_until is null || _next < _until.Value)
        {
            try
            {
                if (await StepAsync(ends.Token) is not { } failed)
                    continue;
                ErrorMap.Refuse<object>(context, failed);
                return;
            }
            catch (OperationCanceledException) when (context.Stopping.IsCancellationRequested)
            {
                await Say(new ReadEvent
                {
                    GoAway = new ReadEvent.Types.GoAway { Reason = "the node is stopping", RetryAfterMs = 1000 },
                });
                return;
            }
        }

        await Say(new ReadEvent { End = new ReadEvent.Types.ReadEnd { NextOffset = _next.Value } });
    }

    private async ValueTask<BrokerError?> OpenAsync()
    {
        if (ErrorMap.OutOfRange("frame_bytes_max", request.FrameBytesMax, 0, int.MaxValue) is { } error)
            return error;
        var from = await Find(request.From, "from");
        if (!from.IsOk)
            return from.Error;
        _next = from.Value.Offset;
        if (request.Until is not null)
        {
            var until = await Find(request.Until, "until");
            if (!until.IsOk)
                return until.Error;
            _until = until.Value.Offset;
        }

        await Say(new ReadEvent
        {
            Opened = new ReadEvent.Types.ReadOpened
            {
                FromOffset = _next.Value,
                UntilOffset = _until?.Value ?? -1,
                LeaderEpoch = from.Value.LeaderEpoch.Value,
            },
        });
        return null;
    }

    private async ValueTask<Result<OffsetAnswer>> Find(Position? position, string field)
    {
        var query = ConsumerService.QueryOf(position, field);
        if (!query.IsOk)
            return query.Error;
        return request.AllowFollower && query.Value.Kind != LogQueryKind.Timestamp
            ? await FindHere(query.Value)
            : await broker.FindOffset(_partition, query.Value, context.CancellationToken);
    }

    /// <summary>A replica that may be a follower finds what its own bounds say.</summary>
    private async ValueTask<Result<OffsetAnswer>> FindHere(LogQuery query)
    {
        bool isOffset = query.Kind == LogQueryKind.Offset;
        var result = await broker.Fetch(CommandAt(isOffset ? new Offset(query.Value) : Offset.Zero, waitMs: 0), context.CancellationToken);
        if (!result.IsOk)
            return result.Error;
        using var answer = result.Value;
        var item = answer.Items[0];
        // That offset 0 was deleted does not matter to who asked for an end.
        if (item.Error is not null && (isOffset || item.Error.Code != ErrorCode.OffsetOutOfRange))
            return item.Error;
        long start = item.LogStart.Value;
        long end = Math.Max(start, item.HighWatermark.Value);
        long found = query.Kind switch
        {
            LogQueryKind.AfterStart => query.Value < end - start ? start + query.Value : end,
            LogQueryKind.BeforeEnd => query.Value < end - start ? end - query.Value : start,
            _ => query.Value,
        };
        return new OffsetAnswer(new Offset(found), -1, item.LeaderEpoch);
    }

    private FetchCommand CommandAt(Offset offset, int waitMs) =>
        new([new FetchItem(_partition, offset, _frameBytes, Epoch.None)], 1, _frameBytes, waitMs)
        {
            AllowsFollower = request.AllowFollower,
        };

    private async ValueTask<BrokerError?> StepAsync(CancellationToken cancellationToken)
    {
        // The first look answers at once, so that a reader learns that it has caught up; later ones wait.
        int waitMs = _isCaughtUp ? (int)Math.Min(limits.HeartbeatInterval.TotalMilliseconds, Limits.FetchWaitMsMax) : 0;
        var result = await broker.Fetch(CommandAt(_next, waitMs), cancellationToken);
        if (!result.IsOk)
            return result.Error;
        var answer = result.Value;
        var item = answer.Items[0];
        if (item.Error is null && item.Slice.Length > 0)
        {
            await SendFrame(answer, item);
            return null;
        }

        answer.Dispose();
        return item.Error is null ? await SayNothingNew(item) : await GoOnAfter(item);
    }

    private async ValueTask SendFrame(FetchAnswer answer, FetchedItem item)
    {
        _next = item.Slice.NextOffset;
        _isCaughtUp = false;
        var head = new ReadFrameHead(item.HighWatermark.Value, item.LeaderEpoch.Value);
        await responses.WriteAsync(new ReadOut { Head = head, Answer = answer }, WriteHint.Flush, context.CancellationToken);
    }

    private async ValueTask<BrokerError?> SayNothingNew(FetchedItem item)
    {
        var said = _isCaughtUp
            ? new ReadEvent { Heartbeat = new ReadEvent.Types.Heartbeat() }
            : new ReadEvent { CaughtUp = new ReadEvent.Types.CaughtUp { HighWatermark = item.HighWatermark.Value } };
        _isCaughtUp = true;
        await Say(said);
        return null;
    }

    private async ValueTask<BrokerError?> GoOnAfter(FetchedItem item)
    {
        bool isTruncated = item.Error!.Code is ErrorCode.OffsetOutOfRange && _next < item.LogStart;
        if (!isTruncated)
            return item.Error;
        _next = item.LogStart;
        await Say(new ReadEvent { Truncated = new ReadEvent.Types.Truncated { LogStartOffset = _next.Value } });
        return null;
    }

    private ValueTask Say(ReadEvent said) =>
        responses.WriteAsync(new ReadOut { Other = said }, WriteHint.Flush, context.CancellationToken);
}
