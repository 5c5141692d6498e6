using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Results;

/// <summary>One system, one client, one scenario, one round: everything that was measured, and under which circumstances.</summary>
public sealed record RunResult
{
    public required string Scenario { get; init; }
    public required string Workload { get; init; }
    public required DurabilityClass Class { get; init; }
    public required string System { get; init; }
    public required string Client { get; init; }

    /// <summary>From 1. Systems of the same round and scenario are a pair: only they are compared.</summary>
    public required int Round { get; init; }

    /// <summary>Place in the round's turn, from 0: odd rounds run forwards, even rounds backwards (ABBA).</summary>
    public required int Turn { get; init; }
    public required DateTimeOffset Started { get; init; }

    /// <summary>One line; null when the run succeeded. A failed run has no numbers and is shown as failed.</summary>
    public string? Failure { get; init; }
    public ClientResult? Load { get; init; }
    public BrokerUsage? Broker { get; init; }
    public FsyncProbeResult? FsyncBefore { get; init; }
    public FsyncProbeResult? FsyncAfter { get; init; }

    /// <summary>Null when nothing was there to verify.</summary>
    public VerifyResult? Verify { get; init; }

    /// <summary>Process start to first successful request.</summary>
    public double? StartSeconds { get; init; }

    /// <summary>Process start until every partition answers again, after the restart that the scenario asks for.</summary>
    public double? RestartSeconds { get; init; }

    /// <summary>From the end of a node after the load until every partition had a leader elsewhere.</summary>
    public double? LeadersMovedSeconds { get; init; }

    /// <summary>Version of the system.</summary>
    public string? Version { get; init; }

    /// <summary>Key figures of the configuration, one line.</summary>
    public string? Configuration { get; init; }
}

/// <summary>What the broker's processes used while the load ran (warm-up included: shares are per byte of the same span).</summary>
public sealed record BrokerUsage
{
    /// <summary>User and system, all threads.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>CPU seconds per 10^9 bytes of values moved, produced plus consumed; null when nothing was moved.</summary>
    public double? CpuSecondsPerGigabyte { get; init; }

    /// <summary>Share of one core, 0–100 per core, over the span.</summary>
    public required double CpuPercent { get; init; }

    /// <summary>The same of the process that used most; null where there is only one.</summary>
    public double? CpuPercentOfBusiest { get; init; }

    /// <summary>Largest VmRSS seen, bytes; mapped file pages count.</summary>
    public required long RssBytesPeak { get; init; }

    /// <summary>Largest RssAnon seen, bytes.</summary>
    public required long RssAnonBytesPeak { get; init; }

    /// <summary>RssAnon once a second, bytes.</summary>
    public IReadOnlyList<long> RssAnonBytesOverTime { get; init; } = [];

    /// <summary><c>write_bytes</c> of /proc/PID/io: what was sent to the block layer.</summary>
    public long? BytesWritten { get; init; }

    /// <summary>
    /// fsync, fdatasync, sync_file_range, syncfs, msync calls; only with <c>--count-syncs</c>, or where the broker counts them
    /// itself.
    /// </summary>
    public long? Syncs { get; init; }
    public required double Seconds { get; init; }
}

/// <summary>Two seconds of 4 KiB append + fdatasync on the data disk, microseconds.</summary>
public sealed record FsyncProbeResult(int Count, double P50, double P99);

/// <summary>What the disk itself does, measured beside a scenario of class B or a cold read; MB/s of 10^6 bytes.</summary>
public sealed record DiskProbeResult(double WriteOneSyncPerMebibyte, double? SequentialRead);

/// <summary>Reading back what was acknowledged.</summary>
public sealed record VerifyResult(long RecordsExpected, long RecordsFound, bool? ChecksumMatches)
{
    /// <summary>More than expected is fine (a record whose acknowledgement was lost); fewer or other bytes is not.</summary>
    public bool IsComplete => RecordsFound >= RecordsExpected && ChecksumMatches != false;
}

/// <summary>
/// A result file: what <c>run</c> writes, <c>--resume</c> goes on with, <c>report</c> reads and <c>bench/baselines</c> keeps.
/// </summary>
public sealed record ResultFile
{
    public const int CurrentFormat = 1;
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Commit of the tree that was measured; ends in <c>-dirty</c> with uncommitted changes.</summary>
    public required string Commit { get; init; }
    public required MachineInfo Machine { get; init; }

    /// <summary>The arguments of <c>run</c>.</summary>
    public required string Arguments { get; init; }

    /// <summary>One line for each system that was left out, with why.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
    public required IReadOnlyList<Scenario> Scenarios { get; init; }
    public required IReadOnlyList<RunResult> Runs { get; init; }

    /// <summary>By scenario name and round, <c>W1-B#1</c>.</summary>
    public IReadOnlyDictionary<string, DiskProbeResult> DiskProbes { get; init; } = new Dictionary<string, DiskProbeResult>();
}

/// <summary>The machine, without its name.</summary>
public sealed record MachineInfo(string Cpu, int Cores, long MemoryBytes, string Kernel, string FileSystem, string Runtime);
