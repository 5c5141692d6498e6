using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// The narrow waist: everything a door (gRPC today, others later) can ask of a broker. Thread-safe. Expected failures come back
/// as <see cref="BrokerError"/>; exceptions are bugs or a dying process, except for cancellation of waits.
/// </summary>
public interface IBroker
{
    /// <summary>This node.</summary>
    NodeId NodeId { get; }

    /// <summary>The cluster it belongs to; zeros before it is formed.</summary>
    ClusterId ClusterId { get; }

    /// <summary>False while the node waits for its cluster to be formed.</summary>
    bool IsFormed { get; }

    /// <summary>
    /// Why topics cannot be told apart from topics that do not exist yet (no leader of the metadata was heard since the start), or null.
    /// </summary>
    BrokerError? NotReady { get; }

    /// <summary>Topics and their partitions as of the last applied metadata record; immutable, cheap to ask for.</summary>
    TopicCatalog Topics { get; }

    /// <summary>
    /// Takes one record batch v2 for a partition, and its buffer with it: the broker gives that back, whatever comes of the batch.
    /// Exactly one call of <paramref name="sink"/> follows, from any thread, also when the batch is refused; calls
    /// for one partition come in the order of the batches.
    /// </summary>
    /// <returns>Completes when the next batch of the same caller may be handed in without overtaking this one or overrunning the
    /// queue; it never carries a failure.</returns>
    ValueTask Produce(in ProduceCommand command, BatchBuffer batch, IProduceSink sink);

    /// <summary>Allocates a producer id durably, or the next epoch of a given one.</summary>
    ValueTask<Result<ProducerIdentity>> InitProducer(ProducerIdentity? current, CancellationToken cancellation);

    /// <summary>
    /// Long poll: completes when minBytes are there in sum, a partition fails, or the wait is over. The caller disposes the slices
    /// of the answer.
    /// </summary>
    ValueTask<Result<FetchAnswer>> Fetch(FetchCommand command, CancellationToken cancellation);

    /// <summary>Translates a position of a partition to an offset.</summary>
    ValueTask<Result<OffsetAnswer>> FindOffset(TopicPartition partition, LogQuery query, CancellationToken cancellation);

    /// <summary>The newest records of keys of a compacted partition, from the view that this replica keeps of it.</summary>
    ValueTask<Result<TableAnswer>> GetTable(TableGet ask, CancellationToken cancellation);

    /// <summary>A page of the keys of a compacted partition, in order of their bytes.</summary>
    ValueTask<Result<TablePage>> ScanTable(TableScan ask, CancellationToken cancellation);

    /// <summary>Creates a topic; durable when it returns.</summary>
    ValueTask<Result<TopicDescription>> CreateTopic(CreateTopicCommand command, CancellationToken cancellation);

    /// <summary>Changes configuration keys of a topic.</summary>
    ValueTask<Result<TopicDescription>> AlterTopic(AlterTopicCommand command, CancellationToken cancellation);

    /// <summary>Raises the number of partitions of a topic to <paramref name="partitions"/>.</summary>
    ValueTask<Result<TopicDescription>> AddPartitions(string topic, int partitions, bool validateOnly, CancellationToken cancellation);

    /// <summary>Deletes a topic by name and, when given, id; its files go when the deletion is committed.</summary>
    ValueTask<Result<TopicId>> DeleteTopic(string topic, TopicId? id, bool validateOnly, CancellationToken cancellation);

    /// <summary>Advances the log start of a partition; offset -1 means the high watermark. Returns the new log start.</summary>
    ValueTask<Result<Offset>> DeleteRecords(TopicPartition partition, Offset before, bool validateOnly, CancellationToken cancellation);

    /// <summary>A topic with the present state of its partitions.</summary>
    Result<TopicDescription> DescribeTopic(string topic);

    /// <summary>Counts and health of this node.</summary>
    BrokerStatus Status { get; }

    /// <summary>Consumer groups.</summary>
    IGroups Groups { get; }

    /// <summary>The cluster as this node sees it.</summary>
    ClusterDescription DescribeCluster();

