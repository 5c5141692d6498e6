using Google.Protobuf.Reflection;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>The public API with the generated codecs on both sides, as any other gRPC client would speak it.</summary>
internal static class BrokerMethods
{
    private static readonly ServiceDescriptor ProducerService = ProducerReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor ConsumerService = ConsumerReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor TopicsService = TopicsReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor GroupsService = GroupsReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor ClusterService = ClusterReflection.Descriptor.Services[0];

    public static readonly Method<ProduceRequest, ProduceResponse> Produce =
        Method.Create(ProducerService, "Produce", ProduceRequest.Parser, ProduceResponse.Parser);

    public static readonly Method<InitProducerRequest, InitProducerResponse> InitProducer =
        Method.Create(ProducerService, "InitProducer", InitProducerRequest.Parser, InitProducerResponse.Parser);

    public static readonly Method<FetchRequest, FetchResponse> Fetch =
        Method.Create(ConsumerService, "Fetch", FetchRequest.Parser, FetchResponse.Parser);

    public static readonly Method<ReadRequest, ReadEvent> Read =
        Method.Create(ConsumerService, "Read", ReadRequest.Parser, ReadEvent.Parser);

    public static readonly Method<ListOffsetsRequest, ListOffsetsResponse> ListOffsets =
        Method.Create(ConsumerService, "ListOffsets", ListOffsetsRequest.Parser, ListOffsetsResponse.Parser);

    public static readonly Method<CreateTopicRequest, Topic> CreateTopic =
        Method.Create(TopicsService, "CreateTopic", CreateTopicRequest.Parser, Topic.Parser);

    public static readonly Method<GetTopicRequest, Topic> GetTopic =
        Method.Create(TopicsService, "GetTopic", GetTopicRequest.Parser, Topic.Parser);

    public static readonly Method<ListTopicsRequest, ListTopicsResponse> ListTopics =
        Method.Create(TopicsService, "ListTopics", ListTopicsRequest.Parser, ListTopicsResponse.Parser);

    public static readonly Method<UpdateTopicRequest, Topic> UpdateTopic =
        Method.Create(TopicsService, "UpdateTopic", UpdateTopicRequest.Parser, Topic.Parser);

    public static readonly Method<DeleteTopicRequest, DeleteTopicResponse> DeleteTopic =
        Method.Create(TopicsService, "DeleteTopic", DeleteTopicRequest.Parser, DeleteTopicResponse.Parser);

    public static readonly Method<AddPartitionsRequest, Topic> AddPartitions =
        Method.Create(TopicsService, "AddPartitions", AddPartitionsRequest.Parser, Topic.Parser);

    public static readonly Method<DeleteRecordsRequest, DeleteRecordsResponse> DeleteRecords =
        Method.Create(TopicsService, "DeleteRecords", DeleteRecordsRequest.Parser, DeleteRecordsResponse.Parser);

    public static readonly Method<GetMetadataRequest, GetMetadataResponse> GetMetadata =
        Method.Create(ClusterService, "GetMetadata", GetMetadataRequest.Parser, GetMetadataResponse.Parser);

    public static readonly Method<GetStatusRequest, GetStatusResponse> GetStatus =
        Method.Create(ClusterService, "GetStatus", GetStatusRequest.Parser, GetStatusResponse.Parser);

    public static readonly Method<ListConfigRequest, ListConfigResponse> ListConfig =
        Method.Create(ClusterService, "ListConfig", ListConfigRequest.Parser, ListConfigResponse.Parser);

    public static readonly Method<FindCoordinatorRequest, FindCoordinatorResponse> FindCoordinator =
        Method.Create(GroupsService, "FindCoordinator", FindCoordinatorRequest.Parser, FindCoordinatorResponse.Parser);

    public static readonly Method<JoinRequest, JoinResponse> JoinGroup =
        Method.Create(GroupsService, "Join", JoinRequest.Parser, JoinResponse.Parser);

    public static readonly Method<LeaveGroupRequest, LeaveGroupResponse> LeaveGroup =
        Method.Create(GroupsService, "LeaveGroup", LeaveGroupRequest.Parser, LeaveGroupResponse.Parser);

    public static readonly Method<CommitOffsetsRequest, CommitOffsetsResponse> CommitOffsets =
        Method.Create(GroupsService, "CommitOffsets", CommitOffsetsRequest.Parser, CommitOffsetsResponse.Parser);

    public static readonly Method<FetchCommittedRequest, FetchCommittedResponse> FetchCommitted =
        Method.Create(GroupsService, "FetchCommitted", FetchCommittedRequest.Parser, FetchCommittedResponse.Parser);

    public static readonly Method<ListGroupsRequest, ListGroupsResponse> ListGroups =
        Method.Create(GroupsService, "ListGroups", ListGroupsRequest.Parser, ListGroupsResponse.Parser);

    public static readonly Method<DescribeGroupRequest, DescribeGroupResponse> DescribeGroup =
        Method.Create(GroupsService, "DescribeGroup", DescribeGroupRequest.Parser, DescribeGroupResponse.Parser);

    public static readonly Method<AlterOffsetsRequest, AlterOffsetsResponse> AlterOffsets =
        Method.Create(GroupsService, "AlterOffsets", AlterOffsetsRequest.Parser, AlterOffsetsResponse.Parser);

    public static readonly Method<DeleteGroupRequest, DeleteGroupResponse> DeleteGroup =
        Method.Create(GroupsService, "DeleteGroup", DeleteGroupRequest.Parser, DeleteGroupResponse.Parser);
}
