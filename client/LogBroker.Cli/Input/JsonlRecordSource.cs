using System.Text.Json;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// One record per line, in the form of <see cref="RecordJson"/>. Only <c>value</c> (or <c>valueBase64</c>) is usual to give; a value that
/// is a JSON object, array, number or boolean is taken as its text. <c>topic</c> and <c>offset</c> are ignored, <c>partition</c>
/// too unless partitions are kept; <c>timestampMs</c> becomes the record's time. Unknown names are refused.
/// </summary>
internal sealed class JsonlRecordSource(ChunkReader chunks, RecordTemplate template, bool keepsPartitions) : IRecordSource
{
    private static readonly string[] Names =
        ["topic", "partition", "offset", "timestampMs", "key", "keyBase64", "value", "valueBase64", "headers"];

    /// <inheritdoc/>
    public long BytesRead => chunks.BytesRead;

    /// <inheritdoc/>
    public async ValueTask<ProducerRecord?> ReadAsync(CancellationToken ct)
    {
        while (await chunks.ReadAsync(ct).ConfigureAwait(false) is { } line)
        {
            if (line.Span.IndexOfAnyExcept(" \t\r"u8) >= 0)
            {
                return Parse(line);
            }
        }

        return null;
    }

    private ProducerRecord Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            return Record(line.Span);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw CliException.Usage(
                $"line {chunks.Count} is no record: {e.Message.Split(" LineNumber")[0]}", "expected the form of consume -o jsonl");
        }
    }

    private ProducerRecord Record(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        Expect(json.TokenType == JsonTokenType.StartObject, "expected {");
        // A bare `null` would become an empty key: arrays convert to memory, and so does a null one.
        ReadOnlyMemory<byte>? key = template.Key is { } fixedKey ? fixedKey : default(ReadOnlyMemory<byte>?);
        ReadOnlyMemory<byte>? value = null;
        int? partition = template.Partition;
        DateTimeOffset? timestamp = null;
        List<RecordHeader>? headers = template.Headers is { } fixedHeaders ? [.. fixedHeaders] : null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string name = json.GetString()!;
            json.Read();
            switch (name)
            {
                case "topic" or "offset":
                    json.Skip();
                    break;
                case "partition":
                    partition ??= keepsPartitions ? json.GetInt32() : null;
                    break;
                case "timestampMs":
                    long timestampMs = json.GetInt64();
                    timestamp = timestampMs == -1 ? null : Time(timestampMs);
                    break;
                case "key" or "keyBase64":
                    key = Bytes(ref json, line, name == "keyBase64");
                    break;
                case "value" or "valueBase64":
                    value = Bytes(ref json, line, name == "valueBase64");
                    break;
                case "headers":
                    (headers ??= []).AddRange(Headers(ref json, line));
                    break;
                default:
                    string? near = Suggestions.Nearest(name, Names);
                    throw new FormatException($"unknown field '{name}'" + (near is null ? "" : $"; did you mean '{near}'?"));
            }
        }

        Expect(!json.Read(), "expected one object per line");
        return new ProducerRecord(key, template.IsTombstone ? null : value)
        {
            Partition = partition,
            Timestamp = timestamp,
            Headers = headers,
        };
    }

    private static List<RecordHeader> Headers(ref Utf8JsonReader json, ReadOnlySpan<byte> line)
    {
        var headers = new List<RecordHeader>();
        if (json.TokenType == JsonTokenType.Null)
        {
            return headers;
        }

        Expect(json.TokenType == JsonTokenType.StartArray, "headers: expected [");
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            string? key = null;
            ReadOnlyMemory<byte>? value = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string name = json.GetString()!;
                json.Read();
                switch (name)
                {
                    case "key":
                        key = json.GetString();
                        break;
                    case "value" or "valueBase64":
                        value = Bytes(ref json, line, name == "valueBase64");
                        break;
                    default:
                        throw new FormatException($"unknown field '{name}' in headers");
                }
            }

            headers.Add(new RecordHeader(key ?? throw new FormatException("a header has no key"), value));
        }

        return headers;
    }

    private static ReadOnlyMemory<byte>? Bytes(ref Utf8JsonReader json, ReadOnlySpan<byte> line, bool isBase64)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.String when isBase64:
                return json.GetBytesFromBase64();
            case JsonTokenType.String:
                byte[] text = new byte[json.ValueSpan.Length];
                return text.AsMemory(0, json.CopyString(text));
            default:
                int start = (int)json.TokenStartIndex;
                json.Skip();
                return line[start..(int)json.BytesConsumed].ToArray();
        }
    }

    private static DateTimeOffset Time(long timestampMs)
    {
        try
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(timestampMs);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new FormatException($"timestampMs {timestampMs} is out of range");
        }
    }

    private static void Expect(bool condition, string message)
    {
        if (!condition)
        {
            throw new FormatException(message);
        }
    }
}
