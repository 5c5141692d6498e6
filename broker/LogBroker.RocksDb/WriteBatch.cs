namespace LogBroker.RocksDb;

/// <summary>
/// Changes that <see cref="RocksDb.Write"/> carries out in order and as one: after a crash all of them are there or none.
/// Keys and values are copied in. Reusable after <see cref="Clear"/>. Not thread-safe.
/// </summary>
public sealed unsafe class WriteBatch : IDisposable
{
    internal BatchHandle Handle { get; } = new();

    /// <summary>How many changes it holds.</summary>
    public int Count => Native.rocksdb_writebatch_count(Handle);

    /// <summary>Its size in bytes, in the form in which it goes to the write-ahead log.</summary>
    public long DataBytes
    {
        get
        {
            _ = Native.rocksdb_writebatch_data(Handle, out var bytes);
            return (long)bytes;
        }
    }

    /// <summary>Sets a value.</summary>
    public WriteBatch Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ColumnFamilyHandle family)
    {
        fixed (byte* keyStart = &NativeBytes.Reference(key), valueStart = &NativeBytes.Reference(value))
        {
            Native.rocksdb_writebatch_put_cf(
                Handle, family.Handle, keyStart, (nuint)key.Length, valueStart, (nuint)value.Length);
        }

        return this;
    }

    /// <summary>Removes a key, whether or not it is there.</summary>
    public WriteBatch Delete(ReadOnlySpan<byte> key, ColumnFamilyHandle family)
    {
        fixed (byte* keyStart = &NativeBytes.Reference(key))
            Native.rocksdb_writebatch_delete_cf(Handle, family.Handle, keyStart, (nuint)key.Length);
        return this;
    }

    /// <summary>Removes all keys from <paramref name="first"/> on that sort before <paramref name="end"/>.</summary>
    public WriteBatch DeleteRange(ReadOnlySpan<byte> first, ReadOnlySpan<byte> end, ColumnFamilyHandle family)
    {
        fixed (byte* firstStart = &NativeBytes.Reference(first), endStart = &NativeBytes.Reference(end))
        {
            Native.rocksdb_writebatch_delete_range_cf(
                Handle, family.Handle, firstStart, (nuint)first.Length, endStart, (nuint)end.Length);
        }

        return this;
    }

    /// <summary>Empties it for the next use.</summary>
    public void Clear() => Native.rocksdb_writebatch_clear(Handle);

    /// <summary>Frees the native batch.</summary>
    public void Dispose() => Handle.Dispose();
}
