namespace LogBroker.RocksDb;

/// <summary>What RocksDB writes to its <c>LOG</c> file, with the numbers of <c>rocksdb/c.h</c>.</summary>
public enum InfoLogLevel
{
    /// <summary>Everything.</summary>
    Debug = 0,

    /// <summary>The course of things. RocksDB's default.</summary>
    Info = 1,

    /// <summary>Warnings and worse.</summary>
    Warn = 2,

    /// <summary>Errors and worse.</summary>
    Error = 3,

    /// <summary>What ends the database.</summary>
    Fatal = 4,

    /// <summary>Only the header with the options.</summary>
    Header = 5,
}
