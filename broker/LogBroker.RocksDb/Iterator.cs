namespace LogBroker.RocksDb;

/// <summary>
/// Walks the keys of one column family in byte order, over the state of the moment it was made. It starts nowhere: seek first.
/// A move that meets an I/O error or damage throws, so the end of a loop over <see cref="Valid"/> is the end of the keys.
/// Not thread-safe. Keeps its database open: dispose it.
/// </summary>
public sealed unsafe class Iterator : IDisposable
{
    private readonly IteratorHandle _handle;
    private bool _valid;

    internal Iterator(IteratorHandle handle) => _handle = handle;

    /// <summary>Whether it stands on a key.</summary>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public bool Valid
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return _valid;
        }
    }

    /// <summary>The key it stands on: native memory, good until the next move or <see cref="Dispose"/>.</summary>
    /// <exception cref="InvalidOperationException">It does not stand on a key.</exception>
    public ReadOnlySpan<byte> Key
    {
        get
        {
            RequireValid();
            var start = Native.rocksdb_iter_key(_handle, out var bytes);
            return NativeBytes.View(start, bytes);
        }
    }

    /// <summary>The value of that key: native memory, good until the next move or <see cref="Dispose"/>.</summary>
    /// <exception cref="InvalidOperationException">It does not stand on a key.</exception>
    public ReadOnlySpan<byte> Value
    {
        get
        {
            RequireValid();
            var start = Native.rocksdb_iter_value(_handle, out var bytes);
            return NativeBytes.View(start, bytes);
        }
    }

    /// <summary>Goes to the first key.</summary>
    public Iterator SeekToFirst()
    {
        Native.rocksdb_iter_seek_to_first(_handle);
        return Moved();
    }

    /// <summary>Goes to the last key.</summary>
    public Iterator SeekToLast()
    {
        Native.rocksdb_iter_seek_to_last(_handle);
        return Moved();
    }

    /// <summary>Goes to <paramref name="key"/> or the next one behind it.</summary>
    public Iterator Seek(ReadOnlySpan<byte> key)
    {
        fixed (byte* start = &NativeBytes.Reference(key))
            Native.rocksdb_iter_seek(_handle, start, (nuint)key.Length);
        return Moved();
    }

    /// <summary>Goes to <paramref name="key"/> or the last one in front of it.</summary>
    public Iterator SeekForPrev(ReadOnlySpan<byte> key)
    {
        fixed (byte* start = &NativeBytes.Reference(key))
            Native.rocksdb_iter_seek_for_prev(_handle, start, (nuint)key.Length);
        return Moved();
    }

    /// <summary>Goes on to the next key.</summary>
    /// <exception cref="InvalidOperationException">It does not stand on a key.</exception>
    public Iterator Next()
    {
        RequireValid();
        Native.rocksdb_iter_next(_handle);
        return Moved();
    }

    /// <summary>Goes back to the key in front.</summary>
    /// <exception cref="InvalidOperationException">It does not stand on a key.</exception>
    public Iterator Prev()
    {
        RequireValid();
        Native.rocksdb_iter_prev(_handle);
        return Moved();
    }

    /// <summary>Frees the native iterator.</summary>
    public void Dispose() => _handle.Dispose();

    private Iterator Moved()
    {
        _valid = Native.rocksdb_iter_valid(_handle) != 0;
        if (_valid)
            return this;
        // Not valid means the end of the keys or an error, and only this call tells which.
        Native.rocksdb_iter_get_error(_handle, out var error);
        RocksDbException.ThrowIf(error);
        return this;
    }

    private void RequireValid()
    {
        if (!Valid)
            throw new InvalidOperationException("the iterator does not stand on a key");
    }
}
