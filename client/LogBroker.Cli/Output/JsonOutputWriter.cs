using System.Text.Encodings.Web;
using System.Text.Json;

namespace LogBroker.Cli;

/// <summary>One indented JSON document; a list is an object with one array, named as in the proto.</summary>
internal sealed class JsonOutputWriter(Stream stdout) : OutputWriter
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Utf8JsonWriter _json = new(stdout, Options);

    /// <inheritdoc/>
    public override void Single(OutputRecord record)
    {
        JsonValues.Write(_json, record);
        End();
    }

    /// <inheritdoc/>
    public override void BeginList(string name)
    {
        _json.WriteStartObject();
        _json.WriteStartArray(name);
    }

    /// <inheritdoc/>
    public override void Item(OutputRecord record)
    {
        JsonValues.Write(_json, record);
        if (_json.BytesPending > 32 * 1024)
        {
            _json.Flush();
        }
    }

    /// <inheritdoc/>
    public override void EndList()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        End();
    }

    private void End()
    {
        _json.Flush();
        stdout.WriteByte((byte)'\n');
    }
}

/// <summary>One compact JSON document per line: per item of a list, or one line for a single thing.</summary>
internal sealed class JsonlOutputWriter(Stream stdout) : OutputWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Utf8JsonWriter _json = new(stdout, Options);

    /// <inheritdoc/>
    public override void Single(OutputRecord record) => Item(record);

    /// <inheritdoc/>
    public override void BeginList(string name)
    {
    }

    /// <inheritdoc/>
    public override void Item(OutputRecord record)
    {
        JsonValues.Write(_json, record);
        _json.Flush();
        _json.Reset();
        stdout.WriteByte((byte)'\n');
    }

    /// <inheritdoc/>
    public override void EndList()
    {
    }
}
