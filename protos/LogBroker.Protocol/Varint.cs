using System.Numerics;
using System.Runtime.CompilerServices;

namespace LogBroker.Protocol;

/// <summary>
/// Zig-zag LEB128 as in records of batch v2: small numbers of either sign take few bytes; at most 5 for 32 bits and 10 for 64.
/// Longer than necessary encodings within these bounds are read; bits beyond the width are refused.
/// </summary>
internal static class Varint
{
    /// <summary>Longest encoding of 32 bits.</summary>
    public const int Int32BytesMax = 5;

    /// <summary>Longest encoding of 64 bits.</summary>
    public const int Int64BytesMax = 10;

    /// <summary>Reads a number and moves behind it; false, and not moved, when it is cut off or too long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> bytes, ref int at, out int value)
    {
        if (TryReadShort(bytes, ref at, out uint few))
        {
            value = (int)(few >> 1) ^ -(int)(few & 1);
            return true;
        }

        bool isRead = TryReadMany(bytes, ref at, lastByteMax: 0x0F, Int32BytesMax, out ulong raw);
        value = (int)((uint)raw >> 1) ^ -(int)(raw & 1);
        return isRead;
    }

    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, ref int, out int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> bytes, ref int at, out long value)
    {
        if (TryReadShort(bytes, ref at, out uint few))
        {
            value = (int)(few >> 1) ^ -(int)(few & 1);
            return true;
        }

        bool isRead = TryReadMany(bytes, ref at, lastByteMax: 0x01, Int64BytesMax, out ulong raw);
        value = (long)(raw >> 1) ^ -(long)(raw & 1);
        return isRead;
    }

    /// <summary>Writes a number and returns its length.</summary>
    public static int Write(Span<byte> destination, long value)
    {
        ulong raw = (ulong)((value << 1) ^ (value >> 63));
        int at = 0;
        while (raw >= 0x80)
        {
            destination[at++] = (byte)(raw | 0x80);
            raw >>= 7;
        }

        destination[at++] = (byte)raw;
        return at;
    }

    /// <summary>The length that <see cref="Write"/> will have.</summary>
    public static int SizeOf(long value)
    {
        ulong raw = (ulong)((value << 1) ^ (value >> 63));
        return ((BitOperations.Log2(raw | 1) * 9) + 73) >> 6;
    }

    /// <summary>One or two bytes, which are nearly all there are: numbers from -8192 to 8191.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadShort(ReadOnlySpan<byte> bytes, ref int at, out uint raw)
    {
        raw = 0;
        if ((uint)at >= (uint)bytes.Length)
        {
            return false;
        }

        uint first = bytes[at];
        if (first < 0x80)
        {
            raw = first;
            at++;
            return true;
        }

        if (at + 1 >= bytes.Length || bytes[at + 1] >= 0x80)
        {
            return false;
        }

        raw = (first & 0x7F) | ((uint)bytes[at + 1] << 7);
        at += 2;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryReadMany(ReadOnlySpan<byte> bytes, ref int at, byte lastByteMax, int bytesMax, out ulong raw)
    {
        raw = 0;
        int left = Math.Min(bytesMax, bytes.Length - at);
        for (int i = 0; i < left; i++)
        {
            byte b = bytes[at + i];
            if (i == bytesMax - 1 && b > lastByteMax)
            {
                return false;
            }

            raw |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                at += i + 1;
                return true;
            }
        }

        return false;
    }
}
