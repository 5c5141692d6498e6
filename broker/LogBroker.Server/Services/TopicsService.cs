using System.Text;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;
using LogBroker.Storage;

namespace LogBroker.Server;

/// <summary>logbroker.v1.Topics: translates only.</summary>
internal sealed class TopicsService(IBroker broker)
{
    private const int RequestIdBytesMax = 64;
    private const int ConfigEntriesMax = 100;
    private const int PageSizeDefault = 1_000;
    private const int PageSizeMax = 10_000;

    private static readonly TopicConfig BuiltIn = new();

    private readonly RecentDescription _cluster = new(broker, TimeProvider.System);

    /// <summary>Offers the methods.</summary>
    public void AddTo(ServiceTable table)
    {
        table.Unary(ServiceMethods.CreateTopic, CreateTopic);
        table.Unary(ServiceMethods.GetTopic, GetTopic);
        table.Unary(ServiceMethods.ListTopics, ListTopics);
        table.Unary(ServiceMethods.UpdateTopic, UpdateTopic);
        table.Unary(ServiceMethods.DeleteTopic, DeleteTopic);
        table.Unary(ServiceMethods.AddPartitions, AddPartitions);
        table.Unary(ServiceMethods.DeleteRecords, DeleteRecords);
    }

    private async ValueTask<Topic> CreateTopic(CreateTopicRequest request, ServerCallContext context)
    {
        if ((ErrorMap.TooMany("config", request.Config.Count, ConfigEntriesMax)
            ?? ErrorMap.OutOfRange("request_id bytes", Encoding.UTF8.GetByteCount(request.RequestId), 0, RequestIdBytesMax)) is { } error)
            return ErrorMap.Refuse<Topic>(context, error);
        var command = new CreateTopicCommand(
            request.Name, request.Partitions, request.ReplicationFactor, request.Config, request.RequestId, request.ValidateOnly);
        return Answer(await broker.CreateTopic(command, context.CancellationToken), context);
    }

    private ValueTask<Topic> GetTopic(GetTopicRequest request, ServerCallContext context) =>
        ValueTask.FromResult(Answer(broker.DescribeTopic(request.Name), context));

    private ValueTask<ListTopicsResponse> ListTopics(ListTopicsRequest request, ServerCallContext context)
    {
        if (ErrorMap.OutOfRange("page_size", request.PageSize, 0, int.MaxValue) is { } error)
            return ValueTask.FromResult(ErrorMap.Refuse<ListTopicsResponse>(context, error));
        int size = request.PageSize == 0 ? PageSizeDefault : Math.Min(request.PageSize, PageSizeMax);
        var response = new ListTopicsResponse();
        var rest = broker.Topics.Topics
            .Where(topic => request.IncludeInternal || !topic.IsInternal)
            .SkipWhile(topic => string.CompareOrdinal(topic.Name, request.PageToken) <= 0 && request.PageToken.Length > 0);
        foreach (var topic in rest)
        {
            if (response.Topics.Count == size)
            {
                response.NextPageToken = response.Topics[^1].Name;
                break;
            }

            // A topic may be deleted between the list and its description.
            if (broker.DescribeTopic(topic.Name) is { IsOk: true } described)
                response.Topics.Add(ToMessage(described.Value));
        }

        return ValueTask.FromResult(response);
    }

    private async ValueTask<Topic> UpdateTopic(UpdateTopicRequest request, ServerCallContext context)
    {
        if (ErrorMap.TooMany("set", request.Set.Count, ConfigEntriesMax) is { } error)
            return ErrorMap.Refuse<Topic>(context, error);
        if (request.Set.Keys.FirstOrDefault(request.Unset.Contains) is { } both)
            return ErrorMap.Refuse<Topic>(context, ErrorMap.Invalid("unset", ShownValue.Of(both), "is in `set` as well"));
        var command = new AlterTopicCommand(request.Name, request.Set, request.Unset, request.ValidateOnly);
        return Answer(await broker.AlterTopic(command, context.CancellationToken), context);
    }

