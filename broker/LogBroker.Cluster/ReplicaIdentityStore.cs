using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Which disk a replica speaks for, and whether it has a vote there (R22 to R25).</summary>
internal readonly record struct ReplicaIdentity(DirectoryId Directory, bool IsReadmitted);

/// <summary>
/// The identity of a replica in the state store, where it differs from what the forming of its partition says: after a readmission, and
/// after damage, when the replica alone counts as a new disk (R21).
/// <code>d  u8 version = 1 | 16 bytes directory id | u8 1 when readmitted</code>
/// Failure policy: a value of another version or length is taken for lost; the replica then has no vote.
/// </summary>
internal static class ReplicaIdentityStore
{
    private const byte Version = 1;
    private const int ValueBytes = 1 + 16 + 1;

    /// <summary>The identity of a replica whose partition was formed with these voters.</summary>
    public static ReplicaIdentity Load(
        IStateStore store, PartitionId partition, NodeId node, DirectoryId directory, IReadOnlyList<FormedVoter> formedWith)
    {
        byte[]? value = store.Get(StateKey.Of(partition, StateKind.ReplicaIdentity));
        if (value is { Length: ValueBytes } && value[0] == Version)
        {
            return new ReplicaIdentity(new DirectoryId(new Guid(value.AsSpan(1, 16), bigEndian: true)), value[17] != 0);
        }

        // R27: who was there at forming has his vote from the start, on the disk he had then.
        return new ReplicaIdentity(directory, value is null && formedWith.Contains(new FormedVoter(node, directory)));
    }

    /// <summary>Adds to a batch that has to be written synced.</summary>
    public static void Put(StateBatch batch, PartitionId partition, ReplicaIdentity identity)
    {
        var value = new byte[ValueBytes];
        value[0] = Version;
        identity.Directory.Value.TryWriteBytes(value.AsSpan(1), bigEndian: true, out _);
        value[17] = identity.IsReadmitted ? (byte)1 : (byte)0;
        batch.Put(StateKey.Of(partition, StateKind.ReplicaIdentity), value);
    }
}
