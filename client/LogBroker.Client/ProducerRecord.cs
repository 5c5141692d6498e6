using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// A record to be written. Key and value are copied before <c>EnqueueAsync</c> or <c>ProduceAsync</c> completes synchronously, or
/// before the returned task completes; until then the caller leaves them alone.
/// </summary>
public readonly record struct ProducerRecord
{
    /// <summary>A record with a value and no key.</summary>
    public ProducerRecord(ReadOnlyMemory<byte>? value)
    {
        Value = value;
    }

    /// <summary>As the other; a null array is null. By its conversion to memory alone it would become an empty value.</summary>
    public ProducerRecord(byte[]? value)
        : this(null, value)
    {
    }

    /// <summary>A record with a key and a value; a null value is a tombstone: "delete this key".</summary>
    public ProducerRecord(ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value)
    {
        Key = key;
        Value = value;
    }

    /// <summary>As the other; null arrays are null. By their conversion to memory alone they would become empty.</summary>
    public ProducerRecord(byte[]? key, byte[]? value)
    {
        Key = key is null ? default(ReadOnlyMemory<byte>?) : key;
        Value = value is null ? default(ReadOnlyMemory<byte>?) : value;
    }

    /// <summary>The key; null is none, which is not the same as an empty one.</summary>
    public ReadOnlyMemory<byte>? Key { get; init; }

    /// <summary>The value; null is a tombstone, which is not the same as an empty one.</summary>
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>The partition; null lets the producer choose.</summary>
    public int? Partition { get; init; }

    /// <summary>The record's time; null is the time at which the producer takes it.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Headers, in order; keys may repeat. At most 1,000; null is none.</summary>
    public IReadOnlyList<RecordHeader>? Headers { get; init; }

    /// <summary>
    /// The offset that the record must get, that is, the partition's next one, 0 or more; null for any. When it would get another one
    /// nothing is written, and the failure is <see cref="ErrorCode.OffsetMismatch"/> with <c>expected</c> and <c>actual</c> in its
    /// details. Name the <see cref="Partition"/> with it, or a <see cref="Key"/>. The record travels in a batch of its own.
    /// </summary>
    public long? ExpectedOffset { get; init; }

    /// <summary>
    /// For compacted topics and records with a key: the offset of the newest record of the key, or -1 when there must be none; null for
    /// any. Otherwise nothing is written, and the failure is <see cref="ErrorCode.KeyVersionMismatch"/> with <c>expected</c> and
    /// <c>actual</c> in its details. The record travels in a batch of its own.
    /// </summary>
    public long? ExpectedKeyVersion { get; init; }

    internal bool IsConditional => ExpectedOffset is not null || ExpectedKeyVersion is not null;
}