    /// <summary>
    /// Hands the leadership of a partition to a replica of it (<see cref="Protocol.NodeId.None"/>: the preferred one). Only its leader can;
    /// completes when another node leads, or with an error.
    /// </summary>
    ValueTask<Result<NodeId>> TransferLeader(TopicPartition partition, NodeId to, CancellationToken cancellation);

    /// <summary>Has a node lead nothing until it is undrained: committed in the metadata log, which only the controller can.</summary>
    ValueTask<BrokerError?> SetDraining(NodeId node, bool isDraining, CancellationToken cancellation);
}

/// <summary>How much must have happened before a batch is acknowledged; numbers as on the wire.</summary>
public enum RequiredAcks
{
    /// <summary>A majority has it, as durably as the topic says.</summary>
    Quorum = 1,

    /// <summary>The leader has appended it, as durably as the topic says.</summary>
    Leader = 2,

    /// <summary>The leader has taken it.</summary>
    None = 3,
}

/// <summary>What had happened when a batch was acknowledged; numbers as on the wire.</summary>
public enum ReachedDurability
{
    /// <summary>Taken, not appended.</summary>
    None = 1,

    /// <summary>Leader's page cache.</summary>
    LeaderMemory = 2,

    /// <summary>Leader's disk.</summary>
    LeaderFsync = 3,

    /// <summary>Page cache of a majority.</summary>
    QuorumMemory = 4,

    /// <summary>Disk of a majority.</summary>
    QuorumFsync = 5,
}

/// <summary>Where a batch goes and what to wait for.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="CorrelationId">Handed back to the sink.</param>
/// <param name="Acks">What to wait for.</param>
/// <param name="TimeoutMs">How long to wait, 1 to <see cref="Limits.ProduceTimeoutMsMax"/>.</param>
/// <param name="LeaderEpoch">The epoch the client expects, or <see cref="Epoch.None"/>.</param>
public readonly record struct ProduceCommand(
    TopicPartition Partition,
    ulong CorrelationId,
    RequiredAcks Acks,
    int TimeoutMs,
    Epoch LeaderEpoch)
{
    /// <summary>
    /// The offset that the first record must get, 0 or more, or null: else <see cref="ErrorCode.OffsetMismatch"/> and nothing is written.
    /// </summary>
    public long? ExpectedOffset { get; init; }

    /// <summary>
    /// The offset of the newest record of the key of the batch's only record, -1 for none, or null: else
    /// <see cref="ErrorCode.KeyVersionMismatch"/> and nothing is written. Compacted topics only.
    /// </summary>
    public long? ExpectedKeyVersion { get; init; }
}

/// <summary>The answer to one batch: a receipt, or an error.</summary>
/// <param name="Error">Null when it was acknowledged.</param>
/// <param name="BaseOffset">Offset of the first record; <see cref="Offset.None"/> with acks none.</param>
/// <param name="LeaderEpoch">The epoch it was written in.</param>
/// <param name="Durability">What had happened.</param>
/// <param name="IsDuplicate">True when it had been written before.</param>
/// <param name="AppendTimeMs">Broker time for LogAppendTime topics, else -1.</param>
public readonly record struct ProduceOutcome(
    BrokerError? Error,
    Offset BaseOffset,
    Epoch LeaderEpoch,
    ReachedDurability Durability,
    bool IsDuplicate,
    long AppendTimeMs);

/// <summary>Takes the outcomes of batches. Called on the broker's own threads: hand over and return, never block or throw.</summary>
public interface IProduceSink
{
    /// <summary>One batch is done.</summary>
    void Completed(ulong correlationId, in ProduceOutcome outcome);
}

/// <summary>A producer id and its epoch.</summary>
public readonly record struct ProducerIdentity(ProducerId Id, short Epoch);

/// <summary>One partition of a fetch.</summary>
public readonly record struct FetchItem(TopicPartition Partition, Offset Offset, int BytesMax, Epoch LeaderEpoch);

