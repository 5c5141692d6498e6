using System.Numerics;
using System.Runtime.InteropServices;

namespace LogBroker.Bench.Load;

/// <summary>
/// An order-independent checksum over the values of a topic: the wrapping sum of a 64-bit hash of each, so that a value that is
/// missing, doubled or changed shows. Not cryptographic. The hash is made of the value's head of 16 bytes, which is different in each
/// record, and the hash of the rest, which a generator knows beforehand.
/// </summary>
public static class ValueChecksum
{
    /// <summary>Bytes of the head: the intended time and the sequence number.</summary>
    public const int HeadBytes = 16;

    private const ulong Prime1 = 0x9E37_79B1_85EB_CA87;
    private const ulong Prime2 = 0xC2B2_AE3D_27D4_EB4F;

    /// <summary>The hash of a whole value of at least <see cref="HeadBytes"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is shorter.</exception>
    public static ulong Of(ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value.Length, HeadBytes);
        ReadOnlySpan<ulong> head = MemoryMarshal.Cast<byte, ulong>(value[..HeadBytes]);
        return OfParts(head[0], head[1], OfBody(value[HeadBytes..]));
    }

    /// <summary>The hash of a value from its two head words (as they lie in memory) and the hash of its body.</summary>
    public static ulong OfParts(ulong first, ulong second, ulong bodyHash) => Avalanche(Mix(Mix(bodyHash, first), second));

    /// <summary>The hash of what stands behind the head.</summary>
    public static ulong OfBody(ReadOnlySpan<byte> body)
    {
        ulong hash = Prime1 ^ (ulong)body.Length;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(body);
        foreach (ulong word in words)
        {
            hash = Mix(hash, word);
        }

        foreach (byte last in body[(words.Length * sizeof(ulong))..])
        {
            hash = Mix(hash, last);
        }

        return hash;
    }

    private static ulong Mix(ulong hash, ulong word) => BitOperations.RotateLeft((hash ^ word) * Prime1, 29) + Prime2;

    private static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * Prime2;
        return hash ^ (hash >> 29);
    }
}
