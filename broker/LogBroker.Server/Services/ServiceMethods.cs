using Google.Protobuf.Reflection;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Server;

/// <summary>The methods of the public API. The hot messages have hand codecs, the others the generated ones.</summary>
internal static class ServiceMethods
{
    private static readonly ServiceDescriptor ProducerService = ProducerReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor ConsumerService = ConsumerReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor TopicsService = TopicsReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor GroupsService = GroupsReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor ClusterService = ClusterReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor TablesService = TablesReflection.Descriptor.Services[0];

    public static readonly Method<ProduceIn, ProduceOut> Produce =
        Method.Create(ProducerService, "Produce", new ProduceInMarshaller(), new ProduceOutMarshaller());

    public static readonly Method<InitProducerRequest, InitProducerResponse> InitProducer =
        Method.Create(ProducerService, "InitProducer", InitProducerRequest.Parser, InitProducerResponse.Parser);

    public static readonly Method<FetchRequest, FetchOut> Fetch =
        Method.Create(ConsumerService, "Fetch", Marshaller.Protobuf(FetchRequest.Parser), new FetchOutMarshaller());

    public static readonly Method<ReadRequest, ReadOut> Read =
        Method.Create(ConsumerService, "Read", Marshaller.Protobuf(ReadRequest.Parser), new ReadOutMarshaller());

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

    public static readonly Method<TableGetRequest, TableGetResponse> TableGet =
        Method.Create(TablesService, "Get", TableGetRequest.Parser, TableGetResponse.Parser);

    public static readonly Method<TableScanRequest, TableScanResponse> TableScan =
        Method.Create(TablesService, "Scan", TableScanRequest.Parser, TableScanResponse.Parser);

    public static readonly Method<GetMetadataRequest, GetMetadataResponse> GetMetadata =
        Method.Create(ClusterService, "GetMetadata", GetMetadataRequest.Parser, GetMetadataResponse.Parser);

    public static readonly Method<GetStatusRequest, GetStatusResponse> GetStatus =
        Method.Create(ClusterService, "GetStatus", GetStatusRequest.Parser, GetStatusResponse.Parser);

    public static readonly Method<ListConfigRequest, ListConfigResponse> ListConfig =
        Method.Create(ClusterService, "ListConfig", ListConfigRequest.Parser, ListConfigResponse.Parser);

    public static readonly Method<ListNodesRequest, ListNodesResponse> ListNodes =
        Method.Create(ClusterService, "ListNodes", ListNodesRequest.Parser, ListNodesResponse.Parser);

    public static readonly Method<ListClusterPartitionsRequest, ListClusterPartitionsResponse> ListClusterPartitions = Method.Create(
        ClusterService, "ListClusterPartitions", ListClusterPartitionsRequest.Parser, ListClusterPartitionsResponse.Parser);

    public static readonly Method<TransferLeaderRequest, TransferLeaderResponse> TransferLeader =
        Method.Create(ClusterService, "TransferLeader", TransferLeaderRequest.Parser, TransferLeaderResponse.Parser);

    public static readonly Method<SetNodeDrainingRequest, SetNodeDrainingResponse> SetNodeDraining =
        Method.Create(ClusterService, "SetNodeDraining", SetNodeDrainingRequest.Parser, SetNodeDrainingResponse.Parser);

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
