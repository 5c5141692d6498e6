namespace LogBroker.RocksDb;

/// <summary>How a column family's blocks are compressed, with the numbers of <c>rocksdb/c.h</c>.</summary>
public enum Compression
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>Snappy.</summary>
    Snappy = 1,

    /// <summary>LZ4.</summary>
    Lz4 = 4,

    /// <summary>Zstandard.</summary>
    Zstd = 7,
}
