namespace LogBroker.Client;

/// <summary>The acknowledgement of one record: where it is and how safe it was when the broker said so.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The record's offset; -1 with <see cref="Acks.None"/>, or when the broker no longer knows it.</param>
/// <param name="Timestamp">The record's time: the producer's, or the broker's on topics with LogAppendTime.</param>
/// <param name="LeaderEpoch">The leadership in which it was written.</param>
/// <param name="Durability">What had happened when it was acknowledged.</param>
/// <param name="IsDuplicate">True when a retry found it written already; offset and time are those of the first time.</param>
public readonly record struct ProduceReceipt(
    string Topic,
    int Partition,
    long Offset,
    DateTimeOffset Timestamp,
    int LeaderEpoch,
    Durability Durability,
    bool IsDuplicate);

/// <summary>What had happened to a batch when it was acknowledged; numbers as on the wire.</summary>
public enum Durability
{
    /// <summary>A broker that this version does not understand.</summary>
    Unspecified = 0,

    /// <summary>Accepted, not yet appended.</summary>
    None = 1,

    /// <summary>In the leader's page cache.</summary>
    LeaderMemory = 2,

    /// <summary>Fsynced by the leader.</summary>
    LeaderFsync = 3,

    /// <summary>In the page cache of a majority.</summary>
    QuorumMemory = 4,

    /// <summary>Fsynced by a majority.</summary>
    QuorumFsync = 5,
}

/// <summary>
/// Hears the end of one record: <paramref name="error"/> is null and the receipt is good, or the other way round. Called on the
/// producer's own threads, for the records of one partition in their order: it must return quickly and not throw.
/// </summary>
/// <param name="state">What was handed over with the record.</param>
/// <param name="receipt">The acknowledgement.</param>
/// <param name="error">The failure, or null.</param>
public delegate void DeliveryCallback(object? state, in ProduceReceipt receipt, LogBrokerException? error);
