using System.Globalization;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>logbroker.v1.Consumer: translates only.</summary>
internal sealed class ConsumerService(IBroker broker, StreamLimits limits)
{
    /// <summary>Offers the methods.</summary>
    public void AddTo(ServiceTable table)
    {
        table.Unary(ServiceMethods.Fetch, Fetch);
        table.ServerStreaming(ServiceMethods.Read, (request, responses, context) =>
            new ReadStream(broker, limits, request, responses, context).RunAsync());
        table.Unary(ServiceMethods.ListOffsets, ListOffsets);
    }

    /// <summary>What is asked for, as the broker's query.</summary>
    public static Result<LogQuery> QueryOf(Position? position, string field) => position?.PositionCase switch
    {
        Position.PositionOneofCase.Start => new LogQuery(LogQueryKind.AfterStart, 0),
        Position.PositionOneofCase.End => new LogQuery(LogQueryKind.BeforeEnd, 0),
        Position.PositionOneofCase.Offset => new LogQuery(LogQueryKind.Offset, position.Offset),
        Position.PositionOneofCase.AfterStart => Relative(LogQueryKind.AfterStart, position.AfterStart, field + ".after_start"),
        Position.PositionOneofCase.BeforeEnd => Relative(LogQueryKind.BeforeEnd, position.BeforeEnd, field + ".before_end"),
        Position.PositionOneofCase.TimestampMs => new LogQuery(LogQueryKind.Timestamp, position.TimestampMs),
        _ => ErrorMap.Invalid(field, "(none)", "must be one of start, end, offset, after_start, before_end, timestamp_ms"),
    };

    private static Result<LogQuery> Relative(LogQueryKind kind, long value, string field) =>
        ErrorMap.OutOfRange(field, value, 0, long.MaxValue) is { } error ? error : new LogQuery(kind, value);

    private static BrokerError? Check(FetchRequest request)
    {
        if (request.Partitions.Count == 0)
            return ErrorMap.Invalid("partitions", "(empty)", "must name at least one");
        var error = ErrorMap.TooMany("partitions", request.Partitions.Count, Limits.PartitionsPerFetchMax)
            ?? ErrorMap.OutOfRange("min_bytes", request.MinBytes, 0, int.MaxValue)
            ?? ErrorMap.OutOfRange("max_bytes", request.MaxBytes, 0, int.MaxValue)
            ?? ErrorMap.OutOfRange("max_wait_ms", request.MaxWaitMs, 0, Limits.FetchWaitMsMax);
        for (int i = 0; error is null && i < request.Partitions.Count; i++)
        {
            error = ErrorMap.OutOfRange(FieldOf(i, "max_bytes"), request.Partitions[i].MaxBytes, 0, int.MaxValue)
                ?? ErrorMap.OutOfRange(FieldOf(i, "leader_epoch"), request.Partitions[i].LeaderEpoch, 0, int.MaxValue);
        }

        return error;
    }

    private static string FieldOf(int index, string field) => string.Create(CultureInfo.InvariantCulture, $"partitions[{index}].{field}");

    private static FetchCommand CommandOf(FetchRequest request)
    {
        var items = new FetchItem[request.Partitions.Count];
        for (int i = 0; i < items.Length; i++)
        {
            var one = request.Partitions[i];
            items[i] = new FetchItem(
                new TopicPartition(one.Topic, one.Partition),
                new Offset(one.Offset),
                one.MaxBytes == 0 ? Limits.FetchPartitionBytesDefault : Math.Min(one.MaxBytes, Limits.FetchBytesMax),
                new Epoch(one.LeaderEpoch));
        }

        return new FetchCommand(
            items,
            Math.Max(1, Math.Min(request.MinBytes, Limits.FetchBytesMax)),
            request.MaxBytes == 0 ? Limits.FetchBytesDefault : Math.Min(request.MaxBytes, Limits.FetchBytesMax),
            request.MaxWaitMs)
        {
            AllowsFollower = request.AllowFollower,
        };
    }

    private async ValueTask<FetchOut> Fetch(FetchRequest request, ServerCallContext context)
    {
        if (Check(request) is { } error)
            return ErrorMap.Refuse<FetchOut>(context, error);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
        try
        {
            var result = await broker.Fetch(CommandOf(request), ends.Token);
            return result.IsOk ? Answer(request, result.Value) : ErrorMap.Refuse<FetchOut>(context, result.Error);
        }
        catch (OperationCanceledException) when (context.Stopping.IsCancellationRequested)
        {
            return ErrorMap.Refuse<FetchOut>(context, new BrokerError(ErrorCode.ShuttingDown, "the node is stopping"));
        }
    }

    private static FetchOut Answer(FetchRequest request, FetchAnswer answer)
    {
        var heads = new FetchedHead[request.Partitions.Count];
        for (int i = 0; i < heads.Length; i++)
        {
            var asked = request.Partitions[i];
            ref readonly var item = ref answer.Items[i];
            heads[i] = new FetchedHead(
                asked.Topic,
                asked.Partition,
                item.Error is null ? null : ErrorMap.ToStatus(item.Error),
                item.LogStart.Value,
                item.HighWatermark.Value,
                item.LeaderEpoch.Value);
        }

        return new FetchOut(heads, answer);
    }

    private async ValueTask<ListOffsetsResponse> ListOffsets(ListOffsetsRequest request, ServerCallContext context)
    {
        if (ErrorMap.TooMany("partitions", request.Partitions.Count, Limits.PartitionsPerFetchMax) is { } error)
            return ErrorMap.Refuse<ListOffsetsResponse>(context, error);
        var response = new ListOffsetsResponse();
        foreach (var one in request.Partitions)
            response.Partitions.Add(await ListOne(one, context.CancellationToken));
        return response;
    }

    private async ValueTask<ListedOffset> ListOne(ListOffsetsPartition one, CancellationToken cancellationToken)
    {
        var listed = new ListedOffset { Topic = one.Topic, Partition = one.Partition, TimestampMs = -1 };
        var query = QueryOf(one.Position, "position");
        var error = query.Error;
        if (error is null)
        {
            var found = await broker.FindOffset(new TopicPartition(one.Topic, one.Partition), query.Value, cancellationToken);
            error = found.Error;
            if (error is null)
            {
                listed.Offset = found.Value.Offset.Value;
                listed.TimestampMs = found.Value.TimestampMs;
                listed.LeaderEpoch = found.Value.LeaderEpoch.Value;
            }
        }

        listed.Error = error is null ? null : ErrorMap.ToStatus(error);
        return listed;
    }
}
