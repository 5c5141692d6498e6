using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// A record that was read. Key, value and headers lie in a buffer of the reader and are valid until its next
/// <c>MoveNextAsync</c>; take a <see cref="Copy"/> of what must live longer.
/// </summary>
public readonly struct ConsumedRecord
{
    private readonly RecordHeaders _headers;
    private readonly RecordHeader[]? _ownHeaders;

    internal ConsumedRecord(string topic, int partition, in LogRecord record)
        : this(topic, partition, record.Offset.Value, record.TimestampMs, record.Key, record.Value, record.Headers, null)
    {
    }

    private ConsumedRecord(
        string topic,
        int partition,
        long offset,
        long timestampMs,
        ReadOnlyMemory<byte>? key,
        ReadOnlyMemory<byte>? value,
        RecordHeaders headers,
        RecordHeader[]? ownHeaders)
    {
        Topic = topic;
        Partition = partition;
        Offset = offset;
        TimestampMs = timestampMs;
        Key = key;
        Value = value;
        _headers = headers;
        _ownHeaders = ownHeaders;
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The partition.</summary>
    public int Partition { get; }

    /// <summary>The record's offset in its partition.</summary>
    public long Offset { get; }

    /// <summary>The record's time in milliseconds since 1970-01-01, as it was written; -1 for none.</summary>
    public long TimestampMs { get; }

    /// <summary>The record's time; one beyond the years 1 to 9999 is cut to them.</summary>
    public DateTimeOffset Timestamp => RecordTime.Of(TimestampMs);

    /// <summary>The key; null is none.</summary>
    public ReadOnlyMemory<byte>? Key { get; }

    /// <summary>The value; null is a tombstone.</summary>
    public ReadOnlyMemory<byte>? Value { get; }

    /// <summary>The headers, in order; keys may repeat. Decoded with each call; without headers nothing is allocated.</summary>
    public IReadOnlyList<RecordHeader> Headers => _ownHeaders ?? (_headers.Count == 0 ? [] : [.. _headers]);

    /// <summary>The same record on memory of its own.</summary>
    public ConsumedRecord Copy() => new(
        Topic,
        Partition,
        Offset,
        TimestampMs,
        OwnBytes(Key),
        OwnBytes(Value),
        default,
        [.. Headers.Select(h => h with { Value = OwnBytes(h.Value) })]);

    // A bare `null` would become empty memory: arrays convert to memory, and so does a null one.
    private static ReadOnlyMemory<byte>? OwnBytes(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } some ? some.ToArray() : default(ReadOnlyMemory<byte>?);
}

/// <summary>A record that was read, with key and value of its own.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The record's offset in its partition.</param>
/// <param name="Timestamp">The record's time.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <param name="Headers">The headers, in order.</param>
public readonly record struct Record<TKey, TValue>(
    string Topic,
    int Partition,
    long Offset,
    DateTimeOffset Timestamp,
    TKey Key,
    TValue Value,
    IReadOnlyList<RecordHeader> Headers);
