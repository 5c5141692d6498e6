using System.Buffers;
using System.Runtime.InteropServices;

namespace LogBroker.RocksDb;

/// <summary>
/// An open RocksDB database: a thin binding to librocksdb's C API, with the names of RocksDbSharp. All members are thread-safe;
/// <see cref="Dispose"/> too: calls in flight end first. Any write that fails leaves the database refusing further ones, as RocksDB
/// does; this class neither retries nor hides it. Natively it closes, and lets go of its lock, when it and all iterators and
/// checkpoints made from it are disposed.
/// </summary>
public sealed unsafe class RocksDb : IDisposable
{
    private readonly DatabaseHandle _handle;
    private readonly Lock _familiesLock = new();
    private readonly Dictionary<string, ColumnFamilyHandle> _families = new(StringComparer.Ordinal);
    private readonly ColumnFamilyHandle _default;

    private RocksDb(DatabaseHandle handle, string path, IEnumerable<string> names, nint[] families)
    {
        _handle = handle;
        Path = path;
        var index = 0;
        foreach (var name in names)
            _families.Add(name, new ColumnFamilyHandle(name, this, new FamilyHandle(families[index++], handle)));
        _default = _families[ColumnFamilies.DefaultName];
    }

    /// <summary>The directory, as given on open.</summary>
    public string Path { get; }

    /// <summary>The family <c>default</c>.</summary>
    public ColumnFamilyHandle DefaultColumnFamily => _default;

    /// <summary>Opens the database in a directory, with its column families.</summary>
    /// <param name="options">Options of the whole database.</param>
    /// <param name="path">The directory; its parent exists.</param>
    /// <param name="columnFamilies">All families the database holds; only <c>default</c> when null.</param>
    /// <exception cref="RocksDbException">
    /// There is none, it is open elsewhere, it is damaged, families are missing, or the file system refused.
    /// </exception>
    /// <exception cref="RocksDbNotFoundException">librocksdb is not on this machine.</exception>
    public static RocksDb Open(DbOptions options, string path, ColumnFamilies? columnFamilies = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(path);
        columnFamilies ??= new ColumnFamilies();

        var count = columnFamilies.Count;
        var names = new nint[count];
        var familyOptions = new nint[count];
        var handles = new nint[count];
        var index = 0;
        try
        {
            foreach (var (name, family) in columnFamilies)
            {
                ObjectDisposedException.ThrowIf(family.Handle.IsClosed, family);
                names[index] = Marshal.StringToCoTaskMemUTF8(name);
                familyOptions[index++] = family.Handle.DangerousGetHandle();
            }

            nint database, error;
            fixed (nint* namesStart = names, optionsStart = familyOptions, handlesStart = handles)
            {
                database = Native.rocksdb_open_column_families(
                    options.Handle, path, count, namesStart, optionsStart, handlesStart, out error);
            }

            RocksDbException.ThrowIf(error);
            return new RocksDb(new DatabaseHandle(database), path, columnFamilies.Select(family => family.Key), handles);
        }
        finally
        {
            GC.KeepAlive(columnFamilies);
            foreach (var name in names)
                Marshal.FreeCoTaskMem(name);
        }
    }

