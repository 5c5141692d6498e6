namespace LogBroker.Protocol;

/// <summary>
/// One record of a batch: positions in the batch's bytes, nothing copied. Lives as long as those bytes; thread-safe.
/// </summary>
public readonly struct LogRecord
{
    private readonly ReadOnlyMemory<byte> _records;
    private readonly RecordLayout _layout;

    internal LogRecord(ReadOnlyMemory<byte> records, in RecordLayout layout, Offset offset, long timestampMs)
    {
        _records = records;
        _layout = layout;
        Offset = offset;
        TimestampMs = timestampMs;
    }

    /// <summary>Its number in the partition.</summary>
    public Offset Offset { get; }

    /// <summary>Milliseconds since 1970-01-01, by the clock that the batch's <see cref="TimestampType"/> names.</summary>
    public long TimestampMs { get; }

    /// <summary>The key, or null; an empty key is not null.</summary>
    public ReadOnlyMemory<byte>? Key => _layout.Key.In(_records);

    /// <summary>The value, or null for a tombstone; an empty value is not null.</summary>
    public ReadOnlyMemory<byte>? Value => _layout.Value.In(_records);

    /// <summary>True when the value is null: the key is deleted.</summary>
    public bool IsTombstone => _layout.Value.IsNull;

    /// <summary>The headers, read when asked for.</summary>
    public RecordHeaders Headers => new(_records, _layout.HeadersAt, _layout.HeadersCount);
}
