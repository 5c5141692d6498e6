using System.Text.Json.Serialization.Metadata;

namespace LogBroker.Client;

/// <summary>The formats that come with the client. All are thread-safe.</summary>
public static class Serde
{
    /// <summary>Bytes as they are; null stays null. Reading copies.</summary>
    public static ISerde<byte[]?> Bytes { get; } = new BytesSerde();

    /// <summary>Bytes as they are, without a null: reading gives empty for null. Reading copies.</summary>
    public static ISerde<ReadOnlyMemory<byte>> Memory { get; } = new MemorySerde();

    /// <summary>UTF-8; null stays null. Bytes that are no UTF-8 are refused.</summary>
    public static ISerde<string?> String { get; } = new StringSerde();

    /// <summary>Four bytes, big-endian.</summary>
    public static ISerde<int> Int32 { get; } = new Int32Serde();

    /// <summary>Eight bytes, big-endian.</summary>
    public static ISerde<long> Int64 { get; } = new Int64Serde();

    /// <summary>Always null: for records without keys. Reading ignores what is there.</summary>
    public static ISerde<Nothing> Null { get; } = new NullSerde();

    /// <summary>
    /// JSON by a type description that the source generator made, so it is trim- and AOT-clean; a null reference is null.
    /// </summary>
    public static ISerde<T?> Json<T>(JsonTypeInfo<T> typeInfo) => new JsonSerde<T>(typeInfo);

    /// <summary>The format that is meant when none is given: byte[], ReadOnlyMemory, string, int, long or <see cref="Nothing"/>.</summary>
    /// <exception cref="NotSupportedException">There is no such default for the type.</exception>
    internal static ISerde<T> Default<T>()
    {
        object? serde = typeof(T) == typeof(byte[]) ? Bytes
            : typeof(T) == typeof(ReadOnlyMemory<byte>) ? Memory
            : typeof(T) == typeof(string) ? String
            : typeof(T) == typeof(int) ? Int32
            : typeof(T) == typeof(long) ? Int64
            : typeof(T) == typeof(Nothing) ? Null
            : null;
        return serde as ISerde<T> ?? throw new NotSupportedException(
            $"there is no default serializer for {typeof(T)}; pass one, for example Serde.Json(MyJsonContext.Default.{typeof(T).Name})");
    }
}

/// <summary>The type of a key or value that is not there; it has one value.</summary>
public readonly record struct Nothing;
