namespace LogBroker.RocksDb;

/// <summary>
/// How reads are made. Set up once, then safe to share between threads: an iterator looks at its options as long as it lives, so
/// after the first one was made with them they can no longer be changed. May be disposed before its iterators.
/// </summary>
public sealed unsafe class ReadOptions : IDisposable
{
    private volatile bool _inUse;

    internal ReadOptionsHandle Handle { get; } = new();

    /// <summary>Whether checksums of the blocks read are checked. RocksDB's default: true.</summary>
    public ReadOptions SetVerifyChecksums(bool value)
    {
        Native.rocksdb_readoptions_set_verify_checksums(Changeable(), value ? (byte)1 : (byte)0);
        return this;
    }

    /// <summary>Whether blocks read stay in the cache; false suits a scan over everything. RocksDB's default: true.</summary>
    public ReadOptions SetFillCache(bool value)
    {
        Native.rocksdb_readoptions_set_fill_cache(Changeable(), value ? (byte)1 : (byte)0);
        return this;
    }

    /// <summary>The smallest key an iterator goes to, itself included. The key is copied.</summary>
    public ReadOptions SetIterateLowerBound(ReadOnlySpan<byte> key)
    {
        Native.rocksdb_readoptions_set_iterate_lower_bound(Changeable(), Handle.Keep(key), (nuint)key.Length);
        return this;
    }

    /// <summary>The key an iterator ends in front of. The key is copied.</summary>
    public ReadOptions SetIterateUpperBound(ReadOnlySpan<byte> key)
    {
        Native.rocksdb_readoptions_set_iterate_upper_bound(Changeable(), Handle.Keep(key), (nuint)key.Length);
        return this;
    }

    /// <summary>Frees the native options.</summary>
    public void Dispose() => Handle.Dispose();

    internal void MarkInUse() => _inUse = true;

    private ReadOptionsHandle Changeable()
    {
        ObjectDisposedException.ThrowIf(Handle.IsClosed, this);
        return _inUse ? throw new InvalidOperationException("read options cannot change once an iterator was made with them") : Handle;
    }
}
