using System.Buffers.Binary;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Keys and values of the table store. A mark is <c>'m'</c>, topic id (16 bytes), partition (int32 big-endian); an entry is <c>'e'</c>,
/// the same, and the key of the record, so that the entries of a partition lie in the order of their keys. Pure.
/// </summary>
internal static class TableKeys
{
    private const int PartitionBytes = 1 + 16 + 4;
    private const int EntryHeadBytes = 8 + 8;
    private const int MarkBytes = 1 + 4 + 8 + 8 + 8;
    private const byte MarkVersion = 1;

    /// <summary>The prefix of all marks.</summary>
    public static ReadOnlySpan<byte> Marks => "m"u8;

    public static byte[] Mark(PartitionId partition) => Of((byte)'m', partition, []);

    /// <summary>The prefix of all entries of a partition that begin with some bytes.</summary>
    public static byte[] Entry(PartitionId partition, ReadOnlySpan<byte> key) => Of((byte)'e', partition, key);

    /// <summary>The key of the record out of the key of an entry.</summary>
    public static ReadOnlyMemory<byte> RecordKeyOf(byte[] entryKey) => entryKey.AsMemory(PartitionBytes);

    /// <summary>The partition of a mark.</summary>
    public static PartitionId PartitionOf(ReadOnlySpan<byte> markKey) => new(
        new TopicId(new Guid(markKey.Slice(1, 16), bigEndian: true)), BinaryPrimitives.ReadInt32BigEndian(markKey[17..]));

    public static byte[] EntryValue(long offset, long timestampMs, ReadOnlySpan<byte> value)
    {
        var bytes = new byte[EntryHeadBytes + value.Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, offset);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), timestampMs);
        value.CopyTo(bytes.AsSpan(EntryHeadBytes));
        return bytes;
    }

    public static TableRecord RecordOf(ReadOnlyMemory<byte> key, byte[] entryValue) => new(
        key,
        true,
        entryValue.AsMemory(EntryHeadBytes),
        BinaryPrimitives.ReadInt64BigEndian(entryValue),
        BinaryPrimitives.ReadInt64BigEndian(entryValue.AsSpan(8)));

    public static byte[] MarkValue(in TableMark mark)
    {
        var bytes = new byte[MarkBytes];
        bytes[0] = MarkVersion;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), mark.Applied.Epoch.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(5), mark.Applied.Offset.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(13), mark.Entries);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(21), mark.WrittenAtMs);
        return bytes;
    }

    /// <summary>The mark in a value; null for one of another version, whose view is made anew.</summary>
    public static TableMark? MarkOf(byte[]? value)
    {
        if (value is not { Length: MarkBytes } || value[0] != MarkVersion)
        {
            return null;
        }

        var applied = new LogPosition(
            new Epoch(BinaryPrimitives.ReadInt32BigEndian(value.AsSpan(1))),
            new Offset(BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(5))));
        return new TableMark(
            applied, BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(13)), BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(21)));
    }

    private static byte[] Of(byte kind, PartitionId partition, ReadOnlySpan<byte> key)
    {
        var bytes = new byte[PartitionBytes + key.Length];
        bytes[0] = kind;
        partition.Topic.Value.TryWriteBytes(bytes.AsSpan(1), bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(17), partition.Index);
        key.CopyTo(bytes.AsSpan(PartitionBytes));
        return bytes;
    }
}

/// <summary>How far a view is.</summary>
/// <param name="Applied">The position behind the last item that it holds: (epoch, offset) names the same items wherever it occurs.</param>
/// <param name="Entries">Keys in it, those included that nobody has found expired yet.</param>
/// <param name="WrittenAtMs">When it was there, by the broker's clock.</param>
internal readonly record struct TableMark(LogPosition Applied, long Entries, long WrittenAtMs);
