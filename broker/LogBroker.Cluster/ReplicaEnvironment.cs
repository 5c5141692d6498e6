using LogBroker.Protocol;
using LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace LogBroker.Cluster;

/// <summary>What all replicas of a broker share. Thread-safe; lives longer than the replicas.</summary>
internal sealed class ReplicaEnvironment(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public required BrokerSettings Settings { get; init; }

    public required LogEnvironment Logs { get; init; }

    public required FlushQueue Flushes { get; init; }

    public required HardStateQueue HardStates { get; init; }

    /// <summary>Where reads wait for the disk; null where they are to stay on the caller's thread.</summary>
    public required ColdReads? Cold { get; init; }

    /// <summary>The other nodes.</summary>
    public required PeerRouter Peers { get; init; }

    /// <summary>HOST:PORT that clients are told of a node, or null while it is not known.</summary>
    public Func<NodeId, string?> ClientAddressOf { get; set; } = static _ => null;

    /// <summary>Views of compacted partitions that are read by key.</summary>
    public required TableHome Tables { get; init; }

    public required ProduceBudget Budget { get; init; }

    /// <summary>What was refused on which stream, in front of the queues or behind them.</summary>
    public EarlierRefusals Refusals { get; } = new();

    public required ClusterMetrics Metrics { get; init; }

    public required NodeId Node { get; init; }

    public required DirectoryId Directory { get; init; }

    public required ILogger Log { get; init; }

    public TimeProvider Time => time;

    /// <summary>Milliseconds since 1970-01-01 by the broker's clock: for record times and retention.</summary>
    public long WallClockMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Milliseconds of running time: for deadlines and expiry, which no jump of the clock may touch.</summary>
    public long RunningMs => Time.GetElapsedTime(_started).Ticks / TimeSpan.TicksPerMillisecond;
}