    /// <summary>The names of the column families in a database that is not open.</summary>
    /// <exception cref="RocksDbException">There is none, it is damaged, or the file system refused.</exception>
    public static IReadOnlyList<string> ListColumnFamilies(DbOptions options, string path)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var names = Native.rocksdb_list_column_families(options.Handle, path, out var count, out var error);
        RocksDbException.ThrowIf(error);
        var result = new string[(int)count];
        for (var i = 0; i < result.Length; i++)
            result[i] = Marshal.PtrToStringUTF8(names[i]) ?? "";
        Native.rocksdb_list_column_families_destroy(names, count);
        return result;
    }

    /// <summary>An open column family by its name.</summary>
    /// <exception cref="KeyNotFoundException">The database was opened without it.</exception>
    public ColumnFamilyHandle GetColumnFamily(string name)
    {
        lock (_familiesLock)
        {
            return _families.TryGetValue(name, out var family)
                ? family
                : throw new KeyNotFoundException($"column family '{name}' is not open");
        }
    }

    /// <summary>Creates a column family.</summary>
    /// <exception cref="RocksDbException">It exists, or the file system refused.</exception>
    public ColumnFamilyHandle CreateColumnFamily(ColumnFamilyOptions options, string name)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (_familiesLock)
        {
            using var hold = new HandleHold(_handle);
            var pointer = Native.rocksdb_create_column_family(_handle, options.Handle, name, out var error);
            RocksDbException.ThrowIf(error);
            var family = new ColumnFamilyHandle(name, this, new FamilyHandle(pointer, _handle));
            _families.Add(name, family);
            return family;
        }
    }

    /// <summary>Drops a column family with all it holds. Iterators over it live on.</summary>
    /// <exception cref="KeyNotFoundException">The database was opened without it.</exception>
    /// <exception cref="RocksDbException">It is <c>default</c>, or the file system refused.</exception>
    public void DropColumnFamily(string name)
    {
        lock (_familiesLock)
        {
            var family = GetColumnFamily(name);
            Native.rocksdb_drop_column_family(_handle, family.Handle, out var error);
            RocksDbException.ThrowIf(error);
            _families.Remove(name);
            family.Handle.Dispose();
        }
    }

    /// <summary>Sets a value.</summary>
    /// <exception cref="RocksDbException">The write or its sync failed.</exception>
    public void Put(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ColumnFamilyHandle? family = null, WriteOptions? options = null)
    {
        nint error;
        fixed (byte* keyStart = &NativeBytes.Reference(key), valueStart = &NativeBytes.Reference(value))
        {
            Native.rocksdb_put_cf(
                _handle,
                (options ?? DefaultOptions.Write).Handle,
                Own(family),
                keyStart,
                (nuint)key.Length,
                valueStart,
                (nuint)value.Length,
                out error);
        }

        RocksDbException.ThrowIf(error);
    }

    /// <summary>Removes a key, whether or not it is there.</summary>
    /// <exception cref="RocksDbException">The write or its sync failed.</exception>
    public void Delete(ReadOnlySpan<byte> key, ColumnFamilyHandle? family = null, WriteOptions? options = null)
    {
        nint error;
        fixed (byte* start = &NativeBytes.Reference(key))
        {
            Native.rocksdb_delete_cf(
                _handle, (options ?? DefaultOptions.Write).Handle, Own(family), start, (nuint)key.Length, out error);
        }

        RocksDbException.ThrowIf(error);
    }

    /// <summary>Carries out a batch, all of it or nothing. The batch keeps its content.</summary>
    /// <exception cref="RocksDbException">The write or its sync failed.</exception>
    public void Write(WriteBatch batch, WriteOptions? options = null)
    {
        Native.rocksdb_write(_handle, (options ?? DefaultOptions.Write).Handle, batch.Handle, out var error);
        RocksDbException.ThrowIf(error);
    }

    /// <summary>The value of a key as a new array, or null if there is none.</summary>
    /// <exception cref="RocksDbException">The read failed, or met damage.</exception>
    public byte[]? Get(ReadOnlySpan<byte> key, ColumnFamilyHandle? family = null, ReadOptions? options = null)
    {
        var result = new ValueCopy();
        return TryGet(key, result, static (value, result) => result.Bytes = value.ToArray(), family, options) ? result.Bytes : null;
    }

    /// <summary>Whether a key is there.</summary>
    /// <exception cref="RocksDbException">The read failed, or met damage.</exception>
    public bool HasKey(ReadOnlySpan<byte> key, ColumnFamilyHandle? family = null, ReadOptions? options = null) =>
        TryGet(key, 0, static (_, _) => { }, family, options);

    /// <summary>Shows the value of a key in place, without a copy; false if there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="state">Handed to <paramref name="read"/>, so that it need not capture anything.</param>
    /// <param name="read">Called with the value: native memory, good until it returns.</param>
    /// <param name="family">The column family; <c>default</c> when null.</param>
    /// <param name="options">How to read; RocksDB's defaults when null.</param>
    /// <exception cref="RocksDbException">The read failed, or met damage.</exception>
    public bool TryGet<TState>(
        ReadOnlySpan<byte> key,
        TState state,
        ReadOnlySpanAction<byte, TState> read,
        ColumnFamilyHandle? family = null,
        ReadOptions? options = null)
    {
        // The value may lie in a block of the database.
        using var hold = new HandleHold(_handle);
        nint slice, error;
        fixed (byte* start = &NativeBytes.Reference(key))
        {
            slice = Native.rocksdb_get_pinned_cf(
                _handle, (options ?? DefaultOptions.Read).Handle, Own(family), start, (nuint)key.Length, out error);
        }

        RocksDbException.ThrowIf(error);
        return slice != 0 && Show(slice, state, read);
    }

    /// <summary>A walk over a column family as it is now.</summary>
    public Iterator NewIterator(ColumnFamilyHandle? family = null, ReadOptions? options = null)
    {
        options ??= DefaultOptions.Read;
        using var hold = new HandleHold(_handle);
        var familyHandle = Own(family);
        options.MarkInUse();
        var pointer = Native.rocksdb_create_iterator_cf(_handle, options.Handle, familyHandle);
        return new Iterator(new IteratorHandle(pointer, _handle, familyHandle, options.Handle));
    }

    /// <summary>Prepares consistent copies of this database.</summary>
    public Checkpoint Checkpoint()
    {
        using var hold = new HandleHold(_handle);
        var pointer = Native.rocksdb_checkpoint_object_create(_handle, out var error);
        RocksDbException.ThrowIf(error);
        return new Checkpoint(new CheckpointHandle(pointer, _handle));
    }

    /// <summary>Hands the write-ahead log to the system and, if asked, waits until it is on disk: one sync for many writes.</summary>
    /// <exception cref="RocksDbException">The write or the sync failed.</exception>
    public void FlushWal(bool sync)
    {
        Native.rocksdb_flush_wal(_handle, sync ? (byte)1 : (byte)0, out var error);
        RocksDbException.ThrowIf(error);
    }

    /// <summary>Writes the memtable of a column family out as a file and waits for it.</summary>
    /// <exception cref="RocksDbException">The write failed.</exception>
    public void Flush(ColumnFamilyHandle? family = null)
    {
        using var options = new FlushOptionsHandle();
        Native.rocksdb_flush_cf(_handle, options, Own(family), out var error);
        RocksDbException.ThrowIf(error);
    }

    /// <summary>One of RocksDB's properties (<c>rocksdb.stats</c> and the like), or null if it has none of that name.</summary>
    public string? GetProperty(string name, ColumnFamilyHandle? family = null)
    {
        var text = Native.rocksdb_property_value_cf(_handle, Own(family), name);
        if (text == 0)
            return null;
        var result = Marshal.PtrToStringUTF8(text);
        Native.rocksdb_free(text);
        return result;
    }

    /// <summary>Closes the database. What was written without a sync is in the hands of the system.</summary>
    public void Dispose()
    {
        lock (_familiesLock)
        {
            foreach (var family in _families.Values)
                family.Handle.Dispose();
        }

        _handle.Dispose();
    }

    private static bool Show<TState>(nint slice, TState state, ReadOnlySpanAction<byte, TState> read)
    {
        try
        {
            var start = Native.rocksdb_pinnableslice_value(slice, out var bytes);
            read(NativeBytes.View(start, bytes), state);
            return true;
        }
        finally
        {
            Native.rocksdb_pinnableslice_destroy(slice);
        }
    }

    private FamilyHandle Own(ColumnFamilyHandle? family)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        if (family is null)
            return _default.Handle;
        return ReferenceEquals(family.Database, this)
            ? family.Handle
            : throw new ArgumentException($"column family '{family.Name}' belongs to another database", nameof(family));
    }

    private sealed class ValueCopy
    {
        internal byte[]? Bytes { get; set; }
    }
}
