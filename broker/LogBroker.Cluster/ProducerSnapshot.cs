using System.Buffers.Binary;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// The producers of a partition as one value of the state store, all numbers big-endian:
/// <code>
///   u8 version = 1 | u32 CRC-32C of all that follows | i64 offset up to which the log is covered | i32 producers, then each:
///   i64 producer id | i16 epoch | i64 ms since its last append | u8 batches, oldest first, then each:
///   i32 base sequence | i32 last sequence | i64 base offset | i64 next offset | i32 leader epoch | i64 append time ms or -1
///   | i32 bytes | u8 has CRC | u32 CRC
/// </code>
/// It holds only batches in front of the covered offset, which must be flushed before it is stored: a snapshot never knows more than
/// the log. It is whole only when the covered offset is the end of the log at that moment: a table keeps no more than the last batches
/// of a producer. One that does not check out is ignored, and the log is read from its start instead. Pure.
/// </summary>
public static class ProducerSnapshot
{
    private const byte Version = 1;
    private const int HeaderBytes = 1 + 4;
    private const int ProducerBytes = 8 + 2 + 8 + 1;
    private const int BatchBytes = 4 + 4 + 8 + 8 + 4 + 8 + 4 + 1 + 4;

    /// <summary>The value for what a table knows of the log in front of <paramref name="upTo"/>.</summary>
    public static byte[] Write(ProducerTable table, Offset upTo, long nowMs)
    {
        using var bytes = new MemoryStream();
        bytes.Write(stackalloc byte[HeaderBytes]);
        Span<byte> part = stackalloc byte[Math.Max(ProducerBytes, BatchBytes)];
        BinaryPrimitives.WriteInt64BigEndian(part, upTo.Value);
        bytes.Write(part[..8]);
        int countAt = (int)bytes.Length;
        bytes.Write(part[..4]);
        int producers = 0;
        foreach (ProducerState state in table.OldestFirst)
        {
            int batches = 0;
            while (batches < state.Count && state[batches].NextOffset <= upTo)
            {
                batches++;
            }

            if (batches == 0)
            {
                continue;
            }

            producers++;
            BinaryPrimitives.WriteInt64BigEndian(part, state.Id.Value);
            BinaryPrimitives.WriteInt16BigEndian(part[8..], state.Epoch);
            BinaryPrimitives.WriteInt64BigEndian(part[10..], Math.Max(0, nowMs - state.LastAppendMs));
            part[18] = (byte)batches;
            bytes.Write(part[..ProducerBytes]);
            for (int i = 0; i < batches; i++)
            {
                WriteSlot(part, state[i]);
                bytes.Write(part[..BatchBytes]);
            }
        }

        byte[] value = bytes.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(countAt), producers);
        value[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(1), Crc32C.Compute(value.AsSpan(HeaderBytes)));
        return value;
    }

    /// <summary>
    /// Puts a snapshot into an empty table. The answer is the offset from which the log has to be read, or null when the value is
    /// damaged, of another version, or knows more than a log that ends at <paramref name="logEnd"/>; the table is unchanged then.
    /// </summary>
    public static Offset? Read(ReadOnlySpan<byte> value, ProducerTable table, Offset logEnd, long nowMs)
    {
        if (!IsIntact(value))
        {
            return null;
        }

        var upTo = new Offset(BinaryPrimitives.ReadInt64BigEndian(value[HeaderBytes..]));
        if (upTo > logEnd)
        {
            return null;
        }

        int producers = BinaryPrimitives.ReadInt32BigEndian(value[(HeaderBytes + 8)..]);
        ReadOnlySpan<byte> rest = value[(HeaderBytes + 12)..];
        for (int i = 0; i < producers; i++)
        {
            var state = new ProducerState(new ProducerId(BinaryPrimitives.ReadInt64BigEndian(rest)));
            short epoch = BinaryPrimitives.ReadInt16BigEndian(rest[8..]);
            state.LastAppendMs = nowMs - BinaryPrimitives.ReadInt64BigEndian(rest[10..]);
            int batches = rest[18];
            rest = rest[ProducerBytes..];
            for (int j = 0; j < batches; j++)
            {
                state.Push(epoch, ReadSlot(rest));
                rest = rest[BatchBytes..];
            }

            table.Restore(state);
        }

        return upTo;
    }

    /// <summary>
    /// A snapshot of at most so many bytes: those producers are left out that appended nothing for longest. Empty for one that does not
    /// check out.
    /// </summary>
    public static byte[] Shorten(byte[] value, int bytesMax)
    {
        if (!IsIntact(value) || value.Length <= bytesMax)
        {
            return IsIntact(value) ? value : [];
        }

        int producersMax = Math.Max(1, (bytesMax - HeaderBytes - 12) / (ProducerBytes + (Limits.ProducerWindowBatches * BatchBytes)));
        var table = new ProducerTable(producersMax, long.MaxValue);
        _ = Read(value, table, new Offset(long.MaxValue), nowMs: 0);
        return Write(table, UpToOf(value), nowMs: 0);
    }

    /// <summary>The offset that a snapshot covers, or none for one that does not check out.</summary>
    public static Offset UpToOf(ReadOnlySpan<byte> value) => IsIntact(value)
        ? new Offset(BinaryPrimitives.ReadInt64BigEndian(value[HeaderBytes..]))
        : Offset.None;

    private static bool IsIntact(ReadOnlySpan<byte> value) => value.Length >= HeaderBytes + 12
        && value[0] == Version
        && Crc32C.Compute(value[HeaderBytes..]) == BinaryPrimitives.ReadUInt32BigEndian(value[1..]);

    private static void WriteSlot(Span<byte> to, in ProducerSlot slot)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, slot.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(to[4..], slot.LastSequence);
        BinaryPrimitives.WriteInt64BigEndian(to[8..], slot.BaseOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(to[16..], slot.NextOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(to[24..], slot.LeaderEpoch.Value);
        BinaryPrimitives.WriteInt64BigEndian(to[28..], slot.AppendTimeMs);
        BinaryPrimitives.WriteInt32BigEndian(to[36..], slot.Bytes);
        to[40] = slot.HasCrc ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(to[41..], slot.Crc);
    }

    private static ProducerSlot ReadSlot(ReadOnlySpan<byte> from) => new()
    {
        BaseSequence = BinaryPrimitives.ReadInt32BigEndian(from),
        LastSequence = BinaryPrimitives.ReadInt32BigEndian(from[4..]),
        BaseOffset = new Offset(BinaryPrimitives.ReadInt64BigEndian(from[8..])),
        NextOffset = new Offset(BinaryPrimitives.ReadInt64BigEndian(from[16..])),
        LeaderEpoch = new Epoch(BinaryPrimitives.ReadInt32BigEndian(from[24..])),
        AppendTimeMs = BinaryPrimitives.ReadInt64BigEndian(from[28..]),
        Bytes = BinaryPrimitives.ReadInt32BigEndian(from[36..]),
        HasCrc = from[40] != 0,
        Crc = BinaryPrimitives.ReadUInt32BigEndian(from[41..]),
    };
}
