using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// A compiled <c>consume -f</c> format. <c>%t</c> topic, <c>%p</c> partition, <c>%o</c> offset, <c>%k</c> key, <c>%v</c> value, <c>%s</c>
/// size of the value in bytes, <c>%h</c> headers as k=v, <c>%d</c> date and time in UTC, <c>%T</c> the same in milliseconds,
/// <c>%n</c> number of the record in this run, <c>%%</c> a percent sign. Behind <c>%k</c>, <c>%v</c> and <c>%h</c> may stand
/// <c>{json}</c>, <c>{hex}</c> or <c>{base64}</c>. Text may have backslash escapes. A newline is added unless the format ends in an
/// escape; <c>\c</c> at the end adds nothing.
/// </summary>
internal sealed class RecordFormat
{
    private const string Fields = "tpokvshdTn";

    private readonly List<Part> _parts = [];

    private RecordFormat()
    {
    }

    private enum Encoding
    {
        Raw,
        Json,
        Hex,
        Base64,
    }

    /// <summary>Compiles a format.</summary>
    /// <exception cref="CliException">It has an unknown field, encoding or escape.</exception>
    public static RecordFormat Parse(string text)
    {
        var format = new RecordFormat();
        var literal = new List<byte>();
        bool endsInEscape = false;
        for (int i = 0; i < text.Length;)
        {
            if (text[i..] == "\\c")
            {
                endsInEscape = true;
                break;
            }

            endsInEscape = text[i] == '\\';
            if (text[i] == '\\')
            {
                literal.Add(Escapes.One(text, ref i, "--format"));
            }
            else if (text[i] == '%' && !text[i..].StartsWith("%%", StringComparison.Ordinal))
            {
                format.AddLiteral(literal);
                format._parts.Add(Field(text, ref i));
            }
            else
            {
                int length = text[i] == '%' ? 2 : char.IsSurrogatePair(text, i) ? 2 : 1;
                literal.AddRange(System.Text.Encoding.UTF8.GetBytes(text[i] == '%' ? "%" : text.Substring(i, length)));
                i += length;
            }
        }

        if (!endsInEscape)
        {
            literal.Add((byte)'\n');
        }

        format.AddLiteral(literal);
        return format;
    }

    /// <summary>Writes a record; <paramref name="number"/> counts from 1.</summary>
    public void Write(IBufferWriter<byte> output, in ShownRecord record, long number)
    {
        foreach (Part part in _parts)
        {
            switch (part.Field)
            {
                case '\0':
                    output.Write(part.Literal);
                    break;
                case 'k':
                    WriteBytes(output, record.Key, part.Encoding);
                    break;
                case 'v':
                    WriteBytes(output, record.Value, part.Encoding);
                    break;
                case 'h':
                    WriteHeaders(output, record.Headers, part.Encoding);
                    break;
                default:
                    WriteText(output, Text(part.Field, record, number));
                    break;
            }
        }
    }

    private static string Text(char field, in ShownRecord record, long number) => field switch
    {
        't' => record.Topic,
        'p' => record.Partition.ToString(CultureInfo.InvariantCulture),
        'o' => record.Offset.ToString(CultureInfo.InvariantCulture),
        's' => (record.Value?.Length ?? 0).ToString(CultureInfo.InvariantCulture),
        'd' => TimestampText.Of(record.TimestampMs),
        'T' => record.TimestampMs.ToString(CultureInfo.InvariantCulture),
        _ => number.ToString(CultureInfo.InvariantCulture),
    };

    private static Part Field(string text, ref int at)
    {
        char field = at + 1 < text.Length ? text[at + 1] : '\0';
        if (field == '\0' || !Fields.Contains(field))
        {
            throw CliException.Usage(
                $"--format: unknown field '{text.AsSpan(at, Math.Min(2, text.Length - at))}'",
                "known are %t topic, %p partition, %o offset, %k key, %v value, %s size, %h headers, %d date, %T milliseconds, "
                + "%n number, %%");
        }

        at += 2;
        Encoding encoding = Encoding.Raw;
        if ("kvh".Contains(field) && at < text.Length && text[at] == '{')
        {
            int close = text.IndexOf('}', at);
            string name = close < 0 ? text[(at + 1)..] : text[(at + 1)..close];
            encoding = name switch
            {
                "json" => Encoding.Json,
                "hex" => Encoding.Hex,
                "base64" => Encoding.Base64,
                _ => throw CliException.Usage(
                    $"--format: unknown encoding '{{{name}}}'",
                        "known are {json}, {hex} and {base64}; write \\x7b for a brace behind a field"),
            };
            at = close + 1;
        }

        return new Part(field, [], encoding);
    }

    private static void WriteText(IBufferWriter<byte> output, string text) => System.Text.Encoding.UTF8.GetBytes(text, output);

    private static void WriteBytes(IBufferWriter<byte> output, ReadOnlyMemory<byte>? bytes, Encoding encoding)
    {
        switch (encoding)
        {
            case Encoding.Raw:
                output.Write(bytes is { } raw ? raw.Span : []);
                break;
            case Encoding.Hex:
                WriteText(output, bytes is { } hex ? Convert.ToHexStringLower(hex.Span) : "");
                break;
            case Encoding.Base64:
                WriteText(output, bytes is { } base64 ? Convert.ToBase64String(base64.Span) : "");
                break;
            default:
                using (var json = new Utf8JsonWriter(output, RecordJson.Options))
                {
                    RecordJson.WriteValue(json, bytes);
                }

                break;
        }
    }

    private static void WriteHeaders(IBufferWriter<byte> output, IReadOnlyCollection<RecordHeader> headers, Encoding encoding)
    {
        if (encoding == Encoding.Json)
        {
            using var json = new Utf8JsonWriter(output, RecordJson.Options);
            json.WriteStartArray();
            foreach (RecordHeader header in headers)
            {
                json.WriteStartObject();
                json.WriteString("key"u8, header.Key);
                json.WritePropertyName("value"u8);
                RecordJson.WriteValue(json, header.Value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            return;
        }

        bool isFirst = true;
        foreach (RecordHeader header in headers)
        {
            WriteText(output, (isFirst ? "" : ",") + header.Key + "=");
            WriteBytes(output, header.Value, encoding);
            isFirst = false;
        }
    }

    private void AddLiteral(List<byte> literal)
    {
        if (literal.Count > 0)
        {
            _parts.Add(new Part('\0', [.. literal], Encoding.Raw));
            literal.Clear();
        }
    }

    private readonly record struct Part(char Field, byte[] Literal, Encoding Encoding);
}
