using System.Buffers.Binary;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>A committed offset as the coordinator knows it.</summary>
/// <param name="Offset">The next offset to read.</param>
/// <param name="LeaderEpoch">Of the record in front of it, or -1.</param>
/// <param name="Metadata">The committer's text.</param>
/// <param name="CommittedAtMs">Milliseconds since 1970-01-01.</param>
/// <param name="Topic">The topic that had the name at that time.</param>
internal sealed record CommittedEntry(long Offset, int LeaderEpoch, string Metadata, long CommittedAtMs, TopicId Topic);

/// <summary>
/// Records of committed offsets in Kafka's layout: key version 1 (group, topic, partition), value version 4, whose tagged field is the
/// topic's id: the offset of a topic that was deleted says nothing of another one with its name. Pure.
/// </summary>
internal static class OffsetRecord
{
    /// <summary>Version of the keys of offsets; 0 means the same.</summary>
    public const short KeyVersion = 1;

    private const short ValueVersion = 4;
    private const int IdBytes = 16;

    /// <summary>The key of a partition's offset in a group.</summary>
    public static byte[] Key(string group, TopicPartition partition)
    {
        int groupBytes = Encoding.UTF8.GetByteCount(group);
        int topicBytes = Encoding.UTF8.GetByteCount(partition.Topic);
        var key = new byte[2 + 2 + groupBytes + 2 + topicBytes + 4];
        BinaryPrimitives.WriteInt16BigEndian(key, KeyVersion);
        int at = WriteText(key, 2, group, groupBytes);
        at = WriteText(key, at, partition.Topic, topicBytes);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(at), partition.Partition);
        return key;
    }

    /// <summary>The version of a key, and its group, with which every key of a group begins; null when it is none.</summary>
    public static (short Version, string Group)? HeadOf(ReadOnlySpan<byte> key)
    {
        if (key.Length < 4)
        {
            return null;
        }

        int length = BinaryPrimitives.ReadInt16BigEndian(key[2..]);
        return length >= 0 && key.Length >= 4 + length
            ? (BinaryPrimitives.ReadInt16BigEndian(key), Encoding.UTF8.GetString(key.Slice(4, length)))
            : null;
    }

    /// <summary>The partition that the key of an offset names; null when the bytes are no such key.</summary>
    public static TopicPartition? PartitionOf(ReadOnlySpan<byte> key)
    {
        if (HeadOf(key) is not { Version: 0 or KeyVersion })
        {
            return null;
        }

        ReadOnlySpan<byte> rest = key[(4 + BinaryPrimitives.ReadInt16BigEndian(key[2..]))..];
        int length = rest.Length < 2 ? -1 : BinaryPrimitives.ReadInt16BigEndian(rest);
        return length >= 0 && rest.Length == 2 + length + 4
            ? new TopicPartition(
                Encoding.UTF8.GetString(rest.Slice(2, length)), BinaryPrimitives.ReadInt32BigEndian(rest[(2 + length)..]))
            : null;
    }

    /// <summary>The value of an offset.</summary>
    public static byte[] Value(CommittedEntry entry)
    {
        int textBytes = Encoding.UTF8.GetByteCount(entry.Metadata);
        Span<byte> length = stackalloc byte[5];
        int lengthBytes = WriteUnsigned(length, (uint)textBytes + 1);
        var value = new byte[2 + 8 + 4 + lengthBytes + textBytes + 8 + 3 + IdBytes];
        BinaryPrimitives.WriteInt16BigEndian(value, ValueVersion);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(2), entry.Offset);
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(10), entry.LeaderEpoch);
        length[..lengthBytes].CopyTo(value.AsSpan(14));
        int at = 14 + lengthBytes;
        at += Encoding.UTF8.GetBytes(entry.Metadata, value.AsSpan(at));
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(at), entry.CommittedAtMs);
        at += 8;
        value[at] = 1; // one tagged field
        value[at + 1] = 0; // the topic's id
        value[at + 2] = IdBytes;
        entry.Topic.Value.TryWriteBytes(value.AsSpan(at + 3), bigEndian: true, out _);
        return value;
    }

    /// <summary>What a value says; null when it cannot be read.</summary>
    public static CommittedEntry? Read(ReadOnlySpan<byte> value)
    {
        if (value.Length < 15 || BinaryPrimitives.ReadInt16BigEndian(value) != ValueVersion)
        {
            return null;
        }

        ReadOnlySpan<byte> rest = value[14..];
        int lengthBytes = ReadUnsigned(rest, out uint lengthPlusOne);
        long textBytes = (long)lengthPlusOne - 1;
        if (lengthBytes == 0 || textBytes < 0 || rest.Length != lengthBytes + textBytes + 8 + 3 + IdBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> text = rest.Slice(lengthBytes, (int)textBytes);
        rest = rest[(lengthBytes + (int)textBytes)..];
        return new CommittedEntry(
            BinaryPrimitives.ReadInt64BigEndian(value[2..]),
            BinaryPrimitives.ReadInt32BigEndian(value[10..]),
            Encoding.UTF8.GetString(text),
            BinaryPrimitives.ReadInt64BigEndian(rest),
            new TopicId(new Guid(rest[11..], bigEndian: true)));
    }

    private static int WriteText(Span<byte> into, int at, string text, int bytes)
    {
        BinaryPrimitives.WriteInt16BigEndian(into[at..], (short)bytes);
        Encoding.UTF8.GetBytes(text, into[(at + 2)..]);
        return at + 2 + bytes;
    }

    private static int WriteUnsigned(Span<byte> into, uint value)
    {
        int at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            into[at++] = (byte)(value | 0x80);
        }

        into[at++] = (byte)value;
        return at;
    }

    private static int ReadUnsigned(ReadOnlySpan<byte> bytes, out uint value)
    {
        value = 0;
        for (int i = 0; i < bytes.Length && i < 5; i++)
        {
            value |= (uint)(bytes[i] & 0x7f) << (7 * i);
            if (bytes[i] < 0x80)
            {
                return i + 1;
            }
        }

        return 0;
    }
}
