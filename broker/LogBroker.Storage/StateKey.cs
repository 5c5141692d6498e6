using System.Buffers.Binary;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Keys of the state store. A partition's keys are <c>'p'</c>, topic id (16 bytes), partition (int32 big-endian), one letter of
/// <see cref="StateKind"/>, and for some kinds more; so all state of a partition is one range, and of a topic too.
/// </summary>
public static class StateKey
{
    private const int PartitionPrefixBytes = 1 + 16 + 4;

    /// <summary>The prefix of all keys of a topic.</summary>
    public static byte[] OfTopic(TopicId topic)
    {
        var key = new byte[1 + 16];
        key[0] = (byte)'p';
        topic.Value.TryWriteBytes(key.AsSpan(1), bigEndian: true, out _);
        return key;
    }

    /// <summary>The prefix of all keys of a partition.</summary>
    public static byte[] OfPartition(PartitionId partition) => Of(partition, 0, [], PartitionPrefixBytes);

    /// <summary>One key of a partition.</summary>
    public static byte[] Of(PartitionId partition, StateKind kind) => Of(partition, kind, []);

    /// <summary>One key of a partition, with a suffix of its kind.</summary>
    public static byte[] Of(PartitionId partition, StateKind kind, ReadOnlySpan<byte> suffix) =>
        Of(partition, kind, suffix, PartitionPrefixBytes + 1 + suffix.Length);

    /// <summary>A key of the whole node: <c>'n'</c> and a name.</summary>
    public static byte[] OfNode(ReadOnlySpan<byte> name) => [(byte)'n', .. name];

    private static byte[] Of(PartitionId partition, StateKind kind, ReadOnlySpan<byte> suffix, int length)
    {
        var key = new byte[length];
        key[0] = (byte)'p';
        partition.Topic.Value.TryWriteBytes(key.AsSpan(1), bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(17), partition.Index);
        if (length > PartitionPrefixBytes)
        {
            key[PartitionPrefixBytes] = (byte)kind;
            suffix.CopyTo(key.AsSpan(PartitionPrefixBytes + 1));
        }

        return key;
    }
}

/// <summary>What a key of a partition holds; the letters are part of the format on disk.</summary>
public enum StateKind : byte
{
    /// <summary>Recovery checkpoint: position, file and byte of a past flush. Written by the log.</summary>
    Checkpoint = (byte)'c',

    /// <summary>Epoch rows up to the checkpoint. Written by the log, in one batch with it.</summary>
    EpochRows = (byte)'e',

    /// <summary>Closed segments up to the checkpoint, with lengths and append times. Written by the log, in one batch with it.</summary>
    Segments = (byte)'s',

    /// <summary>Up to where the log is compacted, a hint. Written by the log.</summary>
    CleanedUpto = (byte)'k',

    /// <summary>Log start. Written by the log, synced before files go.</summary>
    LogStart = (byte)'l',

    /// <summary>Raft hard state. Written by the replica.</summary>
    HardState = (byte)'h',

    /// <summary>Directory id and readmission, where the forming does not say it. Written by the replica.</summary>
    ReplicaIdentity = (byte)'d',

    /// <summary>High watermark, a hint. Written by the replica.</summary>
    HighWatermark = (byte)'w',

    /// <summary>Producer states as of an offset. Written by the replica.</summary>
    ProducerSnapshot = (byte)'i',

    /// <summary>Live records of consumer groups, by group and key. Written by the coordinator's view, in one batch with its mark.</summary>
    GroupRecord = (byte)'g',

    /// <summary>The offset that the live records of groups cover, and when that was written.</summary>
    GroupsUpTo = (byte)'G',
}
