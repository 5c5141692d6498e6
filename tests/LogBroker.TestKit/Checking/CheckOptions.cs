namespace LogBroker.TestKit;

/// <summary>What a checker is told about a history.</summary>
public sealed record CheckOptions
{
    /// <summary>
    /// Writers without idempotence: their duplicates are reported and not bad, and a send of theirs without outcome may come late.
    /// </summary>
    public IReadOnlySet<int> PlainWriters { get; init; } = new HashSet<int>();

    /// <summary>Whole reads of every replica at the end; empty when there are none: then nothing is said about unseen values.</summary>
    public IReadOnlyList<ReplicaRead> Replicas { get; init; } = [];

    /// <summary>How many whole reads there must be; fewer make the run vacuous.</summary>
    public int ReplicaReadsMin { get; init; }

    /// <summary>The longest lag of a reader after <see cref="OpAction.Quiet"/>, in nanoseconds; null for no bound.</summary>
    public long? RealtimeLagMaxNs { get; init; }

    /// <summary>Fewer acknowledged records make the run vacuous.</summary>
    public long AcksMin { get; init; }

    /// <summary>Fewer records read by clients make the run vacuous.</summary>
    public long ReadsMin { get; init; }

    /// <summary>Fewer faults make the run vacuous.</summary>
    public long FaultsMin { get; init; }

    /// <summary>Fewer changes of leaders make the run vacuous.</summary>
    public long LeaderChangesMin { get; init; }
}
