namespace LogBroker.RocksDb;

/// <summary>Makes consistent copies of an open database, hard links where it can. Not thread-safe.</summary>
public sealed class Checkpoint : IDisposable
{
    private readonly CheckpointHandle _handle;

    internal Checkpoint(CheckpointHandle handle) => _handle = handle;

    /// <summary>Writes a copy that opens like any database. Everything written before the call is in it.</summary>
    /// <param name="path">A directory that does not exist yet; its parent does.</param>
    /// <param name="logBytesForFlush">
    /// Bytes of write-ahead log up to which it is copied instead of writing memtables out; 0 always writes them out.
    /// </param>
    /// <exception cref="RocksDbException">The directory exists, or the file system refused.</exception>
    public void Save(string path, ulong logBytesForFlush = 0)
    {
        Native.rocksdb_checkpoint_create(_handle, path, logBytesForFlush, out var error);
        RocksDbException.ThrowIf(error);
    }

    /// <summary>Frees the native object; copies stay.</summary>
    public void Dispose() => _handle.Dispose();
}
