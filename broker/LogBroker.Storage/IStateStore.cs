namespace LogBroker.Storage;

/// <summary>
/// The small state of a node: hard states, log starts, checkpoints, producer snapshots. Forms: RocksDB
/// (<see cref="RocksStateStore"/>), memory (<see cref="MemoryStateStore"/>) and a simulated one for crash tests; one suite of tests
/// holds all to this contract. Thread-safe.
/// </summary>
/// <remarks>
/// Batches are atomic and survive a power cut in order: if one is there afterwards, so are all before it. A failed write is thrown as
/// <see cref="DiskFailedException"/>; the process must end, because later writes would stand on a gap.
/// </remarks>
public interface IStateStore : IDisposable
{
    /// <summary>The value of a key, or null.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>
    /// Carries out a batch, whole or not at all. With <paramref name="sync"/> it and all before it are durable on return.
    /// </summary>
    void Write(StateBatch batch, bool sync);

    /// <summary>Keys that begin with <paramref name="prefix"/> and their values, in order of bytes, as of the call.</summary>
    IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(ReadOnlySpan<byte> prefix);
}

/// <summary>Changes that belong together. Not thread-safe; may be cleared and used again after the write.</summary>
public sealed class StateBatch
{
    private readonly List<KeyValuePair<byte[], byte[]?>> _changes = [];

    /// <summary>Changes in order; a null value is a removal.</summary>
    public IReadOnlyList<KeyValuePair<byte[], byte[]?>> Changes => _changes;

    /// <summary>Number of changes.</summary>
    public int Count => _changes.Count;

    /// <summary>Sets a value. The arrays belong to the batch from here on.</summary>
    public StateBatch Put(byte[] key, byte[] value)
    {
        _changes.Add(new(key, value));
        return this;
    }

    /// <summary>Removes a key, whether or not it is there.</summary>
    public StateBatch Delete(byte[] key)
    {
        _changes.Add(new(key, null));
        return this;
    }

    /// <summary>Empties it.</summary>
    public void Clear() => _changes.Clear();
}
