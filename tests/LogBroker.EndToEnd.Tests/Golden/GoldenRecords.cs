using System.Text;
using Google.Protobuf;
using LogBroker.Protocol;

namespace LogBroker.EndToEnd.Tests;

/// <summary>The records of the committed data directory: every one follows from its topic and offset. Never change them.</summary>
internal static class GoldenRecords
{
    private const long TimestampMs = 1_700_000_000_000;
    private const int FillChars = 900;

    /// <summary>A batch of the records from an offset on.</summary>
    public static ByteString Batch(
        string topic,
        int first,
        int count,
        CompressionCodec codec = CompressionCodec.None,
        ProducerId producer = default,
        int sequence = -1)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax, codec);
        for (int offset = first; offset < first + count; offset++)
        {
            OptionalBytes key = Key(offset) is { } k ? Encoding.UTF8.GetBytes(k) : OptionalBytes.Null;
            OptionalBytes value = Value(topic, offset) is { } v ? Encoding.UTF8.GetBytes(v) : OptionalBytes.Null;
            Assert.True(builder.TryAppend(TimestampMs + offset, key, value, Headers(offset)));
        }

        var bytes = sequence < 0 ? builder.Finish() : builder.Finish(producer, 0, sequence);
        return ByteString.CopyFrom(bytes.Span);
    }

    /// <summary>What a reader must see, as text.</summary>
    public static IEnumerable<string> Expected(string topic, int from, int to) => Enumerable.Range(from, to - from).Select(
        offset => Show(offset, Key(offset), Value(topic, offset),
            Headers(offset).Select(h => (h.Key, h.Value is { } v ? Encoding.UTF8.GetString(v.Span) : null))));

    /// <summary>What a reader sees, as text.</summary>
    public static List<string> Read(ReadOnlyMemory<byte> batches)
    {
        var records = new List<string>();
        while (batches.Length > 0)
        {
            Assert.Null(RecordReader.TryOpen(batches, Limits.BatchBytesMax, out var reader));
            while (reader.MoveNext())
            {
                var record = reader.Current;
                var headers = new List<(string, string?)>();
                foreach (var header in record.Headers)
                    headers.Add((header.Key, Text(header.Value)));
                records.Add(Show(record.Offset.Value, Text(record.Key), Text(record.Value), headers));
            }

            Assert.Null(reader.Error);
            batches = batches[reader.TotalBytes..];
        }

        return records;
    }

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : null;

    private static string Show(long offset, string? key, string? value, IEnumerable<(string Key, string? Value)> headers) =>
        $"{offset}: key={key ?? "null"} value={value ?? "null"} headers="
        + string.Join(',', headers.Select(h => $"{h.Key}={h.Value ?? "null"}"));

    private static string? Key(int offset) => offset % 5 == 0 ? null : offset % 5 == 1 ? "" : $"key-{offset % 7}";

    private static string? Value(string topic, int offset) =>
        offset % 9 == 4 ? null : offset % 9 == 5 ? "" : $"{topic} {offset} ".PadRight(topic == "long" ? FillChars : 0, '.');

    private static RecordHeader[] Headers(int offset) => offset % 4 != 0 ? [] :
    [
        new RecordHeader("number", Encoding.UTF8.GetBytes($"{offset}")),
        new RecordHeader("nothing", null),
        new RecordHeader("", Array.Empty<byte>()),
    ];
}