    private async ValueTask<DeleteTopicResponse> DeleteTopic(DeleteTopicRequest request, ServerCallContext context)
    {
        TopicId? id = null;
        if (request.TopicId.Length > 0)
        {
            if (!Guid.TryParseExact(request.TopicId, "N", out var guid))
            {
                return ErrorMap.Refuse<DeleteTopicResponse>(
                    context, ErrorMap.Invalid("topic_id", ShownValue.Of(request.TopicId), "is not 32 hex digits"));
            }

            id = new TopicId(guid);
        }

        var result = await broker.DeleteTopic(request.Name, id, request.ValidateOnly, context.CancellationToken);
        return result.IsOk
            ? new DeleteTopicResponse { TopicId = result.Value.ToString() }
            : ErrorMap.Refuse<DeleteTopicResponse>(context, result.Error);
    }

    private async ValueTask<Topic> AddPartitions(AddPartitionsRequest request, ServerCallContext context) =>
        Answer(await broker.AddPartitions(request.Name, request.Partitions, request.ValidateOnly, context.CancellationToken), context);

    private async ValueTask<DeleteRecordsResponse> DeleteRecords(DeleteRecordsRequest request, ServerCallContext context)
    {
        if (request.Partitions.Count == 0)
            return ErrorMap.Refuse<DeleteRecordsResponse>(context, ErrorMap.Invalid("partitions", "(empty)", "must name at least one"));
        var error = ErrorMap.TooMany("partitions", request.Partitions.Count, Limits.PartitionsPerFetchMax);
        // All are checked before the first is changed.
        for (int pass = request.ValidateOnly ? 1 : 0; error is null && pass < 2; pass++)
        {
            var response = new DeleteRecordsResponse();
            foreach (var one in request.Partitions)
            {
                var result = await broker.DeleteRecords(
                    new TopicPartition(request.Topic, one.Partition), new Offset(one.BeforeOffset),
                    request.ValidateOnly || pass == 0, context.CancellationToken);
                error ??= result.Error;
                if (error is not null)
                    break;
                response.Partitions.Add(new DeletedRecords { Partition = one.Partition, LogStartOffset = result.Value.Value });
            }

            if (error is null && pass == 1)
                return response;
        }

        return ErrorMap.Refuse<DeleteRecordsResponse>(context, error!);
    }

    private Topic Answer(Result<TopicDescription> result, ServerCallContext context) =>
        result.IsOk ? ToMessage(result.Value) : ErrorMap.Refuse<Topic>(context, result.Error);

    private Topic ToMessage(TopicDescription topic)
    {
        var message = new Topic
        {
            Name = topic.Name,
            TopicId = topic.Id.ToString(),
            Internal = TopicName.IsInternal(topic.Name),
            ReplicationFactor = topic.ReplicationFactor,
        };
        foreach (var partition in topic.Partitions)
            message.Partitions.Add(ToMessage(partition, _cluster.Replicas(new TopicPartition(topic.Name, partition.Partition))));
        foreach (var key in TopicConfigKeys.All)
        {
            string value = key.Show(topic.Config);
            message.Config.Add(new ConfigEntry
            {
                Key = key.Key,
                Value = value,
                Origin = topic.Overrides.ContainsKey(key.Key) ? ConfigEntry.Types.Origin.Topic
                    : value == key.Show(BuiltIn) ? ConfigEntry.Types.Origin.Default : ConfigEntry.Types.Origin.Broker,
                Documentation = key.Documentation,
            });
        }

        return message;
    }

    private static Partition ToMessage(PartitionDescription partition, IReadOnlyList<NodeId> replicas)
    {
        var message = new Partition
        {
            Partition_ = partition.Partition,
            LeaderNodeId = partition.Leader.Value,
            LeaderEpoch = partition.LeaderEpoch.Value,
            LogStartOffset = partition.LogStart.Value,
            HighWatermark = partition.HighWatermark.Value,
            SizeBytes = partition.SizeBytes,
            State = (Partition.Types.State)partition.State,
            Detail = partition.Detail,
        };
        message.ReplicaNodeIds.Add(replicas.Select(node => node.Value));
        return message;
    }
}
