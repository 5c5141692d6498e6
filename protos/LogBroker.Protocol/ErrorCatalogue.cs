using System.Collections.Frozen;

namespace LogBroker.Protocol;

/// <summary>The canonical status codes of gRPC, by number; LogBroker.Protocol does not depend on a gRPC library.</summary>
public enum CanonicalStatus
{
#pragma warning disable CS1591 // the names are gRPC's own
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
#pragma warning restore CS1591
}

/// <summary>The exit code of the command line program for a failure.</summary>
public enum ExitCode
{
    /// <summary>Success.</summary>
    Ok = 0,

    /// <summary>A failure without a better code.</summary>
    Unexpected = 1,

    /// <summary>The command or an input is wrong.</summary>
    Usage = 2,

    /// <summary>No such thing.</summary>
    NotFound = 3,

    /// <summary>It exists already, or a precondition does not hold.</summary>
    Conflict = 4,

    /// <summary>Not allowed.</summary>
    Auth = 5,

    /// <summary>The broker cannot be reached, or has no leader for it.</summary>
    Unavailable = 6,

    /// <summary>Not done in time.</summary>
    Timeout = 7,

    /// <summary>Some of it was done.</summary>
    Partial = 8,

    /// <summary>Damaged data was found.</summary>
    Corruption = 9,

    /// <summary>A check found what needs attention, though everything works.</summary>
    CheckWarning = 10,

    /// <summary>A check found something that does not work.</summary>
    CheckCritical = 11,

    /// <summary>Interrupted from the keyboard.</summary>
    Interrupted = 130,
}

/// <summary>One row of the error catalogue.</summary>
/// <param name="Code">The code.</param>
/// <param name="Reason">The name on the wire: <c>ErrorInfo.reason</c>.</param>
/// <param name="Status">The gRPC status.</param>
/// <param name="IsRetriable">True when the same request may succeed later and a retry cannot do harm that the first try could not.</param>
/// <param name="Exit">The exit code of the command line program.</param>
/// <param name="Cause">Why it happens.</param>
/// <param name="ClientAction">What to do about it.</param>
public sealed record ErrorCatalogueEntry(
    ErrorCode Code,
    string Reason,
    CanonicalStatus Status,
    bool IsRetriable,
    ExitCode Exit,
    string Cause,
    string ClientAction);

/// <summary>The one list of error codes, from which gRPC statuses, SDK exceptions, exit codes and docs/errors.md follow.</summary>
public static class ErrorCatalogue
{
    /// <summary>The domain of every <c>google.rpc.ErrorInfo</c>.</summary>
    public const string Domain = "logbroker";

