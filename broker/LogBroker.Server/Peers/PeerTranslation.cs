using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Server;

/// <summary>The rare messages between nodes in their generated form and back; what is read is checked. Pure.</summary>
internal static class PeerTranslation
{
    private const int IdBytes = 16;
    private const int VotersMax = 64;
    private const int TextCharsMax = 512;

    /// <summary>A rare message as a frame.</summary>
    public static PeerFrame ToFrame(PeerMessage message) => message switch
    {
        PartitionMessage replica => new PeerFrame(PeerFrameKind.Replica, message, ToWire(replica)),
        LedPartitions led => new PeerFrame(PeerFrameKind.Led, message, ToWire(led)),
        LedPartitionsAsked => new PeerFrame(PeerFrameKind.LedAsked, message, new Wire.LedAsked()),
        FormingAsked => new PeerFrame(PeerFrameKind.FormingAsked, message, new Wire.FormingAsked()),
        OffsetsTopicAsked => new PeerFrame(PeerFrameKind.OffsetsTopicAsked, message, new Wire.OffsetsTopicAsked()),
        FormingAnswered answered => new PeerFrame(PeerFrameKind.FormingAnswered, message, new Wire.FormingAnswered
        {
            Empty = answered.IsEmpty,
            ClusterId = answered.Cluster is { } cluster ? ToWire(cluster.Value) : ByteString.Empty,
        }),
        ClusterOffered offered => new PeerFrame(PeerFrameKind.ClusterOffered, message, ToWire(offered)),
        NodeRegistration registration => new PeerFrame(PeerFrameKind.Registration, message, ToWire(registration.Node)),
        _ => throw new ArgumentException($"{message.GetType()} has no form on the wire", nameof(message)),
    };

    /// <summary>The message of a rare frame.</summary>
    /// <exception cref="Rpc.RpcException">A <see cref="PeerNonsense"/>.</exception>
    public static PeerMessage ToMessage(IMessage body) => body switch
    {
        Wire.Replica replica => new PartitionMessage(
            Partition(replica.TopicId, replica.Partition), new DirectoryId(Id(replica.DirectoryId, "directory_id")), ToMessage(replica)),
        Wire.Led led => new LedPartitions(
            [.. led.Partitions.Select(p => new LedPartition(Partition(p.TopicId, p.Partition), PeerChecks.Epoch(p.Epoch)))]),
        Wire.LedAsked => new LedPartitionsAsked(),
        Wire.FormingAsked => new FormingAsked(),
        Wire.OffsetsTopicAsked => new OffsetsTopicAsked(),
        Wire.FormingAnswered answered => new FormingAnswered(answered.Empty, OptionalCluster(answered.ClusterId)),
        Wire.ClusterOffered offered => ToMessage(offered),
        Wire.Registration registration => new NodeRegistration(ToMessage(registration)),
        _ => throw PeerNonsense.Because($"a {body.Descriptor.Name}, which is no message"),
    };

