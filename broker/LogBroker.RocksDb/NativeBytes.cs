using System.Runtime.InteropServices;

namespace LogBroker.RocksDb;

/// <summary>Spans on their way to and from native code.</summary>
internal static unsafe class NativeBytes
{
    private static ReadOnlySpan<byte> OneByte => [0];

    /// <summary>A reference to pin; never null, because the library makes strings of pointers without looking at lengths first.</summary>
    internal static ref byte Reference(ReadOnlySpan<byte> bytes) =>
        ref MemoryMarshal.GetReference(bytes.IsEmpty ? OneByte : bytes);

    /// <summary>A view of native bytes.</summary>
    /// <exception cref="RocksDbException">They are more than a span can hold.</exception>
    internal static ReadOnlySpan<byte> View(byte* start, nuint bytes) =>
        bytes <= int.MaxValue
            ? new ReadOnlySpan<byte>(start, (int)bytes)
            : throw new RocksDbException($"Not implemented: a value of {bytes} bytes, more than a span can hold");
}
