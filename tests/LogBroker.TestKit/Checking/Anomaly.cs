namespace LogBroker.TestKit;

/// <summary>What a checker can find wrong. The first half is Jepsen's vocabulary for logs, the second half is ours.</summary>
public enum Anomaly
{
    /// <summary>An offset with two values.</summary>
    InconsistentOffsets,

    /// <summary>A value at two offsets.</summary>
    Duplicate,

    /// <summary>A value was read that was definitely refused (G1a).</summary>
    AbortedRead,

    /// <summary>A committed value was never read although a later one was.</summary>
    LostWrite,

    /// <summary>An acknowledged value was never read, though the end was read from every replica.</summary>
    Unseen,

    /// <summary>A process left out a value between two polls.</summary>
    PollSkip,

    /// <summary>A process went back between two polls.</summary>
    NonmonotonicPoll,

    /// <summary>A value was left out within one poll.</summary>
    InternalPollSkip,

    /// <summary>A poll went back within itself.</summary>
    InternalNonmonotonicPoll,

    /// <summary>A later send of a process lies in front of an earlier one.</summary>
    NonmonotonicSend,

    /// <summary>The same within one send.</summary>
    InternalNonmonotonicSend,

    /// <summary>A reader lagged beyond the bound after everything was healed.</summary>
    RealtimeLag,

    /// <summary>
    /// A value lies at or in front of one that was known to exist before its own send began: a cycle of write, read and real-time edges.
    /// </summary>
    RealtimeCycle,

    /// <summary>R1: an acknowledged offset is not above every offset acknowledged before the send began.</summary>
    StaleAck,

    /// <summary>R2: an offset was acknowledged twice.</summary>
    AckedTwice,

    /// <summary>R3: a value was read that nobody sent there, or elsewhere than acknowledged.</summary>
    UnknownRecord,

    /// <summary>R3: a whole read of a replica does not have rising offsets, or leaves one out.</summary>
    UnorderedReplica,

    /// <summary>R5: an acknowledged value is not at a replica after all came to rest.</summary>
    LostOnReplica,

    /// <summary>R6: two replicas differ in bounds, records or bytes.</summary>
    ReplicasDiffer,

    /// <summary>R7: a node told one client a lower high watermark than before.</summary>
    WatermarkRegressed,

    /// <summary>R7: a record was read at or above the high watermark that came with it.</summary>
    ReadBeyondWatermark,

    /// <summary>Two nodes led one partition in one epoch.</summary>
    TwoLeaders,

    /// <summary>A value came to a subscribed process more than once. Reported only: at-least-once allows it.</summary>
    ConsumedAgain,

    /// <summary>The run saw too little to mean anything.</summary>
    Vacuous,
}

/// <summary>Where in a writer's sequence losses lie, by its own counters (R4).</summary>
public enum LossClass
{
    /// <summary>In front of everything that is there: the log was started anew.</summary>
    Prefix,

    /// <summary>Between things that are there: certainly a bug of the broker.</summary>
    Middle,

    /// <summary>Behind everything that is there: lost at the end, or the reader was not done.</summary>
    Postfix,

    /// <summary>Nothing of this writer is there.</summary>
    All,
}

/// <summary>All findings of one kind.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="IsBad">False when it is only reported.</param>
/// <param name="Count">How many.</param>
/// <param name="Samples">The first few, a sentence each.</param>
public sealed record Finding(Anomaly Kind, bool IsBad, long Count, IReadOnlyList<string> Samples);
