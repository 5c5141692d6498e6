using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LogBroker.Client;

internal sealed class BytesSerde : ISerde<byte[]?>
{
    public bool Serialize(byte[]? value, IBufferWriter<byte> output)
    {
        output.Write(value);
        return value is not null;
    }

    public byte[]? Deserialize(ReadOnlySpan<byte> bytes, bool isNull) => isNull ? null : bytes.ToArray();
}

internal sealed class MemorySerde : ISerde<ReadOnlyMemory<byte>>
{
    public bool Serialize(ReadOnlyMemory<byte> value, IBufferWriter<byte> output)
    {
        output.Write(value.Span);
        return true;
    }

    public ReadOnlyMemory<byte> Deserialize(ReadOnlySpan<byte> bytes, bool isNull) => bytes.ToArray();
}

internal sealed class StringSerde : ISerde<string?>
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public bool Serialize(string? value, IBufferWriter<byte> output)
    {
        if (value is null)
        {
            return false;
        }

        Strict.GetBytes(value, output);
        return true;
    }

    public string? Deserialize(ReadOnlySpan<byte> bytes, bool isNull) => isNull ? null : Strict.GetString(bytes);
}

internal sealed class Int32Serde : ISerde<int>
{
    public bool Serialize(int value, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), value);
        output.Advance(sizeof(int));
        return true;
    }

    public int Deserialize(ReadOnlySpan<byte> bytes, bool isNull) => bytes.Length == sizeof(int)
        ? BinaryPrimitives.ReadInt32BigEndian(bytes)
        : throw new FormatException($"an int32 has {sizeof(int)} bytes, not {bytes.Length}");
}

internal sealed class Int64Serde : ISerde<long>
{
    public bool Serialize(long value, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteInt64BigEndian(output.GetSpan(sizeof(long)), value);
        output.Advance(sizeof(long));
        return true;
    }

    public long Deserialize(ReadOnlySpan<byte> bytes, bool isNull) => bytes.Length == sizeof(long)
        ? BinaryPrimitives.ReadInt64BigEndian(bytes)
        : throw new FormatException($"an int64 has {sizeof(long)} bytes, not {bytes.Length}");
}

internal sealed class NullSerde : ISerde<Nothing>
{
    public bool Serialize(Nothing value, IBufferWriter<byte> output) => false;

    public Nothing Deserialize(ReadOnlySpan<byte> bytes, bool isNull) => default;
}

internal sealed class JsonSerde<T>(JsonTypeInfo<T> typeInfo) : ISerde<T?>
{
    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    public bool Serialize(T? value, IBufferWriter<byte> output)
    {
        if (value is null)
        {
            return false;
        }

        Utf8JsonWriter writer = _writer ??= new Utf8JsonWriter(output);
        writer.Reset(output);
        try
        {
            JsonSerializer.Serialize(writer, value, typeInfo);
            writer.Flush();
        }
        finally
        {
            writer.Reset(Stream.Null);
        }

        return true;
    }

    public T? Deserialize(ReadOnlySpan<byte> bytes, bool isNull) => isNull ? default : JsonSerializer.Deserialize(bytes, typeInfo);
}