    /// <summary>An id as bytes.</summary>
    public static ByteString ToWire(Guid id)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return ByteString.CopyFrom(bytes);
    }

    /// <summary>An id that must be there.</summary>
    /// <exception cref="Rpc.RpcException">A <see cref="PeerNonsense"/>.</exception>
    public static Guid Id(ByteString bytes, string field) => bytes.Length == IdBytes
        ? new Guid(bytes.Span, bigEndian: true)
        : throw PeerNonsense.Because($"{field} of {bytes.Length} bytes");

    /// <summary>A cluster id, or null when there is none.</summary>
    /// <exception cref="Rpc.RpcException">A <see cref="PeerNonsense"/>.</exception>
    public static ClusterId? OptionalCluster(ByteString bytes) =>
        bytes.IsEmpty ? null : new ClusterId(Id(bytes, "cluster_id"));

    private static Wire.Replica ToWire(PartitionMessage message)
    {
        var replica = new Wire.Replica
        {
            TopicId = ToWire(message.Partition.Topic.Value),
            Partition = message.Partition.Index,
            DirectoryId = ToWire(message.Directory.Value),
        };
        switch (message.Message)
        {
            case VoteRequest vote:
                replica.Vote = new Wire.Vote
                {
                    Epoch = vote.Epoch.Value,
                    AppendedEpoch = vote.Appended.Epoch.Value,
                    AppendedOffset = vote.Appended.Offset.Value,
                    PreVote = vote.IsPreVote,
                    Readmitted = vote.IsReadmitted,
                };
                break;
            case VoteResult result:
                replica.VoteAnswer = new Wire.VoteAnswer
                {
                    Epoch = result.Epoch.Value,
                    AskedEpoch = result.AskedEpoch.Value,
                    Granted = result.IsGranted,
                    PreVote = result.IsPreVote,
                    Leader = result.Leader.Value,
                    CandidateDirectoryId = ToWire(result.CandidateDirectory.Value),
                };
                break;
            case BeginEpoch begin:
                replica.BeginEpoch = new Wire.BeginEpoch { Epoch = begin.Epoch.Value };
                break;
            case EndEpoch end:
                replica.EndEpoch = new Wire.EndEpoch { Epoch = end.Epoch.Value, Successors = { end.Successors.Select(s => s.Value) } };
                break;
            default:
                throw new ArgumentException($"{message.Message.GetType()} has no form on the wire", nameof(message));
        }

        return replica;
    }

    private static RaftMessage ToMessage(Wire.Replica replica) => replica.MessageCase switch
    {
        Wire.Replica.MessageOneofCase.Vote => new VoteRequest(
            PeerChecks.Epoch(replica.Vote.Epoch),
            PeerChecks.Position(replica.Vote.AppendedEpoch, replica.Vote.AppendedOffset),
            replica.Vote.PreVote,
            replica.Vote.Readmitted),
        Wire.Replica.MessageOneofCase.VoteAnswer => new VoteResult(
            PeerChecks.Epoch(replica.VoteAnswer.Epoch),
            PeerChecks.Epoch(replica.VoteAnswer.AskedEpoch),
            replica.VoteAnswer.Granted,
            replica.VoteAnswer.PreVote,
            PeerChecks.Node(replica.VoteAnswer.Leader),
            new DirectoryId(Id(replica.VoteAnswer.CandidateDirectoryId, "candidate_directory_id"))),
        Wire.Replica.MessageOneofCase.BeginEpoch => new BeginEpoch(PeerChecks.Epoch(replica.BeginEpoch.Epoch)),
        Wire.Replica.MessageOneofCase.EndEpoch => new EndEpoch(
            PeerChecks.Epoch(replica.EndEpoch.Epoch),
            [.. AtMost(replica.EndEpoch.Successors, "successors").Select(PeerChecks.Node)]),
        _ => throw PeerNonsense.Because("a Replica frame without a message"),
    };

    private static Wire.Led ToWire(LedPartitions led)
    {
        var wire = new Wire.Led();
        foreach (var one in led.Partitions)
        {
            wire.Partitions.Add(new Wire.Led.Types.Entry
            {
                TopicId = ToWire(one.Partition.Topic.Value),
                Partition = one.Partition.Index,
                Epoch = one.Epoch.Value,
            });
        }

        return wire;
    }

    private static Wire.ClusterOffered ToWire(ClusterOffered offered) => new()
    {
        ClusterId = ToWire(offered.Cluster.Value),
        FormedWith =
        {
            offered.FormedWith.Select(v => new Wire.ClusterOffered.Types.Voter
            {
                NodeId = v.Node.Value,
                DirectoryId = ToWire(v.Directory.Value),
            }),
        },
    };

    private static ClusterOffered ToMessage(Wire.ClusterOffered offered) => new(
        new ClusterId(Id(offered.ClusterId, "cluster_id")),
        [
            .. AtMost(offered.FormedWith, "formed_with").Select(v => new FormedVoter(
                PeerChecks.Node(v.NodeId), new DirectoryId(Id(v.DirectoryId, "directory_id")))),
        ]);

    private static Wire.Registration ToWire(NodeRecord node) => new()
    {
        NodeId = node.Node.Value,
        DirectoryId = ToWire(node.Directory.Value),
        ClientAddress = node.ClientAddress,
        PeerAddress = node.PeerAddress,
        Rack = node.Rack,
        Version = node.Version,
    };

    private static NodeRecord ToMessage(Wire.Registration node) => new(
        PeerChecks.Node(node.NodeId),
        new DirectoryId(Id(node.DirectoryId, "directory_id")),
        Text(node.ClientAddress, "client_address"),
        Text(node.PeerAddress, "peer_address"),
        Text(node.Rack, "rack"),
        Text(node.Version, "version"));

    private static PartitionId Partition(ByteString topic, int index) =>
        PeerChecks.Partition(new PartitionId(new TopicId(Id(topic, "topic_id")), index));

    private static IReadOnlyCollection<T> AtMost<T>(IReadOnlyCollection<T> items, string field) => items.Count <= VotersMax
        ? items
        : throw PeerNonsense.Because($"{field} of {items.Count} > {VotersMax} entries");

    private static string Text(string text, string field) => text.Length <= TextCharsMax
        ? text
        : throw PeerNonsense.Because($"{field} of {text.Length} > {TextCharsMax} characters");
}
