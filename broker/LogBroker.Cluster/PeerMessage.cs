using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Who is at the other end: proven when the link was made.</summary>
/// <param name="Node">The node.</param>
/// <param name="Directory">Its data directory.</param>
/// <param name="Boot">The run of its process.</param>
public sealed record PeerIdentity(NodeId Node, DirectoryId Directory, BootId Boot);

/// <summary>
/// One message between two nodes. May be lost, repeated, delayed and reordered; nothing relies on the order of a stream. Immutable.
/// </summary>
public abstract record PeerMessage;

/// <summary>A message between two replicas of one partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Directory">The directory id the sending replica speaks for: the node's, unless the replica was rebuilt apart (R21).</param>
/// <param name="Message">The message.</param>
public sealed record PartitionMessage(PartitionId Partition, DirectoryId Directory, RaftMessage Message) : PeerMessage
{
    /// <summary>
    /// Items that a <see cref="FetchResult"/> sends: a lease on the sender's log, or null; with a reset and a readmission what is stored of
    /// producers stands in their place. The transport disposes it when the bytes were
    /// written or the message was dropped.
    /// </summary>
    public LogSlice? Items { get; init; }

    /// <summary>Items that a <see cref="FetchResult"/> brought: the receiver returns the buffer. Null when there are none.</summary>
    public BatchBuffer? Received { get; init; }
}

/// <summary>Says that a node lives, and what it leads (R28). Sent to every peer at each heartbeat interval.</summary>
/// <param name="Sequence">Rises by one per heartbeat of this run of the process to this peer.</param>
/// <param name="EchoBoot">The run of the peer whose heartbeat was heard last.</param>
/// <param name="EchoSequence">The sequence of that heartbeat, 0 for none: proves that the other direction works.</param>
/// <param name="LedDigest">A digest over all (partition, epoch) that the sender leads, independent of their order.</param>
/// <param name="LedCount">How many these are.</param>
/// <param name="IsLeaving">The sender is about to stop: nothing is handed to it to lead.</param>
public sealed record Heartbeat(
    long Sequence, BootId EchoBoot, long EchoSequence, ulong LedDigest, int LedCount, bool IsLeaving) : PeerMessage;

/// <summary>One partition that a node leads.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Epoch">The epoch led.</param>
public readonly record struct LedPartition(PartitionId Partition, Epoch Epoch);

/// <summary>All that the sender leads; sent when a digest does not match (R28).</summary>
public sealed record LedPartitions(IReadOnlyList<LedPartition> Partitions) : PeerMessage;

/// <summary>Asks for a <see cref="LedPartitions"/>: the digest of a heartbeat does not fit what is known.</summary>
public sealed record LedPartitionsAsked : PeerMessage;

/// <summary>The lowest configured node asks who is empty (R27).</summary>
public sealed record FormingAsked : PeerMessage;

/// <summary>The answer: whether the sender is empty; else the cluster that it belongs to.</summary>
public sealed record FormingAnswered(bool IsEmpty, ClusterId? Cluster) : PeerMessage;

/// <summary>A cluster that was formed: offered to those who are in it or want to join (R27).</summary>
public sealed record ClusterOffered(ClusterId Cluster, IReadOnlyList<FormedVoter> FormedWith) : PeerMessage;

/// <summary>A node tells the controller who it is; repeated until the metadata says so.</summary>
public sealed record NodeRegistration(NodeRecord Node) : PeerMessage;

/// <summary>Asks the controller to create the topic of consumer groups, unless there is one; repeated by whoever misses it.</summary>
public sealed record OffsetsTopicAsked : PeerMessage;

/// <summary>A node as the metadata log has it.</summary>
/// <param name="Node">The node.</param>
/// <param name="Directory">Its data directory.</param>
/// <param name="ClientAddress">HOST:PORT that clients are told.</param>
/// <param name="PeerAddress">HOST:PORT of its peer API.</param>
/// <param name="Rack">Its rack, or "".</param>
/// <param name="Version">The version of its program.</param>
public sealed record NodeRecord(
    NodeId Node, DirectoryId Directory, string ClientAddress, string PeerAddress, string Rack, string Version);
