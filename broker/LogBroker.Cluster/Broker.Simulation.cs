namespace LogBroker.Cluster;

/// <summary>What a simulation needs that a process has from its operating system.</summary>
public sealed partial class Broker
{
    /// <summary>
    /// The simulated process has ended, with nothing done in good order: only what outlives objects, the meters, is let go. Nothing may
    /// be called on the broker any more.
    /// </summary>
    internal void Abandon()
    {
        _ticker?.Dispose();
        _env.Metrics.Dispose();
        _storageMetrics.Dispose();
    }
}
