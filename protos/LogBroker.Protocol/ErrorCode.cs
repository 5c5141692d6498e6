namespace LogBroker.Protocol;

/// <summary>
/// Every outcome that is not success. Numbers equal those of <c>logbroker.v1.ErrorReason</c>; causes, client actions and mappings
/// stand in <see cref="ErrorCatalogue"/>.
/// </summary>
public enum ErrorCode
{
    /// <summary>No error; never in an error answer.</summary>
    None = 0,

    /// <summary>A field is missing, unknown or out of its range.</summary>
    InvalidArgument = 1,

    /// <summary>A topic name is empty, too long, "." or "..", or has a character outside [a-zA-Z0-9._-].</summary>
    InvalidTopic = 2,

    /// <summary>The number of partitions, or a partition index, is out of its range.</summary>
    InvalidPartitions = 3,

    /// <summary>The replication factor is below 1 or above the number of nodes.</summary>
    InvalidReplicationFactor = 4,

    /// <summary>One or more configuration entries are unknown or out of range; the message lists all of them.</summary>
    InvalidConfig = 5,

    /// <summary>A batch carries a timestamp outside the accepted window, or claims LogAppendTime.</summary>
    InvalidTimestamp = 6,

    /// <summary>The acks value is not one of the defined ones.</summary>
    InvalidRequiredAcks = 7,

    /// <summary>A produce batch has no records.</summary>
    EmptyBatch = 8,

    /// <summary>A batch is larger than max.message.bytes of the topic, or inflates beyond the limit.</summary>
    RecordTooLarge = 9,

    /// <summary>A batch does not parse or its checksum is wrong; nothing was written.</summary>
    CorruptBatch = 10,

    /// <summary>The batch names a codec that this broker does not take.</summary>
    UnsupportedCompression = 11,

    /// <summary>The batch or request is of a format version that this broker does not speak.</summary>
    UnsupportedVersion = 12,

    /// <summary>A client tried to write to or change a topic whose name begins with "__".</summary>
    InternalTopic = 13,

    /// <summary>A request asks for more at once than the limit allows; nothing was done.</summary>
    LimitExceeded = 14,

    /// <summary>A record without a key was sent to a compacted topic; nothing was written.</summary>
    RecordWithoutKey = 15,

    /// <summary>There is no such topic or partition.</summary>
    UnknownTopicOrPartition = 20,

    /// <summary>A topic of this name exists.</summary>
    TopicAlreadyExists = 21,

    /// <summary>The name equals an existing one when "." and "_" are not told apart.</summary>
    TopicCollision = 22,

    /// <summary>The offset is in front of the log start (deleted) or behind the end.</summary>
    OffsetOutOfRange = 23,

    /// <summary>Damage was found in the partition; it serves nothing until an operator decides.</summary>
    PartitionQuarantined = 24,

    /// <summary>This node does not lead the partition; nothing was written.</summary>
    NotLeader = 30,

    /// <summary>The request was made for an older leader epoch.</summary>
    FencedEpoch = 31,

    /// <summary>The request knows a newer leader epoch than this node.</summary>
    UnknownEpoch = 32,

    /// <summary>A new leader does not know its high watermark yet.</summary>
    OffsetNotAvailable = 33,

    /// <summary>The sequence of an idempotent batch is not the next one; nothing was written.</summary>
    OutOfOrderSequence = 40,

    /// <summary>The batch was written long ago; its offset is no longer known. Nothing was written again.</summary>
    DuplicateSequence = 41,

    /// <summary>Another batch was written with the same sequence numbers.</summary>
    SequenceReuse = 42,

    /// <summary>A newer epoch of this producer id exists.</summary>
    ProducerFenced = 43,

    /// <summary>The partition has no state for this producer id, and the batch does not begin at sequence 0.</summary>
    UnknownProducer = 44,

    /// <summary>An earlier batch of this producer and partition was refused, so this one was not written.</summary>
    EarlierBatchFailed = 45,

    /// <summary>The partition's next offset is not the one the batch was to be written at; nothing was written.</summary>
    OffsetMismatch = 46,

    /// <summary>The newest record of the key is not the one that the batch was to replace; nothing was written.</summary>
    KeyVersionMismatch = 47,

    /// <summary>A queue of the broker is full; nothing was written.</summary>
    Busy = 50,

    /// <summary>The disk has no room beyond the headroom; nothing was written. Reads and retention go on.</summary>
    DiskFull = 51,

    /// <summary>The node is stopping; nothing was written.</summary>
    ShuttingDown = 52,

    /// <summary>The request could not be started in time; nothing was written.</summary>
    Timeout = 53,

    /// <summary>The batch was appended but not acknowledged in time, or leadership was lost: it may or may not survive.</summary>
    OutcomeUnknown = 54,

    /// <summary>A bug or an unforeseen condition in the broker; the log of the broker says more.</summary>
    Internal = 55,

    /// <summary>A group id is empty, too long, or has control characters.</summary>
    InvalidGroupId = 60,

    /// <summary>There is no such group.</summary>
    UnknownGroup = 61,

    /// <summary>The group has no such member: its session ended, or it left.</summary>
    UnknownMember = 62,

    /// <summary>The member's epoch is not the one the group knows: it was replaced or left behind.</summary>
    FencedMemberEpoch = 63,

    /// <summary>The commit was made in an older epoch of the member; nothing was stored.</summary>
    StaleMemberEpoch = 64,

    /// <summary>Another member with this instance id is alive.</summary>
    UnreleasedInstanceId = 65,

    /// <summary>A session or rebalance timeout is out of its range.</summary>
    InvalidSessionTimeout = 66,

    /// <summary>The group has as many members as it may have.</summary>
    GroupFull = 67,

    /// <summary>The text of a committed offset is too long; nothing was stored for it.</summary>
    OffsetMetadataTooLarge = 68,

    /// <summary>The member does not hold the partition; nothing was stored for it.</summary>
    NotAssigned = 69,

    /// <summary>The group has members; nothing was changed.</summary>
    GroupNotEmpty = 70,

    /// <summary>This node does not coordinate the group; nothing was changed.</summary>
    NotCoordinator = 71,

    /// <summary>The coordinator has just taken over and is reading the group's records.</summary>
    CoordinatorLoading = 72,

    /// <summary>A subscription names no topic, too many, or has a regular expression that is too long or not allowed.</summary>
    InvalidSubscription = 73,

    /// <summary>The topic is not compacted, so it cannot be read by key.</summary>
    NotATable = 80,
}
