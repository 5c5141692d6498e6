using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LogBroker.Protocol;

/// <summary>
/// CRC-32C (Castagnoli polynomial, reflected, initial value and final xor all ones): the checksum of record batches.
/// Uses the CRC instructions of x64 and ARM64 where there are any, else a table. Pure and thread-safe.
/// </summary>
/// <remarks>
/// One CRC instruction has a latency of three cycles and a throughput of one per cycle, so a single chain of them leaves two
/// thirds of the unit idle. Large inputs are therefore cut in three lanes that run interleaved; CRCs are linear, so a lane's
/// state is moved past the bytes of the next lane by one table look-up per byte of the state.
/// </remarks>
public static class Crc32C
{
    private const int LongLaneBytes = 4096;
    private const int ShortLaneBytes = 256;

    private static readonly uint[] LongShift = BuildShift(LongLaneBytes);
    private static readonly uint[] ShortShift = BuildShift(ShortLaneBytes);

    /// <summary>The checksum of all of <paramref name="bytes"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of all of <paramref name="bytes"/>, segment by segment, without copying.</summary>
    public static uint Compute(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
        {
            return Append(0, bytes.FirstSpan);
        }

        uint crc = 0;
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            crc = Append(crc, segment.Span);
        }

        return crc;
    }

    /// <summary>
    /// Goes on from the checksum of the bytes in front: <c>Append(Compute(a), b)</c> is the checksum of a followed by b. Begin with 0.
    /// </summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        ref byte at = ref MemoryMarshal.GetReference(bytes);
        int left = bytes.Length;
        uint state = ~crc;
        while (left >= 3 * LongLaneBytes)
        {
            state = Stripe(state, ref at, LongLaneBytes, LongShift);
            at = ref Unsafe.Add(ref at, 3 * LongLaneBytes);
            left -= 3 * LongLaneBytes;
        }

        while (left >= 3 * ShortLaneBytes)
        {
            state = Stripe(state, ref at, ShortLaneBytes, ShortShift);
            at = ref Unsafe.Add(ref at, 3 * ShortLaneBytes);
            left -= 3 * ShortLaneBytes;
        }

        return ~Chain(state, ref at, left);
    }

    // Not tiered: a short-lived client spent a sixth of its time in the slow first versions of these two.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Chain(uint state, ref byte at, int left)
    {
        while (left >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, LoadUInt64(ref at, 0));
            at = ref Unsafe.Add(ref at, sizeof(ulong));
            left -= sizeof(ulong);
        }

        for (int i = 0; i < left; i++)
        {
            state = BitOperations.Crc32C(state, Unsafe.Add(ref at, i));
        }

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Stripe(uint state, ref byte at, int laneBytes, uint[] shift)
    {
        uint first = state;
        uint second = 0;
        uint third = 0;
        for (int i = 0; i < laneBytes; i += sizeof(ulong))
        {
            first = BitOperations.Crc32C(first, LoadUInt64(ref at, i));
            second = BitOperations.Crc32C(second, LoadUInt64(ref at, i + laneBytes));
            third = BitOperations.Crc32C(third, LoadUInt64(ref at, i + (2 * laneBytes)));
        }

        return Shift(shift, Shift(shift, first) ^ second) ^ third;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LoadUInt64(ref byte at, int offset)
    {
        ulong value = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, offset));
        return BitConverter.IsLittleEndian ? value : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
    }

    /// <summary>The state after as many zero bytes as the table was built for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Shift(uint[] table, uint state) =>
        table[state & 0xFF]
        ^ table[256 + ((state >> 8) & 0xFF)]
        ^ table[512 + ((state >> 16) & 0xFF)]
        ^ table[768 + (state >> 24)];

    private static uint[] BuildShift(int zeroBytes)
    {
        var byBit = new uint[32];
        for (int bit = 0; bit < byBit.Length; bit++)
        {
            uint state = 1u << bit;
            for (int i = 0; i < zeroBytes; i += sizeof(ulong))
            {
                state = BitOperations.Crc32C(state, 0ul);
            }

            byBit[bit] = state;
        }

        var table = new uint[4 * 256];
        for (int i = 0; i < table.Length; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                if ((i & (1 << bit)) != 0)
                {
                    table[i] ^= byBit[((i >> 8) * 8) + bit];
                }
            }
        }

        return table;
    }
}
