using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>A record on its way to stdout, from a broker or from a segment file. Its bytes are the owner's.</summary>
internal readonly record struct ShownRecord(string Topic, int Partition, long Offset, long TimestampMs)
{
    private static readonly IReadOnlyCollection<RecordHeader> NoHeaders = [];

    private readonly IReadOnlyCollection<RecordHeader>? _headers;

    /// <summary>The key, or null.</summary>
    public ReadOnlyMemory<byte>? Key { get; init; }

    /// <summary>The value, or null for a tombstone.</summary>
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>The headers, in order.</summary>
    public IReadOnlyCollection<RecordHeader> Headers
    {
        get => _headers ?? NoHeaders;
        init => _headers = value;
    }

    /// <summary>The record that a reader handed over.</summary>
    public static ShownRecord Of(in ConsumedRecord record) =>
        new(record.Topic, record.Partition, record.Offset, record.TimestampMs)
        {
            Key = record.Key,
            Value = record.Value,
            Headers = record.Headers.Count == 0 ? NoHeaders : record.Headers,
        };

    /// <summary>A record of a segment file.</summary>
    public static ShownRecord Of(string topic, int partition, in LogRecord record) =>
        new(topic, partition, record.Offset.Value, record.TimestampMs)
        {
            Key = record.Key,
            Value = record.Value,
            Headers = record.Headers,
        };
}
