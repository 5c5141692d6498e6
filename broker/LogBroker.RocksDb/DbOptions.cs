namespace LogBroker.RocksDb;

/// <summary>
/// Options of a whole database. Copied by the library on open: later changes have no effect on it, and the object may be shared
/// and disposed then. Not thread-safe.
/// </summary>
public sealed class DbOptions : IDisposable
{
    internal OptionsHandle Handle { get; } = new();

    /// <summary>Creates the database when there is none. Default: false, and a missing database is an error.</summary>
    public DbOptions SetCreateIfMissing(bool value = true)
    {
        Native.rocksdb_options_set_create_if_missing(Handle, Flag(value));
        return this;
    }

    /// <summary>Creates the column families of the open call that are missing. Default: false, and one missing is an error.</summary>
    public DbOptions SetCreateMissingColumnFamilies(bool value = true)
    {
        Native.rocksdb_options_set_create_missing_column_families(Handle, Flag(value));
        return this;
    }

    /// <summary>Refuses to open when there is a database already. Default: false.</summary>
    public DbOptions SetErrorIfExists(bool value = true)
    {
        Native.rocksdb_options_set_error_if_exists(Handle, Flag(value));
        return this;
    }

    /// <summary>Stops on the first sign of damage. RocksDB's default: true.</summary>
    public DbOptions SetParanoidChecks(bool value = true)
    {
        Native.rocksdb_options_set_paranoid_checks(Handle, Flag(value));
        return this;
    }

    /// <summary>What opening does with a damaged write-ahead log. RocksDB's default: <see cref="WalRecoveryMode.PointInTime"/>.</summary>
    public DbOptions SetWalRecoveryMode(WalRecoveryMode mode)
    {
        Native.rocksdb_options_set_wal_recovery_mode(Handle, (int)mode);
        return this;
    }

    /// <summary>Bytes of write-ahead log at which memtables are written out so that old logs can go. 0: chosen by RocksDB.</summary>
    public DbOptions SetMaxTotalWalSize(ulong bytes)
    {
        Native.rocksdb_options_set_max_total_wal_size(Handle, bytes);
        return this;
    }

    /// <summary>Table files kept open; −1 (RocksDB's default) for all.</summary>
    public DbOptions SetMaxOpenFiles(int count)
    {
        Native.rocksdb_options_set_max_open_files(Handle, count);
        return this;
    }

    /// <summary>Threads for flushes and compactions together. RocksDB's default: 2.</summary>
    public DbOptions SetMaxBackgroundJobs(int count)
    {
        Native.rocksdb_options_set_max_background_jobs(Handle, count);
        return this;
    }

    /// <summary>What goes to the file <c>LOG</c> in the database directory.</summary>
    public DbOptions SetInfoLogLevel(InfoLogLevel level)
    {
        Native.rocksdb_options_set_info_log_level(Handle, (int)level);
        return this;
    }

    /// <summary>Bytes after which <c>LOG</c> is rolled; 0 (RocksDB's default) never.</summary>
    public DbOptions SetMaxLogFileSize(ulong bytes)
    {
        Native.rocksdb_options_set_max_log_file_size(Handle, (nuint)bytes);
        return this;
    }

    /// <summary>How many <c>LOG</c> files are kept, one being made at each open. RocksDB's default: 1000.</summary>
    public DbOptions SetKeepLogFileNum(ulong count)
    {
        Native.rocksdb_options_set_keep_log_file_num(Handle, (nuint)count);
        return this;
    }

    /// <summary>Frees the native options.</summary>
    public void Dispose() => Handle.Dispose();

    private static byte Flag(bool value) => value ? (byte)1 : (byte)0;
}
