using System.Buffers.Binary;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// The hard state and the high watermark hint of a replica in the state store, numbers big-endian:
/// <code>
///   h  u8 version = 1 | i32 epoch | i32 voted for, 0 for none | 16 bytes directory id of the candidate
///   w  u8 version = 1 | i64 high watermark
/// </code>
/// Failure policy: a value of another version or length is taken for lost, as if the state store had been.
/// </summary>
internal static class HardStateStore
{
    private const byte Version = 1;
    private const int HardStateBytes = 1 + 4 + 4 + 16;

    public static HardState? Load(IStateStore store, PartitionId partition)
    {
        byte[]? value = store.Get(StateKey.Of(partition, StateKind.HardState));
        if (value is not { Length: HardStateBytes } || value[0] != Version)
        {
            return null;
        }

        return new HardState(
            new Epoch(BinaryPrimitives.ReadInt32BigEndian(value.AsSpan(1))),
            new NodeId(BinaryPrimitives.ReadInt32BigEndian(value.AsSpan(5))),
            new DirectoryId(new Guid(value.AsSpan(9), bigEndian: true)));
    }

    /// <summary>Adds to a batch that has to be written synced (R2).</summary>
    public static void Put(StateBatch batch, PartitionId partition, HardState state)
    {
        var value = new byte[HardStateBytes];
        value[0] = Version;
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(1), state.Epoch.Value);
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(5), state.VotedFor.Value);
        state.VotedForDirectory.Value.TryWriteBytes(value.AsSpan(9), bigEndian: true, out _);
        batch.Put(StateKey.Of(partition, StateKind.HardState), value);
    }

    public static Offset LoadHighWatermark(IStateStore store, PartitionId partition)
    {
        byte[]? value = store.Get(StateKey.Of(partition, StateKind.HighWatermark));
        return value is { Length: 9 } && value[0] == Version
            ? new Offset(BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(1)))
            : Offset.Zero;
    }

    public static void PutHighWatermark(StateBatch batch, PartitionId partition, Offset highWatermark)
    {
        var value = new byte[9];
        value[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(1), highWatermark.Value);
        batch.Put(StateKey.Of(partition, StateKind.HighWatermark), value);
    }
}
