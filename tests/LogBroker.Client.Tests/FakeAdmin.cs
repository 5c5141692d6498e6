using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;

namespace LogBroker.Client.Tests;

/// <summary>The Topics service of the fake broker, and what Cluster has besides metadata.</summary>
internal static class FakeAdmin
{
    public static void Add(GrpcServices services, FakeBroker broker)
    {
        services.Unary(ServerMethods.CreateTopic, (request, _) => new ValueTask<Topic>(Create(broker, request)));
        services.Unary(ServerMethods.GetTopic, (request, _) => new ValueTask<Topic>(Describe(broker, request.Name)));
        services.Unary(ServerMethods.ListTopics, (request, _) => new ValueTask<ListTopicsResponse>(List(broker, request)));
        services.Unary(ServerMethods.UpdateTopic, (request, _) =>
        {
            Topic topic = Describe(broker, request.Name);
            topic.Config.Add(request.Set.Select(s => new ConfigEntry
            {
                Key = s.Key,
                Value = s.Value,
                Origin = ConfigEntry.Types.Origin.Topic,
            }));
            return new ValueTask<Topic>(topic);
        });
        services.Unary(ServerMethods.AddPartitions, (request, _) =>
        {
            Describe(broker, request.Name);
            while (broker.Partitions(request.Name).Count < request.Partitions)
            {
                broker.AddPartition(request.Name);
            }

            return new ValueTask<Topic>(Describe(broker, request.Name));
        });
        services.Unary(ServerMethods.DeleteTopic, (request, _) =>
        {
            broker.RequireController();
            Topic topic = Describe(broker, request.Name);
            broker.RemoveTopic(request.Name);
            broker.LoseAnswerOnce();
            return new ValueTask<DeleteTopicResponse>(new DeleteTopicResponse { TopicId = topic.TopicId });
        });
        services.Unary(ServerMethods.DeleteRecords, (request, _) =>
        {
            var response = new DeleteRecordsResponse();
            broker.RequireLeader(request.Partitions[0].Partition);
            foreach (DeleteRecordsPartition p in request.Partitions)
            {
                FakePartition partition = broker.Partition(request.Topic, p.Partition);
                partition.Trim(p.BeforeOffset < 0 ? partition.End : p.BeforeOffset);
                response.Partitions.Add(new DeletedRecords { Partition = p.Partition, LogStartOffset = partition.LogStart });
            }

            return new ValueTask<DeleteRecordsResponse>(response);
        });
        services.Unary(ServerMethods.GetStatus, (_, _) => new ValueTask<GetStatusResponse>(new GetStatusResponse
        {
            ClusterId = "fake",
            NodeId = 1,
            Version = "1.2.3",
            UptimeMs = 1500,
            Healthy = true,
            Summary = "all is well",
        }));
        services.Unary(ServerMethods.ListConfig, (_, _) =>
        {
            var response = new ListConfigResponse();
            response.Entries.Add(new Protocol.V1.NodeConfigEntry { Key = "Node:Id", Value = "1", Origin = "default" });
            return new ValueTask<ListConfigResponse>(response);
        });
    }

    private static Topic Create(FakeBroker broker, CreateTopicRequest request)
    {
        broker.RequireController();
        if (broker.IsRepeated(request.RequestId))
        {
            return Describe(broker, request.Name);
        }

        if (broker.TryGetTopic(request.Name, out FakePartition[] _))
        {
            throw FakeBroker.Error(ErrorCode.TopicAlreadyExists, $"topic \"{request.Name}\" exists");
        }

        broker.AddTopic(request.Name, Math.Max(1, request.Partitions));
        broker.LoseAnswerOnce();
        return Describe(broker, request.Name);
    }

    private static ListTopicsResponse List(FakeBroker broker, ListTopicsRequest request)
    {
        // Pages of two, so that paging is exercised.
        string[] names = [.. broker.TopicNames.Where(n => string.CompareOrdinal(n, request.PageToken) > 0)];
        var response = new ListTopicsResponse();
        response.Topics.Add(names.Take(2).Select(n => Describe(broker, n)));
        response.NextPageToken = names.Length > 2 ? names[1] : string.Empty;
        return response;
    }

    private static Topic Describe(FakeBroker broker, string name)
    {
        if (!broker.TryGetTopic(name, out FakePartition[] partitions))
        {
            throw FakeBroker.Error(ErrorCode.UnknownTopicOrPartition, $"topic \"{name}\" does not exist");
        }

        var topic = new Topic { Name = name, TopicId = new string('0', 32), ReplicationFactor = 1 };
        topic.Partitions.Add(partitions.Select((p, i) => new Partition
        {
            Partition_ = i,
            LeaderNodeId = 1,
            LogStartOffset = p.LogStart,
            HighWatermark = p.End,
            State = Partition.Types.State.Online,
        }));
        return topic;
    }
}