/// <summary>A long poll.</summary>
/// <param name="Items">At most <see cref="Limits.PartitionsPerFetchMax"/>.</param>
/// <param name="BytesMin">Answer at once when this many bytes are there, at least 1.</param>
/// <param name="BytesMax">In sum; the first partition with data may exceed it by one batch.</param>
/// <param name="WaitMsMax">0 answers at once.</param>
public sealed record FetchCommand(IReadOnlyList<FetchItem> Items, int BytesMin, int BytesMax, int WaitMsMax)
{
    /// <summary>True when a replica that does not lead may answer, up to the high watermark that it knows.</summary>
    public bool AllowsFollower { get; init; }
}

/// <summary>One partition's answer. The slice is empty when there is an error or nothing new.</summary>
public readonly record struct FetchedItem(
    BrokerError? Error,
    LogSlice Slice,
    Offset LogStart,
    Offset HighWatermark,
    Epoch LeaderEpoch);

/// <summary>The answers in the order of the request. Dispose it when its bytes were written.</summary>
public sealed class FetchAnswer(FetchedItem[] items) : IDisposable
{
    /// <summary>One per partition of the request.</summary>
    public ReadOnlySpan<FetchedItem> Items => items;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ref readonly FetchedItem item in items.AsSpan())
        {
            item.Slice.Dispose();
        }
    }
}

/// <summary>What is asked of a partition.</summary>
public enum LogQueryKind
{
    /// <summary>The log start, plus <see cref="LogQuery.Value"/> records, at most the high watermark.</summary>
    AfterStart,

    /// <summary>The high watermark, minus <see cref="LogQuery.Value"/> records, at least the log start.</summary>
    BeforeEnd,

    /// <summary>The first record with a timestamp of at least <see cref="LogQuery.Value"/> ms, or the high watermark.</summary>
    Timestamp,

    /// <summary><see cref="LogQuery.Value"/> itself, checked against both ends.</summary>
    Offset,
}

/// <summary>A position in words.</summary>
public readonly record struct LogQuery(LogQueryKind Kind, long Value);

/// <summary>A position in numbers.</summary>
/// <param name="Offset">The offset.</param>
/// <param name="TimestampMs">The timestamp of the record there when a time was asked for, else -1.</param>
/// <param name="LeaderEpoch">The epoch of the leader that answered.</param>
public readonly record struct OffsetAnswer(Offset Offset, long TimestampMs, Epoch LeaderEpoch);

/// <summary>Asks for a new topic. Zero counts mean the broker's defaults.</summary>
public sealed record CreateTopicCommand(
    string Name,
    int Partitions,
    int ReplicationFactor,
    IReadOnlyDictionary<string, string> Config,
    string RequestId,
    bool ValidateOnly);

/// <summary>Asks for changed configuration.</summary>
public sealed record AlterTopicCommand(
    string Name,
    IReadOnlyDictionary<string, string> Set,
    IReadOnlyCollection<string> Unset,
    bool ValidateOnly);

/// <summary>The state of a partition at a moment.</summary>
public enum PartitionState
{
    /// <summary>Has a leader and serves.</summary>
    Online = 1,

    /// <summary>Has no leader.</summary>
    Leaderless = 2,

    /// <summary>Damaged; serves nothing until an operator decides.</summary>
    Quarantined = 3,
}

/// <summary>A partition for people.</summary>
public sealed record PartitionDescription(
    int Partition,
    NodeId Leader,
    Epoch LeaderEpoch,
    Offset LogStart,
    Offset HighWatermark,
    long SizeBytes,
    PartitionState State,
    string Detail);

/// <summary>A topic for people.</summary>
public sealed record TopicDescription(
    string Name,
    TopicId Id,
    int ReplicationFactor,
    IReadOnlyDictionary<string, string> Overrides,
    TopicConfig Config,
    IReadOnlyList<PartitionDescription> Partitions);

/// <summary>Counts and health of a node at a moment.</summary>
public sealed record BrokerStatus(
    int Topics,
    int Partitions,
    int PartitionsLeaderless,
    int PartitionsQuarantined,
    long LogBytes,
    long DiskFreeBytes,
    long DiskTotalBytes,
    bool DiskFull)
{
    /// <summary>Partitions led here with replicas that are not in sync.</summary>
    public int PartitionsUnderReplicated { get; init; }
}
