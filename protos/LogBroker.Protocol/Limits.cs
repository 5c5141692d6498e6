namespace LogBroker.Protocol;

/// <summary>
/// Bounds on everything a client can send or make the broker hold. Those that an operator may change are options with these
/// values as defaults; the rest are part of the format or contract.
/// </summary>
public static class Limits
{
    /// <summary>Longest topic name, in characters.</summary>
    public const int TopicNameCharsMax = 249;

    /// <summary>Longest part of a topic name that is used in a directory name.</summary>
    public const int TopicNameInDirectoryCharsMax = 200;

    /// <summary>Most partitions of one topic.</summary>
    public const int PartitionsPerTopicMax = 10_000;

    /// <summary>Most partitions of one node.</summary>
    public const int PartitionsPerNodeMax = 20_000;

    /// <summary>Default of max.message.bytes: the largest batch, header included.</summary>
    public const int BatchBytesDefault = 1_048_588;

    /// <summary>The largest value that max.message.bytes may have.</summary>
    public const int BatchBytesMax = 32 * 1024 * 1024;

    /// <summary>Most records in one batch.</summary>
    public const int RecordsPerBatchMax = 1_000_000;

    /// <summary>Most headers of one record.</summary>
    public const int HeadersPerRecordMax = 1_000;

    /// <summary>Smallest value of segment.bytes.</summary>
    public const int SegmentBytesMin = 64 * 1024;

    /// <summary>Default of segment.bytes.</summary>
    public const int SegmentBytesDefault = 1024 * 1024 * 1024;

    /// <summary>Most partitions of one fetch or offset listing.</summary>
    public const int PartitionsPerFetchMax = 1_000;

    /// <summary>Default and largest sum of bytes in one fetch answer.</summary>
    public const int FetchBytesMax = 32 * 1024 * 1024;

    /// <summary>Sum of bytes in a fetch answer when the request does not say.</summary>
    public const int FetchBytesDefault = 4 * 1024 * 1024;

    /// <summary>Bytes per partition in a fetch answer when the request does not say.</summary>
    public const int FetchPartitionBytesDefault = 1024 * 1024;

    /// <summary>Longest wait of a fetch, in milliseconds.</summary>
    public const int FetchWaitMsMax = 60_000;

    /// <summary>Keys in one read of a table.</summary>
    public const int TableKeysMax = 1_000;

    /// <summary>Bytes of keys and values in one answer to a read of a table, but at least one record.</summary>
    public const int TableGetBytesMax = 16 * 1024 * 1024;

    /// <summary>Longest wait for acks, in milliseconds.</summary>
    public const int ProduceTimeoutMsMax = 300_000;

    /// <summary>Wait for acks when the request does not say, in milliseconds.</summary>
    public const int ProduceTimeoutMsDefault = 30_000;

    /// <summary>Default largest gRPC message that the broker takes: a largest batch and its envelope.</summary>
    public const int RequestBytesMax = BatchBytesMax + 64 * 1024;

    /// <summary>Batches of one produce stream that may wait for their acks.</summary>
    public const int BatchesInFlightPerStreamMax = 1024;

    /// <summary>Bytes of one produce stream that may wait for their acks.</summary>
    public const long BytesInFlightPerStreamMax = 64L * 1024 * 1024;

    /// <summary>Batches per producer id and partition of which the sequence numbers are remembered.</summary>
    public const int ProducerWindowBatches = 5;

    /// <summary>How much a compressed batch may grow when it is inflated.</summary>
    public const int InflationRatioMax = 10;

    /// <summary>Default bound of the records of one compressed batch after inflation, in bytes; holds besides the ratio.</summary>
    public const int InflatedBytesMax = BatchBytesMax;

    /// <summary>How far a client's timestamp may lie ahead of the broker's clock, in milliseconds.</summary>
    public const long TimestampAheadMsMax = 3_600_000;

    /// <summary>Characters of a bad value shown in an error.</summary>
    public const int ShownValueCharsMax = 64;
}
