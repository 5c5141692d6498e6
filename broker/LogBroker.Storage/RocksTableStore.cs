using LogBroker.RocksDb;

namespace LogBroker.Storage;

/// <summary>
/// Views of tables in a RocksDB of their own. Written without a write-ahead log: what a killed process had not flushed is read from the
/// partition's log again.
/// </summary>
public sealed class RocksTableStore : ITableStore
{
    private const ulong InfoLogBytesMax = 4 * 1024 * 1024;
    private const ulong InfoLogFilesMax = 4;

    private readonly RocksDb.RocksDb _database;
    private readonly WriteOptions _writes = new WriteOptions().SetDisableWal(true);

    private RocksTableStore(RocksDb.RocksDb database) => _database = database;

    /// <summary>Opens or creates the store.</summary>
    /// <exception cref="StateStoreDamagedException">It is there but does not hold together.</exception>
    /// <exception cref="DiskFailedException">The file system refused.</exception>
    public static RocksTableStore Open(string directory)
    {
        using DbOptions options = new DbOptions()
            .SetCreateIfMissing()
            .SetInfoLogLevel(InfoLogLevel.Warn)
            .SetMaxLogFileSize(InfoLogBytesMax)
            .SetKeepLogFileNum(InfoLogFilesMax);
        try
        {
            return new RocksTableStore(RocksDb.RocksDb.Open(options, directory));
        }
        catch (RocksDbException e) when (e.Kind == RocksDbErrorKind.Corruption || RocksStateStore.IsFileMissing(e, directory))
        {
            throw new StateStoreDamagedException(directory, e.Message);
        }
        catch (RocksDbException e)
        {
            throw new DiskFailedException("open", directory, 0, e.Message);
        }
    }

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        try
        {
            return _database.Get(key);
        }
        catch (RocksDbException e)
        {
            throw Failed("read", e);
        }
    }

    /// <inheritdoc/>
    public bool Has(ReadOnlySpan<byte> key)
    {
        try
        {
            return _database.HasKey(key);
        }
        catch (RocksDbException e)
        {
            throw Failed("read", e);
        }
    }

    /// <inheritdoc/>
    public void Write(StateBatch batch)
    {
        try
        {
            using var native = new WriteBatch();
            foreach ((byte[] key, byte[]? value) in batch.Changes)
            {
                if (value is null)
                {
                    native.Delete(key, _database.DefaultColumnFamily);
                }
                else
                {
                    native.Put(key, value, _database.DefaultColumnFamily);
                }
            }

            _database.Write(native, _writes);
        }
        catch (RocksDbException e)
        {
            throw Failed("write", e);
        }
    }

    /// <inheritdoc/>
    public void Clear(ReadOnlySpan<byte> prefix)
    {
        try
        {
            using var native = new WriteBatch();
            native.DeleteRange(prefix, EndOf(prefix), _database.DefaultColumnFamily);
            _database.Write(native, _writes);
        }
        catch (RocksDbException e)
        {
            throw Failed("write", e);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(
        ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after, int entriesMax, long bytesMax)
    {
        try
        {
            var found = new List<KeyValuePair<byte[], byte[]>>();
            long bytes = 0;
            using Iterator at = _database.NewIterator();
            bool isBehind = after.SequenceCompareTo(prefix) >= 0;
            at.Seek(isBehind ? after : prefix);
            if (isBehind && at.Valid && at.Key.SequenceEqual(after))
            {
                at.Next();
            }

            for (; at.Valid && found.Count < entriesMax && bytes < bytesMax && at.Key.StartsWith(prefix); at.Next())
            {
                found.Add(new(at.Key.ToArray(), at.Value.ToArray()));
                bytes += at.Key.Length + at.Value.Length;
            }

            return found;
        }
        catch (RocksDbException e)
        {
            throw Failed("read", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _database.Dispose();
        _writes.Dispose();
    }

    /// <summary>The first key behind all that begin with a prefix.</summary>
    private static byte[] EndOf(ReadOnlySpan<byte> prefix)
    {
        int last = prefix.LastIndexOfAnyExcept((byte)0xFF);
        byte[] end = prefix[..(last + 1)].ToArray();
        end[last]++;
        return end;
    }

    private DiskFailedException Failed(string operation, RocksDbException e) => new(operation, _database.Path, 0, e.Message);
}
