namespace LogBroker.Bench.Results;

/// <summary>What a load program reports of one run. A value that its system or tool cannot give is null, never 0.</summary>
public sealed record ClientResult
{
    /// <summary>The load program, such as <c>sdk</c>, <c>java</c>, <c>franz-go</c>, <c>nats-cli</c>, <c>redis-benchmark</c>.</summary>
    public required string Client { get; init; }

    /// <summary>What was produced in the measured part; null for loads that only read.</summary>
    public Throughput? Produced { get; init; }

    /// <summary>What was consumed in the measured part; null for loads that only write.</summary>
    public Throughput? Consumed { get; init; }

    /// <summary>Actual minus intended time of handing a record over (open loop only).</summary>
    public Latency? PublishDelay { get; init; }

    /// <summary>Acknowledgement minus intended time; closed loops: minus actual time.</summary>
    public Latency? Ack { get; init; }

    /// <summary>Receipt by the consumer minus intended time.</summary>
    public Latency? EndToEnd { get; init; }

    /// <summary>
    /// CPU seconds, user and system, of the load program in the measured part (of its whole life where it cannot say).
    /// </summary>
    public double? CpuSeconds { get; init; }

    /// <summary>Bytes of values that <see cref="CpuSeconds"/> stands for.</summary>
    public long? CpuBytes { get; init; }

    /// <summary>Bytes of values that a catch-up read before the measured part, of another topic; null for none.</summary>
    public long? WarmupBytesConsumed { get; init; }

    /// <summary>Records acknowledged over the whole run, warm-up included, that must be there afterwards.</summary>
    public long? RecordsAcknowledged { get; init; }

    /// <summary>
    /// Order-independent checksum over the acknowledged values (see <c>ValueChecksum</c>), where the program computes one.
    /// </summary>
    public ulong? ValuesChecksum { get; init; }

    /// <summary>The same two, as found by reading everything afterwards; null when it was not read.</summary>
    public long? RecordsFound { get; init; }

    public ulong? ValuesFoundChecksum { get; init; }

    /// <summary>What each end of a node did, in the order in which they came; null for loads without any.</summary>
    public IReadOnlyList<NodeLoss>? NodeLosses { get; init; }

    /// <summary>How a node that was away came back; null for loads without.</summary>
    public NodeReturn? NodeReturn { get; init; }

    /// <summary>The command line, secrets there are none.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Something a reader of the number must know, such as "latencies in whole milliseconds".</summary>
    public string? Remark { get; init; }
}

/// <summary>What the end of the node that led the first partition did. Null is what a system or its client cannot say.</summary>
/// <param name="UnavailableSeconds">
/// The longest time without an acknowledgement of one partition, of all partitions, from the signal on; for clients that only tell
/// latencies, the longest one.
/// </param>
/// <param name="LeadersMovedSeconds">From the signal until every partition had a leader elsewhere, as seen from outside.</param>
/// <param name="InSyncSeconds">From the start of the node until every replica was in sync again.</param>
public sealed record NodeLoss(double? UnavailableSeconds, double? LeadersMovedSeconds, double? InSyncSeconds);

/// <summary>How a node that was away caught up.</summary>
/// <param name="Bytes">Bytes of values that were written while it was away.</param>
/// <param name="StartSeconds">From the start of its process until it answered.</param>
/// <param name="CatchUpSeconds">From then until every replica was in sync.</param>
/// <param name="AckP99BeforeMicroseconds">Acknowledgement of the open loop from the intended time, with all nodes there.</param>
/// <param name="AckP99DuringMicroseconds">The same from the start of the process until it was in sync.</param>
public sealed record NodeReturn(
    long Bytes, double StartSeconds, double CatchUpSeconds, double? AckP99BeforeMicroseconds, double? AckP99DuringMicroseconds)
{
    /// <summary>10^6 bytes of values per second, the start of the process included.</summary>
    public double MegabytesPerSecond => Bytes / (StartSeconds + CatchUpSeconds) / 1e6;
}

/// <summary>Records and bytes of values over a time.</summary>
public sealed record Throughput(long Records, long Bytes, double Seconds)
{
    public double RecordsPerSecond => Seconds > 0 ? Records / Seconds : 0;

    /// <summary>10^6 bytes of values per second.</summary>
    public double MegabytesPerSecond => Seconds > 0 ? Bytes / Seconds / 1e6 : 0;
}

/// <summary>A latency distribution in microseconds.</summary>
public sealed record Latency
{
    public required long Count { get; init; }
    public required double P50 { get; init; }
    public double? P90 { get; init; }
    public required double P99 { get; init; }
    public double? P999 { get; init; }
    public double? P9999 { get; init; }
    public required double Max { get; init; }
    public double? Mean { get; init; }

    /// <summary>Percentile (0–100) and microseconds, ascending, for the curve; empty where the tool gives none.</summary>
    public IReadOnlyList<CurvePoint> Curve { get; init; } = [];

    /// <summary>One entry a second of the measured part; empty where the tool gives none.</summary>
    public IReadOnlyList<SecondPoint> OverTime { get; init; } = [];
}

public sealed record CurvePoint(double Percentile, double Microseconds);

/// <summary>Microseconds within one second of a run.</summary>
public sealed record SecondPoint(int Second, double P50, double P99, double Max);
