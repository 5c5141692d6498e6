namespace LogBroker.RocksDb;

/// <summary>
/// Options of one column family. Copied by the library when the family is opened: later changes have no effect on it, and the
/// object may be shared and disposed then. Not thread-safe.
/// </summary>
public sealed class ColumnFamilyOptions : IDisposable
{
    internal OptionsHandle Handle { get; } = new();

    /// <summary>Bytes a memtable may hold before it is written out as a file. RocksDB's default: 64 MiB.</summary>
    public ColumnFamilyOptions SetWriteBufferSize(ulong bytes)
    {
        Native.rocksdb_options_set_write_buffer_size(Handle, (nuint)bytes);
        return this;
    }

    /// <summary>How blocks are compressed. RocksDB's default: Snappy where the library has it.</summary>
    public ColumnFamilyOptions SetCompression(Compression compression)
    {
        Native.rocksdb_options_set_compression(Handle, (int)compression);
        return this;
    }

    /// <summary>Frees the native options.</summary>
    public void Dispose() => Handle.Dispose();
}
