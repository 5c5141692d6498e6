using LogBroker.RocksDb;

namespace LogBroker.Storage;

/// <summary>
/// The state store of a real node: one RocksDB in the directory <c>state/</c>. Any failed write ends the use of it, see
/// <see cref="IStateStore"/>; RocksDB itself refuses all writes after one that failed.
/// </summary>
public sealed class RocksStateStore : IStateStore
{
    private const ulong WalBytesMax = 64 * 1024 * 1024;
    private const ulong InfoLogBytesMax = 4 * 1024 * 1024;
    private const ulong InfoLogFilesMax = 4;

    private readonly RocksDb.RocksDb _database;
    private readonly WriteOptions _synced = new WriteOptions().SetSync(true);
    private readonly WriteOptions _unsynced = new();

    private RocksStateStore(RocksDb.RocksDb database) => _database = database;

    /// <summary>Opens or creates the store.</summary>
    /// <exception cref="StateStoreDamagedException">It is there but does not hold together.</exception>
    /// <exception cref="DiskFailedException">The file system refused.</exception>
    public static RocksStateStore Open(string directory)
    {
        using DbOptions options = new DbOptions()
            .SetCreateIfMissing()
            .SetMaxTotalWalSize(WalBytesMax)
            .SetInfoLogLevel(InfoLogLevel.Warn)
            .SetMaxLogFileSize(InfoLogBytesMax)
            .SetKeepLogFileNum(InfoLogFilesMax);
        try
        {
            return new RocksStateStore(RocksDb.RocksDb.Open(options, directory));
        }
        catch (RocksDbException e) when (e.Kind == RocksDbErrorKind.Corruption || IsFileMissing(e, directory))
        {
            throw new StateStoreDamagedException(directory, e.Message);
        }
        catch (RocksDbException e)
        {
            throw new DiskFailedException("open", directory, 0, e.Message);
        }
    }

    /// <summary>A file that the store names is gone: that is damage, not a disk that refuses.</summary>
    internal static bool IsFileMissing(RocksDbException e, string directory) =>
        e.Kind == RocksDbErrorKind.Io
        && e.Message.Contains("No such file or directory", StringComparison.Ordinal)
        && File.Exists(Path.Combine(directory, "CURRENT"));

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        try
        {
            return _database.Get(key);
        }
        catch (RocksDbException e)
        {
            throw new DiskFailedException("read", _database.Path, 0, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Write(StateBatch batch, bool sync)
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

            _database.Write(native, sync ? _synced : _unsynced);
        }
        catch (RocksDbException e)
        {
            throw new DiskFailedException("write", _database.Path, 0, e.Message);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(ReadOnlySpan<byte> prefix)
    {
        try
        {
            var found = new List<KeyValuePair<byte[], byte[]>>();
            using Iterator at = _database.NewIterator();
            for (at.Seek(prefix); at.Valid && at.Key.StartsWith(prefix); at.Next())
            {
                found.Add(new(at.Key.ToArray(), at.Value.ToArray()));
            }

            return found;
        }
        catch (RocksDbException e)
        {
            throw new DiskFailedException("read", _database.Path, 0, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _database.Dispose();
        _synced.Dispose();
        _unsynced.Dispose();
    }
}

/// <summary>The state store does not hold together; topic data is not touched by that.</summary>
public sealed class StateStoreDamagedException(string directory, string reason)
    : IOException($"the state store {directory} is damaged: {reason}");
