using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// A record as one JSON object, which <see cref="JsonlRecordSource"/> reads back to the same record: <c>topic partition offset
/// timestampMs key value headers</c>. Bytes that are UTF-8 are a string, others stand in <c>keyBase64</c> or <c>valueBase64</c>
/// instead; null stays null, which is not the same as empty; headers are a list, because keys may repeat.
/// </summary>
internal static class RecordJson
{
    /// <summary>The options of every writer of records.</summary>
    public static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes the object.</summary>
    public static void Write(Utf8JsonWriter json, in ShownRecord record)
    {
        json.WriteStartObject();
        json.WriteString("topic"u8, record.Topic);
        json.WriteNumber("partition"u8, record.Partition);
        json.WriteNumber("offset"u8, record.Offset);
        json.WriteNumber("timestampMs"u8, record.TimestampMs);
        WriteBytes(json, "key"u8, "keyBase64"u8, record.Key);
        WriteBytes(json, "value"u8, "valueBase64"u8, record.Value);
        if (record.Headers.Count > 0)
        {
            json.WriteStartArray("headers"u8);
            foreach (RecordHeader header in record.Headers)
            {
                json.WriteStartObject();
                json.WriteString("key"u8, header.Key);
                WriteBytes(json, "value"u8, "valueBase64"u8, header.Value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>Writes bytes as a JSON value: a string when they are UTF-8, else base64; null as null.</summary>
    public static void WriteValue(Utf8JsonWriter json, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is not { } value)
        {
            json.WriteNullValue();
        }
        else if (IsText(value.Span))
        {
            json.WriteStringValue(value.Span);
        }
        else
        {
            json.WriteBase64StringValue(value.Span);
        }
    }

    /// <summary>True for well-formed UTF-8.</summary>
    public static bool IsText(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes);

    private static void WriteBytes(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> base64Name, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is { } value && !IsText(value.Span))
        {
            json.WriteBase64String(base64Name, value.Span);
        }
        else if (bytes is { } text)
        {
            json.WriteString(name, text.Span);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
