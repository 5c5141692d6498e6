using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>What is measured beside the load.</summary>
internal interface IInstruments
{
    /// <summary>The machine, with the file system of the directory.</summary>
    MachineInfo ReadMachine(string directory);

    /// <summary>What a small fsynced append takes in this directory right now; about a second.</summary>
    Task<FsyncProbeResult> ProbeFsyncAsync(string directory, CancellationToken cancellationToken);

    /// <summary>What the disk itself writes and reads; a few seconds.</summary>
    Task<DiskProbeResult> ProbeDiskAsync(string directory, CancellationToken cancellationToken);

    /// <summary>Looks at processes from now on.</summary>
    IUsageSpan WatchUsage(IReadOnlyList<int> processIds);

    /// <summary>Counts fsync and its kin from outside, from now on.</summary>
    /// <exception cref="BenchException">Nothing can be counted here.</exception>
    Task<ISyncCount> CountSyncsAsync(
        IReadOnlyList<int> processIds, string directory, IProcessStarter processes, CancellationToken cancellationToken);
}

/// <summary>A span of time over which the use of processes is observed.</summary>
internal interface IUsageSpan : IDisposable
{
    /// <summary>Ends it.</summary>
    /// <param name="bytesMoved">Bytes of values produced and consumed in it; null when nothing was.</param>
    BrokerUsage Stop(long? bytesMoved);
}

/// <summary>A running count.</summary>
internal interface ISyncCount : IAsyncDisposable
{
    /// <summary>Ends it; null when nothing came out.</summary>
    Task<long?> StopAsync();
}
