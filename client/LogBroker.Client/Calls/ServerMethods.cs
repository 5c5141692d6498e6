using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>The unary methods of the broker.</summary>
internal static class ServerMethods
{
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Topics = TopicsReflection.Descriptor.Services[0];
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Cluster = ClusterReflection.Descriptor.Services[0];
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Consumer = ConsumerReflection.Descriptor.Services[0];
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Producer = ProducerReflection.Descriptor.Services[0];

    public static readonly Method<CreateTopicRequest, Topic> CreateTopic =
        Method.Create(Topics, "CreateTopic", CreateTopicRequest.Parser, Topic.Parser);

    public static readonly Method<GetTopicRequest, Topic> GetTopic =
        Method.Create(Topics, "GetTopic", GetTopicRequest.Parser, Topic.Parser);

    public static readonly Method<ListTopicsRequest, ListTopicsResponse> ListTopics =
        Method.Create(Topics, "ListTopics", ListTopicsRequest.Parser, ListTopicsResponse.Parser);

    public static readonly Method<UpdateTopicRequest, Topic> UpdateTopic =
        Method.Create(Topics, "UpdateTopic", UpdateTopicRequest.Parser, Topic.Parser);

    public static readonly Method<DeleteTopicRequest, DeleteTopicResponse> DeleteTopic =
        Method.Create(Topics, "DeleteTopic", DeleteTopicRequest.Parser, DeleteTopicResponse.Parser);

    public static readonly Method<AddPartitionsRequest, Topic> AddPartitions =
        Method.Create(Topics, "AddPartitions", AddPartitionsRequest.Parser, Topic.Parser);

    public static readonly Method<DeleteRecordsRequest, DeleteRecordsResponse> DeleteRecords =
        Method.Create(Topics, "DeleteRecords", DeleteRecordsRequest.Parser, DeleteRecordsResponse.Parser);

    public static readonly Method<GetMetadataRequest, GetMetadataResponse> GetMetadata =
        Method.Create(Cluster, "GetMetadata", GetMetadataRequest.Parser, GetMetadataResponse.Parser);

    public static readonly Method<GetStatusRequest, GetStatusResponse> GetStatus =
        Method.Create(Cluster, "GetStatus", GetStatusRequest.Parser, GetStatusResponse.Parser);

    public static readonly Method<ListConfigRequest, ListConfigResponse> ListConfig =
        Method.Create(Cluster, "ListConfig", ListConfigRequest.Parser, ListConfigResponse.Parser);

    public static readonly Method<ListNodesRequest, ListNodesResponse> ListNodes =
        Method.Create(Cluster, "ListNodes", ListNodesRequest.Parser, ListNodesResponse.Parser);

    public static readonly Method<ListClusterPartitionsRequest, ListClusterPartitionsResponse> ListClusterPartitions =
        Method.Create(Cluster, "ListClusterPartitions", ListClusterPartitionsRequest.Parser, ListClusterPartitionsResponse.Parser);

    public static readonly Method<TransferLeaderRequest, TransferLeaderResponse> TransferLeader =
        Method.Create(Cluster, "TransferLeader", TransferLeaderRequest.Parser, TransferLeaderResponse.Parser);

    public static readonly Method<SetNodeDrainingRequest, SetNodeDrainingResponse> SetNodeDraining =
        Method.Create(Cluster, "SetNodeDraining", SetNodeDrainingRequest.Parser, SetNodeDrainingResponse.Parser);

    public static readonly Method<ListOffsetsRequest, ListOffsetsResponse> ListOffsets =
        Method.Create(Consumer, "ListOffsets", ListOffsetsRequest.Parser, ListOffsetsResponse.Parser);

    public static readonly Method<InitProducerRequest, InitProducerResponse> InitProducer =
        Method.Create(Producer, "InitProducer", InitProducerRequest.Parser, InitProducerResponse.Parser);
}
