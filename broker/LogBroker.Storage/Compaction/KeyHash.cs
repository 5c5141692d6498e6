using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace LogBroker.Storage;

/// <summary>
/// SipHash-2-4 with 128 bits under a key drawn per process: two keys of records that are taken for one would lose a record, so nobody may
/// be able to choose such keys. Immutable, thread-safe.
/// </summary>
internal sealed class KeyHash
{
    private readonly ulong _k0;
    private readonly ulong _k1;

    /// <summary>A hash under a random key.</summary>
    public KeyHash()
        : this(RandomNumberGenerator.GetBytes(16))
    {
    }

    /// <summary>A hash under a key of 16 bytes.</summary>
    public KeyHash(ReadOnlySpan<byte> key)
    {
        _k0 = BinaryPrimitives.ReadUInt64LittleEndian(key);
        _k1 = BinaryPrimitives.ReadUInt64LittleEndian(key[8..]);
    }

    public (ulong Low, ulong High) Of(ReadOnlySpan<byte> bytes)
    {
        var state = new State
        {
            V0 = _k0 ^ 0x736f6d6570736575,
            V1 = _k1 ^ 0x646f72616e646f6d ^ 0xee,
            V2 = _k0 ^ 0x6c7967656e657261,
            V3 = _k1 ^ 0x7465646279746573,
        };
        ulong last = (ulong)bytes.Length << 56;
        while (bytes.Length >= 8)
        {
            state.Take(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            last |= (ulong)bytes[i] << (8 * i);
        }

        state.Take(last);
        state.V2 ^= 0xee;
        ulong low = state.Finish();
        state.V1 ^= 0xdd;
        return (low, state.Finish());
    }

    private struct State
    {
        public ulong V0;
        public ulong V1;
        public ulong V2;
        public ulong V3;

        public void Take(ulong word)
        {
            V3 ^= word;
            Round();
            Round();
            V0 ^= word;
        }

        public ulong Finish()
        {
            Round();
            Round();
            Round();
            Round();
            return V0 ^ V1 ^ V2 ^ V3;
        }

        private void Round()
        {
            V0 += V1;
            V1 = BitOperations.RotateLeft(V1, 13) ^ V0;
            V0 = BitOperations.RotateLeft(V0, 32);
            V2 += V3;
            V3 = BitOperations.RotateLeft(V3, 16) ^ V2;
            V0 += V3;
            V3 = BitOperations.RotateLeft(V3, 21) ^ V0;
            V2 += V1;
            V1 = BitOperations.RotateLeft(V1, 17) ^ V2;
            V2 = BitOperations.RotateLeft(V2, 32);
        }
    }
}
