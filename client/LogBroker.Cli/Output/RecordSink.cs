using System.Buffers;
using System.Text;
using System.Text.Json;

namespace LogBroker.Cli;

/// <summary>
/// Writes records to stdout one by one. The caller flushes when it is about to wait, so that a follower sees each record at once and a
/// bulk reader pays for few writes. Not thread-safe.
/// </summary>
internal abstract class RecordSink(Stream stdout)
{
    private const int FlushBytes = 64 * 1024;

    /// <summary>Bytes not yet written.</summary>
    protected ArrayBufferWriter<byte> Pending { get; } = new(2 * FlushBytes);

    /// <summary>Records taken so far.</summary>
    public long Count { get; private set; }

    /// <summary>Takes a record; its bytes are copied before this returns.</summary>
    public void Write(in ShownRecord record)
    {
        Count++;
        Append(record);
        if (Pending.WrittenCount >= FlushBytes)
        {
            Drain();
        }
    }

    /// <summary>Hands everything taken to the operating system.</summary>
    public void Flush()
    {
        Drain();
        stdout.Flush();
    }

    /// <summary>Ends the document.</summary>
    public void Complete()
    {
        AppendEnd();
        Flush();
    }

    /// <summary>Adds a record's bytes to <see cref="Pending"/>.</summary>
    protected abstract void Append(in ShownRecord record);

    /// <summary>Adds what stands behind the last record.</summary>
    protected virtual void AppendEnd()
    {
    }

    private void Drain()
    {
        if (Pending.WrittenCount > 0)
        {
            stdout.Write(Pending.WrittenSpan);
            Pending.ResetWrittenCount();
        }
    }
}

/// <summary>One record after another by a <see cref="RecordFormat"/>.</summary>
internal sealed class FormattedRecordSink(Stream stdout, RecordFormat format) : RecordSink(stdout)
{
    /// <inheritdoc/>
    protected override void Append(in ShownRecord record) => format.Write(Pending, record, Count);
}

/// <summary>The mirror of <c>produce -D -K</c>: value, or key, delimiter and value; then the record delimiter.</summary>
internal sealed class DelimitedRecordSink(Stream stdout, byte[] recordDelimiter, byte[]? keyDelimiter) : RecordSink(stdout)
{
    /// <inheritdoc/>
    protected override void Append(in ShownRecord record)
    {
        if (keyDelimiter is not null)
        {
            Pending.Write(record.Key is { } key ? key.Span : []);
            Pending.Write(keyDelimiter);
        }

        Pending.Write(record.Value is { } value ? value.Span : []);
        Pending.Write(recordDelimiter);
    }
}

/// <summary>One JSON object per line, or one document <c>{"records":[…]}</c>.</summary>
internal sealed class JsonRecordSink : RecordSink
{
    private readonly Utf8JsonWriter _json;
    private readonly bool _isDocument;

    public JsonRecordSink(Stream stdout, bool isDocument)
        : base(stdout)
    {
        _json = new Utf8JsonWriter(Pending, RecordJson.Options);
        _isDocument = isDocument;
        if (isDocument)
        {
            Pending.Write("{\"records\":["u8);
        }
    }

    /// <inheritdoc/>
    protected override void Append(in ShownRecord record)
    {
        if (_isDocument)
        {
            Pending.Write(Count == 1 ? "\n"u8 : ",\n"u8);
        }

        RecordJson.Write(_json, record);
        _json.Flush();
        _json.Reset(Pending);
        if (!_isDocument)
        {
            Pending.Write("\n"u8);
        }
    }

    /// <inheritdoc/>
    protected override void AppendEnd()
    {
        if (_isDocument)
        {
            Pending.Write("\n]}\n"u8);
        }
    }
}

/// <summary>
/// Columns for a person who watches: widths are fixed, because the next record is not known; the value comes last and is cut.
/// </summary>
internal sealed class TableRecordSink(CliHost host, bool showsTopic) : RecordSink(host.Stdout)
{
    private const int KeyColumns = 20;
    private bool _hasHeader;

    /// <inheritdoc/>
    protected override void Append(in ShownRecord record)
    {
        if (!_hasHeader)
        {
            _hasHeader = true;
            string header = Line(showsTopic ? "TOPIC" : null, "PART", "OFFSET", "TIME", "KEY", "VALUE");
            Put(host.UsesColor ? "\e[2m" + header + "\e[0m" : header);
        }

        string time = TimestampText.Of(record.TimestampMs);
        string value = Shown(record.Value) + Headers(record);
        string line = Line(
            showsTopic ? record.Topic : null,
            OutputText.Plain(record.Partition),
            OutputText.Plain(record.Offset),
            time,
            Cut(Shown(record.Key), KeyColumns),
            value);
        Put(host.StdoutIsTerminal ? Cut(line, Math.Max(40, host.TerminalColumns)) : line);
    }

    private static string Line(string? topic, string partition, string offset, string time, string key, string value) =>
        $"{(topic is null ? "" : $"{topic,-16}  ")}{partition,4}  {offset,9}  {time,-24}  {key,-KeyColumns}  {value}";

    private static string Cut(string text, int columns) => text.Length <= columns ? text : text[..(columns - 1)] + "…";

    private static string Shown(ReadOnlyMemory<byte>? bytes) => bytes switch
    {
        null => "(null)",
        { Length: 0 } => "",
        { } some when RecordJson.IsText(some.Span) => OutputText.Visible(Encoding.UTF8.GetString(some.Span)),
        { } some => "0x" + Convert.ToHexStringLower(some.Span[..Math.Min(64, some.Length)]),
    };

    private static string Headers(in ShownRecord record) =>
        record.Headers.Count == 0
            ? ""
            : "  [" + string.Join(", ", record.Headers.Select(h => OutputText.Visible(h.Key) + "=" + Shown(h.Value))) + "]";

    private void Put(string line) => Encoding.UTF8.GetBytes(line.TrimEnd() + "\n", Pending);
}

/// <summary>Topic, partition, offset, time in milliseconds, key and value between tabs, escaped so that a record is one line.</summary>
internal sealed class TsvRecordSink(Stream stdout) : RecordSink(stdout)
{
    /// <inheritdoc/>
    protected override void Append(in ShownRecord record)
    {
        string line =
            $"{record.Topic}\t{record.Partition}\t{record.Offset}\t{record.TimestampMs}\t{Text(record.Key)}\t{Text(record.Value)}\n";
        Encoding.UTF8.GetBytes(line, Pending);
    }

    private static string Text(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } some ? OutputText.Tsv(Encoding.UTF8.GetString(some.Span)) : "";
}
