using System.Buffers.Binary;

namespace LogBroker.Client;

/// <summary>
/// MurmurHash2 by Austin Appleby, 32 bits, with the seed and the little-endian reads of Kafka's clients.
/// </summary>
internal static class Murmur2
{
    private const uint Seed = 0x9747b28c;
    private const uint M = 0x5bd1e995;
    private const int R = 24;

    public static uint Hash(ReadOnlySpan<byte> key)
    {
        uint h = Seed ^ (uint)key.Length;
        while (key.Length >= 4)
        {
            uint k = BinaryPrimitives.ReadUInt32LittleEndian(key) * M;
            k ^= k >> R;
            h = (h * M) ^ (k * M);
            key = key[4..];
        }

        if (key.Length > 2)
        {
            h ^= (uint)key[2] << 16;
        }

        if (key.Length > 1)
        {
            h ^= (uint)key[1] << 8;
        }

        if (key.Length > 0)
        {
            h = (h ^ key[0]) * M;
        }

        h = (h ^ (h >> 13)) * M;
        return h ^ (h >> 15);
    }
}
