using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;

namespace LogBroker.Server;

/// <summary>Why a link is refused, as statuses that name both values (rows 44 and 45 of the table of bad input). Pure.</summary>
internal static class PeerRefusals
{
    /// <summary>The ends speak different versions.</summary>
    public static RpcException Version(NodeId self, int theirs) => Precondition(
        $"peer protocol version {theirs} is not version {PeerFacts.CurrentFormatVersion}, which node {self} speaks");

    /// <summary>The ends belong to different clusters.</summary>
    public static RpcException Cluster(NodeId node, ClusterId theirs, NodeId self, ClusterId ours) => Precondition(
        $"node {node} belongs to cluster {theirs}, node {self} to cluster {ours}");

    /// <summary>Another node was expected at this address.</summary>
    public static RpcException OtherNode(NodeId expected, NodeId actual) => Precondition(
        $"this is the address of node {actual}, not of node {expected}");

    /// <summary>The node is not configured here.</summary>
    public static RpcException Unknown(NodeId node, NodeId self, IEnumerable<ClusterNode> known) => Precondition(
        $"node {node} is not in the list of node {self}, which has {string.Join(", ", known.Select(n => n.Node))}");

    /// <summary>Two processes claim one node id.</summary>
    public static RpcException Duplicate(NodeId node, DirectoryId there, DirectoryId here) => Precondition(
        $"node id {node} is used twice: by data directory {there}, which has a link, and by data directory {here}");

    /// <summary>Nothing or something wrong was proven.</summary>
    public static RpcException Unproven(string what) => new(new Status(StatusCode.PermissionDenied, what));

    /// <summary>The node is not ready for links.</summary>
    public static RpcException NotReady(string why) => new(new Status(StatusCode.Unavailable, why));

    /// <summary>The same peer has dialed anew.</summary>
    public static RpcException Replaced() => new(new Status(StatusCode.Aborted, "a newer link took the place of this one"));

    /// <summary>Too much waits for a peer that does not read.</summary>
    public static RpcException Overflow(NodeId node, int messagesMax) =>
        new(new Status(StatusCode.Aborted, $"more than {messagesMax} messages wait for node {node}"));

    private static RpcException Precondition(string what) => new(new Status(StatusCode.FailedPrecondition, what));
}
