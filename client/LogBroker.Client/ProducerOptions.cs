using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>How a producer batches, waits and retries. The defaults are safe: idempotent, acknowledged by a quorum, durable.</summary>
public sealed record ProducerOptions
{
    /// <summary>What must have happened before a record counts as acknowledged. Default <see cref="Acks.Quorum"/>.</summary>
    public Acks Acks { get; init; } = Acks.Quorum;

    /// <summary>
    /// Gives every batch a producer id and a sequence number, so that a retry neither duplicates nor reorders. Default true.
    /// Without it at most one batch per partition is in flight, and a batch whose outcome is unknown is not sent again.
    /// </summary>
    public bool EnableIdempotence { get; init; } = true;

    /// <summary>
    /// The longest time a batch waits to be filled while an earlier batch of its partition is on the way. With none on the way it
    /// is sent at once, whatever this says: one record at a time has no added latency, many at a time form large batches.
    /// Default 5 ms, at most 10 s; zero never waits.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// A batch of this size is sent. A record larger than this is a batch of its own, up to the topic's max.message.bytes.
    /// Default 256 KiB; 1 KiB to 32 MiB.
    /// </summary>
    public int BatchBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// Memory for records that are not yet acknowledged; when it is full, <c>EnqueueAsync</c> and <c>ProduceAsync</c> wait.
    /// At least one batch is always let in. Default 64 MiB; 64 KiB to 16 GiB.
    /// </summary>
    public long BufferBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Batches of one partition that may be on the way at a time, 1 to 5 (the broker remembers five). Default 5.</summary>
    public int BatchesInFlightMax { get; init; } = Limits.ProducerWindowBatches;

    /// <summary>
    /// The time from handing a record over to its end, acknowledged or failed: all waiting, sending and retrying is within it. At its
    /// end a record that was sent and not answered is an <see cref="OutcomeUnknownException"/>; any other is not written.
    /// Default 2 minutes, at most 1 day.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the broker may wait for the acks of one batch before it answers "unknown". Default 30 s; 1 ms to 5 min.</summary>
    public TimeSpan AckTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The codec of batches. Default none.</summary>
    public Compression Compression { get; init; }

    /// <summary>
    /// Chooses the partition of records that have a key and name no partition. Default: murmur2 of the key, as Kafka's clients do.
    /// Records without a key stick to one partition until a batch is filled.
    /// </summary>
    public IPartitioner Partitioner { get; init; } = KeyPartitioner.Instance;

    /// <summary>Throws <see cref="ArgumentException"/> for the first option that is out of its range.</summary>
    internal void Validate()
    {
        Check.Range((int)Acks, (int)Acks.Quorum, (int)Acks.None, nameof(Acks));
        Check.Range((int)Compression, (int)Compression.None, (int)Compression.Gzip, nameof(Compression));
        Check.Range(Linger, TimeSpan.Zero, TimeSpan.FromSeconds(10), nameof(Linger));
        Check.Range(BatchBytes, 1024, Limits.BatchBytesMax, nameof(BatchBytes));
        Check.Range(BufferBytes, 64 * 1024, 16L * 1024 * 1024 * 1024, nameof(BufferBytes));
        Check.Range(BatchesInFlightMax, 1, Limits.ProducerWindowBatches, nameof(BatchesInFlightMax));
        Check.Range(DeliveryTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1), nameof(DeliveryTimeout));
        Check.Range(AckTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(Limits.ProduceTimeoutMsMax), nameof(AckTimeout));
        ArgumentNullException.ThrowIfNull(Partitioner);
    }
}

/// <summary>What must have happened before a batch is acknowledged; numbers as on the wire.</summary>
public enum Acks
{
    /// <summary>A majority of the replicas has it, as durably as the topic's <c>durability</c> says.</summary>
    Quorum = 1,

    /// <summary>The leader has appended it, as durably as the topic's <c>durability</c> says.</summary>
    Leader = 2,

    /// <summary>The leader has taken it; nothing is promised and receipts carry no offset.</summary>
    None = 3,
}

/// <summary>The codec of record batches; numbers as in the batch header.</summary>
public enum Compression
{
    /// <summary>As they are.</summary>
    None = 0,

    /// <summary>gzip.</summary>
    Gzip = 1,
}