    /// <summary>All entries, by number.</summary>
    public static IReadOnlyList<ErrorCatalogueEntry> Entries { get; } =
    [
        new(ErrorCode.InvalidArgument, "INVALID_ARGUMENT", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A field is missing, unknown or out of its range.",
            "Correct the field that the message names."),
        new(ErrorCode.InvalidTopic, "INVALID_TOPIC", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A topic name is empty, too long, \".\" or \"..\", or has a character outside [a-zA-Z0-9._-].",
            "Choose another name."),
        new(ErrorCode.InvalidPartitions, "INVALID_PARTITIONS", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "The number of partitions, or a partition index, is out of its range.",
            "Use a number in the range that the message names."),
        new(ErrorCode.InvalidReplicationFactor, "INVALID_REPLICATION_FACTOR", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "The replication factor is below 1 or above the number of nodes.",
            "Use a number in the range that the message names."),
        new(ErrorCode.InvalidConfig, "INVALID_CONFIG", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "One or more configuration entries are unknown or out of range; the message lists all of them.",
            "Correct every entry that the message lists."),
        new(ErrorCode.InvalidTimestamp, "INVALID_TIMESTAMP", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A batch carries a timestamp outside the accepted window, or claims LogAppendTime.",
            "Set sane record timestamps, or use message.timestamp.type=LogAppendTime."),
        new(ErrorCode.InvalidRequiredAcks, "INVALID_REQUIRED_ACKS", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "The acks value is not one of the defined ones.",
            "Use quorum, leader or none."),
        new(ErrorCode.EmptyBatch, "EMPTY_BATCH", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A produce batch has no records.",
            "Send at least one record."),
        new(ErrorCode.RecordTooLarge, "RECORD_TOO_LARGE", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A batch is larger than max.message.bytes of the topic, or inflates beyond the limit.",
            "Send smaller records or batches, or raise max.message.bytes."),
        new(ErrorCode.CorruptBatch, "CORRUPT_BATCH", CanonicalStatus.InvalidArgument, false, ExitCode.Corruption,
            "A batch does not parse or its checksum is wrong; nothing was written.",
            "Fix the client: this is not a transient error."),
        new(ErrorCode.UnsupportedCompression, "UNSUPPORTED_COMPRESSION", CanonicalStatus.Unimplemented, false, ExitCode.Usage,
            "The batch names a codec that this broker does not take.",
            "Use none or gzip."),
        new(ErrorCode.UnsupportedVersion, "UNSUPPORTED_VERSION", CanonicalStatus.Unimplemented, false, ExitCode.Usage,
            "The batch or request is of a format version that this broker does not speak.",
            "Upgrade the older side."),
        new(ErrorCode.InternalTopic, "INTERNAL_TOPIC", CanonicalStatus.PermissionDenied, false, ExitCode.Auth,
            "A client tried to write to or change a topic whose name begins with \"__\".",
            "Leave internal topics alone."),
        new(ErrorCode.LimitExceeded, "LIMIT_EXCEEDED", CanonicalStatus.ResourceExhausted, false, ExitCode.Conflict,
            "A request asks for more at once than the limit allows; nothing was done.",
            "Split the request."),
        new(ErrorCode.RecordWithoutKey, "RECORD_WITHOUT_KEY", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A record without a key was sent to a topic with cleanup.policy compact, which keeps the newest record of each key.",
            "Give every record a key, or send it to another topic."),
        new(ErrorCode.UnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION", CanonicalStatus.NotFound, false, ExitCode.NotFound,
            "There is no such topic or partition.",
            "Create it, or refresh the metadata."),
        new(ErrorCode.TopicAlreadyExists, "TOPIC_ALREADY_EXISTS", CanonicalStatus.AlreadyExists, false, ExitCode.Conflict,
            "A topic of this name exists.",
            "Use it, or choose another name."),
        new(ErrorCode.TopicCollision, "TOPIC_COLLISION", CanonicalStatus.AlreadyExists, false, ExitCode.Conflict,
            "The name equals an existing one when \".\" and \"_\" are not told apart.",
            "Choose another name."),
        new(ErrorCode.OffsetOutOfRange, "OFFSET_OUT_OF_RANGE", CanonicalStatus.OutOfRange, false, ExitCode.Conflict,
            "The offset is in front of the log start (deleted) or behind the end.",
            "Restart from the start or end offset in the metadata of the error."),
        new(ErrorCode.PartitionQuarantined, "PARTITION_QUARANTINED", CanonicalStatus.DataLoss, false, ExitCode.Corruption,
            "Damage was found in the partition; it serves nothing until an operator decides.",
            "Run `logbroker storage verify` on the data directory and follow docs/operations.md."),
        new(ErrorCode.NotLeader, "NOT_LEADER", CanonicalStatus.FailedPrecondition, true, ExitCode.Unavailable,
            "This node does not lead the partition; nothing was written.",
            "Refresh the metadata and send to the leader named in the error."),
        new(ErrorCode.FencedEpoch, "FENCED_EPOCH", CanonicalStatus.FailedPrecondition, true, ExitCode.Unavailable,
            "The request was made for an older leader epoch.",
            "Refresh the metadata."),
        new(ErrorCode.UnknownEpoch, "UNKNOWN_EPOCH", CanonicalStatus.Unavailable, true, ExitCode.Unavailable,
            "The request knows a newer leader epoch than this node.",
            "Retry after a short wait."),
        new(ErrorCode.OffsetNotAvailable, "OFFSET_NOT_AVAILABLE", CanonicalStatus.Unavailable, true, ExitCode.Unavailable,
            "A new leader does not know its high watermark yet.",
            "Retry after a short wait."),
        new(ErrorCode.OutOfOrderSequence, "OUT_OF_ORDER_SEQUENCE", CanonicalStatus.FailedPrecondition, false, ExitCode.Conflict,
            "The sequence of an idempotent batch is not the next one; nothing was written.",
            "Fatal to this producer epoch: batches in between are missing. Take a new producer epoch."),
        new(ErrorCode.DuplicateSequence, "DUPLICATE_SEQUENCE", CanonicalStatus.AlreadyExists, false, ExitCode.Conflict,
            "The batch was written long ago; its offset is no longer known. Nothing was written again.",
            "Treat it as written."),
        new(ErrorCode.SequenceReuse, "SEQUENCE_REUSE", CanonicalStatus.InvalidArgument, false, ExitCode.Conflict,
            "Another batch was written with the same sequence numbers.",
            "Fix the client: sequence numbers must not be reused."),
        new(ErrorCode.ProducerFenced, "PRODUCER_FENCED", CanonicalStatus.FailedPrecondition, false, ExitCode.Conflict,
            "A newer epoch of this producer id exists.",
            "Stop this producer: another one took its place."),
        new(ErrorCode.UnknownProducer, "UNKNOWN_PRODUCER", CanonicalStatus.FailedPrecondition, false, ExitCode.Conflict,
            "The partition has no state for this producer id, and the batch does not begin at sequence 0.",
            "Take a new producer epoch and start at sequence 0."),
        new(ErrorCode.EarlierBatchFailed, "EARLIER_BATCH_FAILED", CanonicalStatus.Aborted, true, ExitCode.Conflict,
            "An earlier batch of this producer and partition was refused, so this one was not written.",
            "Resend from the refused batch on, in order."),
        new(ErrorCode.OffsetMismatch, "OFFSET_MISMATCH", CanonicalStatus.FailedPrecondition, false, ExitCode.Conflict,
            "The partition's next offset is not the one the batch was to be written at; nothing was written.",
            "Read what was written since, and decide anew."),
        new(ErrorCode.KeyVersionMismatch, "KEY_VERSION_MISMATCH", CanonicalStatus.FailedPrecondition, false, ExitCode.Conflict,
            "The newest record of the key is not the one that the batch was to replace; nothing was written.",
            "Read the key again, and decide anew."),
        new(ErrorCode.Busy, "BUSY", CanonicalStatus.ResourceExhausted, true, ExitCode.Unavailable,
            "A queue of the broker is full; nothing was written.",
            "Retry after the time in RetryInfo."),
        new(ErrorCode.DiskFull, "DISK_FULL", CanonicalStatus.ResourceExhausted, true, ExitCode.Unavailable,
            "The disk has no room beyond the headroom; nothing was written. Reads and retention go on.",
            "Free space or shorten retention; the broker resumes by itself. Retry later."),
        new(ErrorCode.ShuttingDown, "SHUTTING_DOWN", CanonicalStatus.Unavailable, true, ExitCode.Unavailable,
            "The node is stopping; nothing was written.",
            "Retry with another node, or later."),
        new(ErrorCode.Timeout, "TIMEOUT", CanonicalStatus.DeadlineExceeded, true, ExitCode.Timeout,
            "The request could not be started in time; nothing was written.",
            "Retry."),
        new(ErrorCode.OutcomeUnknown, "OUTCOME_UNKNOWN", CanonicalStatus.DeadlineExceeded, true, ExitCode.Timeout,
            "The batch was appended but not acknowledged in time, or leadership was lost: it may or may not survive.",
            "Retry with the same producer id and sequence: an idempotent retry cannot duplicate. "
                + "Without idempotence check before you resend."),
        new(ErrorCode.Internal, "INTERNAL", CanonicalStatus.Internal, false, ExitCode.Unexpected,
            "A bug or an unforeseen condition in the broker; the log of the broker says more.",
            "Report it."),
        new(ErrorCode.InvalidGroupId, "INVALID_GROUP_ID", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A group id is empty, too long, or has control characters.",
            "Choose another id."),
        new(ErrorCode.UnknownGroup, "UNKNOWN_GROUP", CanonicalStatus.NotFound, false, ExitCode.NotFound,
            "There is no such group.",
            "Check the name, and that something was committed or has joined."),
        new(ErrorCode.UnknownMember, "UNKNOWN_MEMBER", CanonicalStatus.FailedPrecondition, true, ExitCode.Conflict,
            "The group has no such member: its session ended, or it left.",
            "Let go of all partitions and join anew."),
        new(ErrorCode.FencedMemberEpoch, "FENCED_MEMBER_EPOCH", CanonicalStatus.FailedPrecondition, true, ExitCode.Conflict,
            "The member's epoch is not the one the group knows: it was replaced or left behind.",
            "Let go of all partitions and join anew."),
        new(ErrorCode.StaleMemberEpoch, "STALE_MEMBER_EPOCH", CanonicalStatus.FailedPrecondition, true, ExitCode.Conflict,
            "The commit was made in an older epoch of the member; nothing was stored.",
            "Commit again with the epoch of the last assignment, if the partition is still held."),
        new(ErrorCode.UnreleasedInstanceId, "UNRELEASED_INSTANCE_ID", CanonicalStatus.AlreadyExists, false, ExitCode.Conflict,
            "Another member with this instance id is alive.",
            "Give each member an instance id of its own, or wait until the other one leaves."),
        new(ErrorCode.InvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A session or rebalance timeout is out of its range.",
            "Choose a value in the range."),
        new(ErrorCode.GroupFull, "GROUP_FULL", CanonicalStatus.ResourceExhausted, true, ExitCode.Conflict,
            "The group has as many members as it may have.",
            "Use fewer members, or raise the limit."),
        new(ErrorCode.OffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "The text of a committed offset is too long; nothing was stored for it.",
            "Shorten it."),
        new(ErrorCode.NotAssigned, "NOT_ASSIGNED", CanonicalStatus.FailedPrecondition, false, ExitCode.Conflict,
            "The member does not hold the partition; nothing was stored for it.",
            "Commit only what is assigned."),
        new(ErrorCode.GroupNotEmpty, "GROUP_NOT_EMPTY", CanonicalStatus.FailedPrecondition, true, ExitCode.Conflict,
            "The group has members; nothing was changed.",
            "Stop the members that the error names, then try again."),
        new(ErrorCode.NotCoordinator, "NOT_COORDINATOR", CanonicalStatus.FailedPrecondition, true, ExitCode.Unavailable,
            "This node does not coordinate the group; nothing was changed.",
            "Ask for the coordinator and send it there."),
        new(ErrorCode.CoordinatorLoading, "COORDINATOR_LOADING", CanonicalStatus.Unavailable, true, ExitCode.Unavailable,
            "The coordinator has just taken over and is reading the group's records.",
            "Retry after a short wait."),
        new(ErrorCode.InvalidSubscription, "INVALID_SUBSCRIPTION", CanonicalStatus.InvalidArgument, false, ExitCode.Usage,
            "A subscription names no topic, too many, or has a regular expression that is too long or not allowed.",
            "Correct the subscription."),
        new(ErrorCode.NotATable, "NOT_A_TABLE", CanonicalStatus.FailedPrecondition, false, ExitCode.Conflict,
            "The topic is not compacted, so it cannot be read by key.",
            "Use a topic with cleanup.policy=compact."),
    ];

    private static readonly FrozenDictionary<ErrorCode, ErrorCatalogueEntry> ByCode = Entries.ToFrozenDictionary(e => e.Code);

    private static readonly FrozenDictionary<string, ErrorCatalogueEntry> ByReason = Entries.ToFrozenDictionary(e => e.Reason);

    /// <summary>The entry of a code.</summary>
    public static ErrorCatalogueEntry Get(ErrorCode code) => ByCode[code];

    /// <summary>The entry of a reason on the wire, or null when a newer broker sent one that this version does not know.</summary>
    public static ErrorCatalogueEntry? Find(string reason) => ByReason.GetValueOrDefault(reason);
}
