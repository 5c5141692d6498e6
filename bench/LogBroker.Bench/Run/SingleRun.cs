using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>Takes one system from an empty directory through the load to the check of what was acknowledged.</summary>
internal sealed class SingleRun(PlannedRun run, bool countsSyncs, IProcessStarter processes, IInstruments instruments)
{
    private const double PreloadBytesPerSecondMin = 10e6;
    private static readonly TimeSpan Overhead = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PerNodeEnd = TimeSpan.FromMinutes(1.5);

    /// <summary>A run that takes longer hangs.</summary>
    public static TimeSpan TimeLimit(Scenario scenario) =>
        (scenario.Warmup + scenario.Duration) * 2 + TimeSpan.FromSeconds(scenario.PreloadBytes / PreloadBytesPerSecondMin)
        + (Overhead * scenario.Nodes) + (PerNodeEnd * Math.Max(scenario.NodeEnds, scenario.NodeEndsOfRivals));

    /// <summary>What a run can write, with room to spare; 0 when it writes next to nothing.</summary>
    public static long BytesNeeded(Scenario scenario)
    {
        if (scenario.Kind is LoadKind.CatchUp or LoadKind.Idle or LoadKind.Rejoin)
        {
            return scenario.PreloadBytes * scenario.Nodes * 5 / 4;
        }

        double seconds = TimeLimitOfLoad(scenario).TotalSeconds;
        long rateBound = (long)(scenario.RecordsPerSecond * (double)scenario.ValueBytes * seconds);
        long bytes = rateBound > 0 ? Math.Min(rateBound, scenario.BytesWrittenMax) : scenario.BytesWrittenMax;
        return bytes * scenario.Nodes * 5 / 4;

        static TimeSpan TimeLimitOfLoad(Scenario scenario) => scenario.Kind == LoadKind.Failover
            ? PerNodeEnd * Math.Max(scenario.NodeEnds, scenario.NodeEndsOfRivals)
            : scenario.Warmup + scenario.Duration;
    }

    /// <summary>Runs it in an empty directory; whatever is started is stopped.</summary>
    /// <returns>The result without the probes around it.</returns>
    /// <exception cref="BenchException">It failed.</exception>
    public async Task<RunResult> RunAsync(string directory, DateTimeOffset started, CancellationToken cancellationToken)
    {
        Scenario scenario = run.Scenario;
        string data = Directory.CreateDirectory(Path.Combine(directory, "data")).FullName;
        await using IRunningSystem system = await run.System.StartAsync(data, scenario, processes, cancellationToken);
        ClientResult? prepared = await system.PrepareAsync(run.Client, scenario, cancellationToken);
        (ClientResult load, BrokerUsage usage) = await LoadAsync(system, directory, cancellationToken);

        RestartKind end = scenario.Nodes == 1 ? scenario.Restart
            : scenario.Kind == LoadKind.Idle ? scenario.NodeEnd
            : RestartKind.None;
        TimeSpan? restart = end == RestartKind.None
            ? null
            : await system.RestartAsync(end == RestartKind.Kill, scenario, cancellationToken);
        ClientResult written = Written(prepared, load);
        VerifyResult? verify = await system.VerifyAsync(run.Client, scenario, written, cancellationToken);
        bool isComplete = verify?.IsComplete ?? true;
        return Empty(run, started) with
        {
            Failure = isComplete ? null : Incomplete(verify!),
            Load = isComplete ? load : null,
            // Where processes come and go, what those used that were there at the start says nothing.
            Broker = isComplete && scenario.Kind is not (LoadKind.Failover or LoadKind.Rejoin) ? usage : null,
            Verify = verify,
            StartSeconds = system.StartTime.TotalSeconds,
            RestartSeconds = scenario.Nodes == 1 ? restart?.TotalSeconds : null,
            LeadersMovedSeconds = scenario.Nodes > 1 ? restart?.TotalSeconds : null,
            Version = system.Version,
            Configuration = system.Configuration,
        };
    }

    /// <summary>A result that says only which run it is of.</summary>
    public static RunResult Empty(PlannedRun run, DateTimeOffset started) => new()
    {
        Scenario = run.Scenario.Name,
        Workload = run.Scenario.Workload,
        Class = run.Scenario.Class,
        System = run.System.Name,
        Client = run.Client,
        Round = run.Round,
        Turn = run.Turn,
        Started = started,
    };

    /// <summary>Everything that must be there: the preload and what the load added. The checksum is a wrapping sum.</summary>
    internal static ClientResult Written(ClientResult? prepared, ClientResult load)
    {
        if (prepared?.RecordsAcknowledged is null || load.RecordsAcknowledged is null)
        {
            return load with
            {
                RecordsAcknowledged = load.RecordsAcknowledged ?? prepared?.RecordsAcknowledged,
                ValuesChecksum = load.RecordsAcknowledged is null ? prepared?.ValuesChecksum : load.ValuesChecksum,
            };
        }

        return load with
        {
            RecordsAcknowledged = prepared.RecordsAcknowledged + load.RecordsAcknowledged,
            ValuesChecksum = unchecked(prepared.ValuesChecksum + load.ValuesChecksum),
        };
    }

    /// <summary>
    /// Bytes of values that went in and out while the broker was watched. The watch includes the warm-up, the client's numbers do not:
    /// what was produced follows from the acknowledged records, and what was consumed is taken in the same proportion.
    /// What a catch-up reads in its warm-up is not known; it has none where this counts.
    /// </summary>
    internal static long? BytesMoved(Scenario scenario, ClientResult load)
    {
        if (scenario.Kind == LoadKind.CatchUp && scenario.Warmup > TimeSpan.Zero)
        {
            return null;
        }

        long producedMeasured = load.Produced?.Bytes ?? 0;
        long consumedMeasured = load.Consumed?.Bytes ?? 0;
        double share = 1;
        if (scenario.Kind != LoadKind.CatchUp && producedMeasured > 0 && load.RecordsAcknowledged is { } acknowledged)
        {
            share = Math.Max(1, acknowledged * (double)scenario.ValueBytes / producedMeasured);
        }

        long moved = (long)((producedMeasured + consumedMeasured) * share) + (load.WarmupBytesConsumed ?? 0);
        return moved > 0 ? moved : null;
    }

    private async Task<(ClientResult Load, BrokerUsage Usage)> LoadAsync(
        IRunningSystem system, string directory, CancellationToken cancellationToken)
    {
        long? syncsBefore = await system.SyncsAsync(cancellationToken);

        // A broker that counts its own syncs is not slowed down by counting them from outside.
        await using ISyncCount? counter = countsSyncs && syncsBefore is null
            ? await instruments.CountSyncsAsync(system.ProcessIds, directory, processes, cancellationToken)
            : null;
        using IUsageSpan span = instruments.WatchUsage(system.ProcessIds);
        ClientResult load = await system.RunAsync(run.Client, run.Scenario, cancellationToken);
        BrokerUsage usage = span.Stop(BytesMoved(run.Scenario, load));
        long? syncs = counter is null
            ? await system.SyncsAsync(cancellationToken) - syncsBefore
            : await counter.StopAsync();
        return (load, usage with { Syncs = syncs });
    }

    private static string Incomplete(VerifyResult verify) => verify.RecordsFound < verify.RecordsExpected
        ? FormattableString.Invariant(
            $"{verify.RecordsExpected - verify.RecordsFound} of {verify.RecordsExpected} acknowledged records are not there")
        : "the values read back are not those that were acknowledged";
}
