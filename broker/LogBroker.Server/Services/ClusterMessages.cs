using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.Server;

/// <summary>Descriptions of the cluster as messages of the public API. Pure.</summary>
internal static class ClusterMessages
{
    /// <summary>A node as clients need it.</summary>
    public static Node ToNode(NodeRecord record) => new()
    {
        NodeId = record.Node.Value,
        GrpcAddress = record.ClientAddress,
        Rack = record.Rack,
        Version = record.Version,
    };

    /// <summary>A node for people; <paramref name="self"/> says what the node that answers knows of itself, registered or not.</summary>
    public static NodeInfo ToInfo(NodeDescription node, Node? self) => new()
    {
        NodeId = node.Node.Value,
        State = node.IsHeard ? NodeInfo.Types.State.Heard
            : node.SilentMs < 0 ? NodeInfo.Types.State.NeverHeard : NodeInfo.Types.State.Silent,
        GrpcAddress = self?.GrpcAddress ?? node.Registered?.ClientAddress ?? "",
        PeerAddress = node.PeerAddress,
        Rack = self?.Rack ?? node.Registered?.Rack ?? "",
        Version = self?.Version ?? node.Registered?.Version ?? "",
        DirectoryId = node.Registered?.Directory.ToString() ?? "",
        Draining = node.IsDraining,
        SilentMs = node.IsHeard ? 0 : node.SilentMs,
    };

    /// <summary>A partition for people.</summary>
    public static PartitionInfo ToInfo(ClusterPartition partition)
    {
        var message = new PartitionInfo
        {
            Topic = partition.Name.Topic,
            Partition = partition.Name.Partition,
            LeaderNodeId = partition.Leader.Value,
            LeaderEpoch = partition.LeaderEpoch.Value,
            State = (Partition.Types.State)partition.State,
            Detail = partition.Detail,
        };
        message.ReplicaNodeIds.Add(partition.Replicas.Select(node => node.Value));
        message.Replicas.Add(partition.Progress.Select(replica => new ReplicaInfo
        {
            NodeId = replica.Node.Value,
            InSync = replica.IsInSync,
            LagRecords = replica.LagRecords,
            LagMs = replica.LagMs,
            Readmitted = replica.IsReadmitted,
        }));
        return message;
    }

    /// <summary>True when the node that answers leads the partition and a replica of it is not in sync.</summary>
    public static bool IsUnderReplicated(ClusterPartition partition) => partition.Progress.Any(replica => !replica.IsInSync);

    /// <summary>True when the node that answers knows no leader of the partition.</summary>
    public static bool IsLeaderless(ClusterPartition partition) =>
        partition.Leader == NodeId.None || partition.State is PartitionState.Leaderless;

    /// <summary>What a page is continued from: the last partition on it.</summary>
    public static string PageToken(TopicPartition last) => last.ToString();

    /// <summary>Reads what <see cref="PageToken"/> wrote; null when it is something else.</summary>
    public static TopicPartition? ParsePageToken(string token)
    {
        int slash = token.LastIndexOf('/');
        return slash > 0 && int.TryParse(token.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out int partition)
            ? new TopicPartition(token[..slash], partition)
            : null;
    }

    /// <summary>True when <paramref name="name"/> comes behind <paramref name="last"/> in the order of a description.</summary>
    public static bool IsBehind(TopicPartition name, TopicPartition last)
    {
        int topics = string.CompareOrdinal(name.Topic, last.Topic);
        return topics != 0 ? topics > 0 : name.Partition > last.Partition;
    }
}
