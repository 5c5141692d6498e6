namespace LogBroker.Bench.Plan;

/// <summary>What an acknowledgement means. The two classes are never compared with each other.</summary>
public enum DurabilityClass
{
    /// <summary>Acknowledged = in the page cache (Kafka's default; our topics with <c>durability=memory</c>).</summary>
    A,

    /// <summary>Acknowledged = fsynced (Kafka's <c>flush.messages=1</c>; our default).</summary>
    B,
}

/// <summary>The shape of a load.</summary>
public enum LoadKind
{
    /// <summary>Producers as fast as they can, until the time or the byte limit is over (W1, W2, W3).</summary>
    Ingest,

    /// <summary>Producers as fast as they can with readers at the tail at the same time (W4).</summary>
    Tail,

    /// <summary>Open loop at a fixed rate with a reader at the tail; latency from the intended time (W5, W12).</summary>
    FixedRate,

    /// <summary>Closed loop of single-record batches with a fixed number in flight, linger 0 (W6, W7).</summary>
    Singles,

    /// <summary>Preloaded data read from the start, warm or with a cold page cache (W8, and the way out in W3).</summary>
    CatchUp,

    /// <summary>No load: CPU of the idle broker with its partitions open and one consumer attached (W12, W11).</summary>
    Idle,

    /// <summary>
    /// An open loop at a fixed rate on a cluster, while the node that leads the first partition is ended, again and again (W11).
    /// </summary>
    Failover,

    /// <summary>
    /// A node is stopped, <see cref="Scenario.PreloadBytes"/> are written without it, and it is started again; an open loop goes on
    /// meanwhile (W11).
    /// </summary>
    Rejoin,
}

/// <summary>What happens to the broker between the load and the check of what was acknowledged.</summary>
public enum RestartKind
{
    /// <summary>It runs on.</summary>
    None,

    /// <summary>It is stopped the ordinary way and started again.</summary>
    Clean,

    /// <summary>It is ended by SIGKILL and started again.</summary>
    Kill,
}

/// <summary>
/// One cell of the matrix: a load that every system runs in the same way. Immutable; the name is unique and stable, results of
/// different runs are matched by it.
/// </summary>
public sealed record Scenario
{
    /// <summary>Unique, such as <c>W5-A-20000</c>; also the key in result files.</summary>
    public required string Name { get; init; }

    /// <summary>The workload that it belongs to, such as <c>W5</c>.</summary>
    public required string Workload { get; init; }

    public required DurabilityClass Class { get; init; }

    public required LoadKind Kind { get; init; }

    public int Partitions { get; init; } = 1;

    public int Producers { get; init; } = 1;

    /// <summary>Readers that share the partitions.</summary>
    public int Consumers { get; init; }

    /// <summary>Bytes of a value; half of them random, so that nothing compresses it away. There are no keys.</summary>
    public int ValueBytes { get; init; } = 1024;

    /// <summary>All producers together; 0 = unthrottled.</summary>
    public int RecordsPerSecond { get; init; }

    /// <summary>Only for <see cref="LoadKind.Singles"/>: records in flight, each a batch of its own.</summary>
    public int RecordsInFlight { get; init; }

    /// <summary>Most bytes of a batch.</summary>
    public int BatchBytesMax { get; init; } = 256 * 1024;

    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Most unacknowledged bytes of one producer.</summary>
    public int InFlightBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>The part that is measured.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The part before it, which is run the same way and not counted.</summary>
    public TimeSpan Warmup { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most bytes that one run writes, warm-up included, so that no system meets the kernel's dirty throttling.</summary>
    public long BytesWrittenMax { get; init; } = 3_000_000_000;

    /// <summary>Bytes written before the measured part, not measured: what the readers of a catch-up find, or a restart.</summary>
    public long PreloadBytes { get; init; }

    /// <summary>Nodes of the cluster; each has a replica of every partition, and a majority of them acknowledges.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>
    /// How a node of a cluster is ended: in a failover and a rejoin within the load, otherwise after it, and then the time until every
    /// partition has another leader is measured.
    /// </summary>
    public RestartKind NodeEnd { get; init; }

    /// <summary>Only for <see cref="LoadKind.Failover"/>: how often in one run, for our own system.</summary>
    public int NodeEnds { get; init; }

    /// <summary>The same for the other systems, some of which need a minute for each.</summary>
    public int NodeEndsOfRivals { get; init; }

    /// <summary>Only for <see cref="LoadKind.CatchUp"/>: the page cache is dropped before the readers start.</summary>
    public bool ColdCache { get; init; }

    /// <summary>Whether the broker is restarted before the records are verified; the time it takes is recorded.</summary>
    public RestartKind Restart { get; init; }
}
