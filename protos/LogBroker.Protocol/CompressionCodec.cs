namespace LogBroker.Protocol;

/// <summary>
/// How the records of a batch are compressed; numbers as in attribute bits 0 to 2. Only <see cref="None"/> and <see cref="Gzip"/> are
/// spoken.
/// </summary>
public enum CompressionCodec
{
    /// <summary>Not compressed.</summary>
    None = 0,

    /// <summary>One gzip member.</summary>
    Gzip = 1,

    /// <summary>Known by name only.</summary>
    Snappy = 2,

    /// <summary>Known by name only.</summary>
    Lz4 = 3,

    /// <summary>Known by name only.</summary>
    Zstd = 4,
}

/// <summary>Whose clock the timestamps of a batch are; numbers as in attribute bit 3.</summary>
public enum TimestampType
{
    /// <summary>The producer's, one per record.</summary>
    CreateTime = 0,

    /// <summary>The broker's at append, one for the whole batch: <c>maxTimestamp</c>.</summary>
    LogAppendTime = 1,
}
