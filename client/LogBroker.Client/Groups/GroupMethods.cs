using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>The methods of the services Groups and Tables.</summary>
internal static class GroupMethods
{
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Groups = GroupsReflection.Descriptor.Services[0];
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Tables = TablesReflection.Descriptor.Services[0];

    public static readonly Method<FindCoordinatorRequest, FindCoordinatorResponse> FindCoordinator =
        Method.Create(Groups, "FindCoordinator", FindCoordinatorRequest.Parser, FindCoordinatorResponse.Parser);

    public static readonly Method<JoinRequest, JoinResponse> Join =
        Method.Create(Groups, "Join", JoinRequest.Parser, JoinResponse.Parser);

    public static readonly Method<LeaveGroupRequest, LeaveGroupResponse> LeaveGroup =
        Method.Create(Groups, "LeaveGroup", LeaveGroupRequest.Parser, LeaveGroupResponse.Parser);

    public static readonly Method<CommitOffsetsRequest, CommitOffsetsResponse> CommitOffsets =
        Method.Create(Groups, "CommitOffsets", CommitOffsetsRequest.Parser, CommitOffsetsResponse.Parser);

    public static readonly Method<FetchCommittedRequest, FetchCommittedResponse> FetchCommitted =
        Method.Create(Groups, "FetchCommitted", FetchCommittedRequest.Parser, FetchCommittedResponse.Parser);

    public static readonly Method<ListGroupsRequest, ListGroupsResponse> ListGroups =
        Method.Create(Groups, "ListGroups", ListGroupsRequest.Parser, ListGroupsResponse.Parser);

    public static readonly Method<DescribeGroupRequest, DescribeGroupResponse> DescribeGroup =
        Method.Create(Groups, "DescribeGroup", DescribeGroupRequest.Parser, DescribeGroupResponse.Parser);

    public static readonly Method<AlterOffsetsRequest, AlterOffsetsResponse> AlterOffsets =
        Method.Create(Groups, "AlterOffsets", AlterOffsetsRequest.Parser, AlterOffsetsResponse.Parser);

    public static readonly Method<DeleteGroupRequest, DeleteGroupResponse> DeleteGroup =
        Method.Create(Groups, "DeleteGroup", DeleteGroupRequest.Parser, DeleteGroupResponse.Parser);

    public static readonly Method<TableGetRequest, TableGetResponse> TableGet =
        Method.Create(Tables, "Get", TableGetRequest.Parser, TableGetResponse.Parser);

    public static readonly Method<TableScanRequest, TableScanResponse> TableScan =
        Method.Create(Tables, "Scan", TableScanRequest.Parser, TableScanResponse.Parser);
}
