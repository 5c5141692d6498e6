using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Load;

/// <summary>What a run of the load program does.</summary>
public enum LoadPhase
{
    /// <summary>Writes the preload.</summary>
    Prepare,

    /// <summary>Runs the load, warm-up included.</summary>
    Run,

    /// <summary>Reads everything back.</summary>
    Verify,
}

/// <summary>
/// The load generator for LogBroker, on the public SDK alone. The harness runs it as a process of its own, so that its CPU time and
/// memory are the client's.
/// </summary>
internal static class LoadProgram
{
    /// <summary>Its name among the clients.</summary>
    public const string ClientName = "sdk";

    /// <summary>Writes the preload; nothing without one.</summary>
    public static async Task<ClientResult> PrepareAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        target.Check();
        return target.Scenario.Kind == LoadKind.CatchUp ? await CatchUpLoad.PrepareAsync(target, cancellationToken)
            : target.Scenario.PreloadBytes > 0 ? await IngestLoad.PreloadAsync(target, cancellationToken)
            : new ClientResult { Client = ClientName, RecordsAcknowledged = 0, ValuesChecksum = 0 };
    }

    /// <summary>Runs the load.</summary>
    /// <exception cref="Systems.BenchException">The scenario cannot be run, or a record was not acknowledged.</exception>
    public static Task<ClientResult> RunAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        target.Check();
        return target.Scenario.Kind switch
        {
            LoadKind.Ingest or LoadKind.Tail => IngestLoad.RunAsync(target, cancellationToken),
            LoadKind.FixedRate => FixedRateLoad.RunAsync(target, cancellationToken),
            LoadKind.Singles => SinglesLoad.RunAsync(target, cancellationToken),
            LoadKind.CatchUp => CatchUpLoad.RunAsync(target, cancellationToken),
            LoadKind.Failover or LoadKind.Rejoin =>
                throw new Systems.BenchException($"{target.Scenario.Name} ends nodes: it has no load alone"),
            LoadKind.Idle => IdleLoad.RunAsync(target, cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(target)),
        };
    }
}
