namespace LogBroker.RocksDb;

/// <summary>What opening does with a damaged write-ahead log, with the numbers of <c>rocksdb/c.h</c>.</summary>
public enum WalRecoveryMode
{
    /// <summary>An incomplete record at the end of the log is dropped; any other damage refuses to open.</summary>
    TolerateCorruptedTailRecords = 0,

    /// <summary>Any damage refuses to open, an incomplete record at the end too.</summary>
    AbsoluteConsistency = 1,

    /// <summary>Replay stops at the first damage. RocksDB's default.</summary>
    PointInTime = 2,

    /// <summary>Damaged records are skipped: for salvage only.</summary>
    SkipAnyCorruptedRecords = 3,
}
