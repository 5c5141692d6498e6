namespace LogBroker.RocksDb;

/// <summary>The status codes of librocksdb that callers tell apart.</summary>
public enum RocksDbErrorKind
{
    /// <summary>Any code not listed here; the text says which.</summary>
    Other,

    /// <summary>What was named does not exist.</summary>
    NotFound,

    /// <summary>What is on disk does not hold together.</summary>
    Corruption,

    /// <summary>The library was built without what was asked for.</summary>
    NotSupported,

    /// <summary>The call does not fit the database, as a column family that was left out on open.</summary>
    InvalidArgument,

    /// <summary>The file system refused; a failed sync and a lock held by another process are among these.</summary>
    Io,

    /// <summary>The database is closing.</summary>
    ShutdownInProgress,

    /// <summary>The library would have had to wait.</summary>
    Busy,
}
