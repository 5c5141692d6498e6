using System.Buffers;

namespace LogBroker.Client;

/// <summary>Turns values into bytes. Must be thread-safe.</summary>
public interface ISerializer<in T>
{
    /// <summary>Writes the bytes of a value. False means null: no key, or a tombstone; nothing may have been written then.</summary>
    bool Serialize(T value, IBufferWriter<byte> output);
}

/// <summary>Turns bytes into values. Must be thread-safe.</summary>
public interface IDeserializer<out T>
{
    /// <summary>
    /// Reads a value. <paramref name="isNull"/> tells null (no key, a tombstone) from empty. The bytes are only valid during the call.
    /// Throws what it likes for bytes that it does not understand; the reader adds topic, partition and offset.
    /// </summary>
    T Deserialize(ReadOnlySpan<byte> bytes, bool isNull);
}

/// <summary>Both directions of one format.</summary>
public interface ISerde<T> : ISerializer<T>, IDeserializer<T>;
