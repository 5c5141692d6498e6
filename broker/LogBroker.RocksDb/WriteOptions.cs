namespace LogBroker.RocksDb;

/// <summary>How a write is made durable. Set up once, then safe to share between threads.</summary>
public sealed class WriteOptions : IDisposable
{
    internal WriteOptionsHandle Handle { get; } = new();

    /// <summary>
    /// Whether the write-ahead log is synced before the write returns. Default: false, and a write survives the end of the
    /// process but not of the machine.
    /// </summary>
    public WriteOptions SetSync(bool value)
    {
        Native.rocksdb_writeoptions_set_sync(Handle, value ? (byte)1 : (byte)0);
        return this;
    }

    /// <summary>Leaves the write-ahead log out: what was written is lost with the process unless flushed. Default: false.</summary>
    public WriteOptions SetDisableWal(bool value)
    {
        Native.rocksdb_writeoptions_disable_WAL(Handle, value ? 1 : 0);
        return this;
    }

    /// <summary>Frees the native options.</summary>
    public void Dispose() => Handle.Dispose();
}
