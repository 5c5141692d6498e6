using LogBroker.Protocol;
using LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace LogBroker.Cluster;

/// <summary>What a broker stands on. Without a state store it opens the one in its data directory, and owns it.</summary>
internal sealed record BrokerSurroundings(
    BrokerSettings Settings,
    IDisk Disk,
    IStateStore? State,
    TimeProvider Time,
    ILoggerFactory Loggers,
    IFatalFailure Fatal,
    IPeerTransport? Peers = null)
{
    /// <summary>Where views of tables are kept, closed with the broker; null for the place that fits the state store.</summary>
    public ITableStore? Tables { get; init; }
}

/// <summary>
/// Starts a broker, step by step: directory, state store, metadata log, partitions. What fails on the way gives back all that was
/// taken, the lock of the directory last.
/// </summary>
internal sealed class BrokerStart
{
    private readonly Stack<IDisposable> _taken = new();

    public static async Task<Result<Broker>> Open(
        BrokerSurroundings around, bool isPumped, IProgress<RecoveryProgress>? progress, CancellationToken cancellation)
    {
        BrokerSettings settings = around.Settings;
        if (settings.Check() is { } error)
        {
            return error;
        }

        Result<DataDirectory> directory = DataDirectory.Open(around.Disk, settings.DataDirectory, settings.DirectoryOptions);
        if (!directory.IsOk)
        {
            return directory.Error;
        }

        var start = new BrokerStart();
        start._taken.Push(directory.Value);
        try
        {
            Result<Broker> broker = await start.Run(around, directory.Value, isPumped, progress, cancellation);
            if (broker.IsOk)
            {
                start._taken.Clear();
            }

            return broker;
        }
        finally
        {
            while (start._taken.TryPop(out IDisposable? taken))
            {
                taken.Dispose();
            }
        }
    }

    private async Task<Result<Broker>> Run(
        BrokerSurroundings around,
        DataDirectory directory,
        bool isPumped,
        IProgress<RecoveryProgress>? progress,
        CancellationToken cancellation)
    {
        BrokerSettings settings = around.Settings;
        ILogger log = around.Loggers.CreateLogger("LogBroker.Cluster");
        MetaFile meta = directory.Meta;
        BrokerLog.Opened(log, directory.Path, meta.ClusterId.ToString(), meta.NodeId.Value, directory.WasCleanShutdown);
        IStateStore? ownedState = null;
        if (around.State is null)
        {
            ownedState = directory.OpenStateStore(out string? movedTo);
            _taken.Push(ownedState);
            if (movedTo is not null)
            {
                BrokerLog.StateMovedAside(log, movedTo);
            }
        }

        IStateStore state = around.State ?? ownedState!;
        if (directory.Attach(state) == StateCondition.Lost)
        {
            BrokerLog.StateLost(log);
        }

        StorageMetrics storageMetrics = Taken(new StorageMetrics());
        ClusterMetrics metrics = Taken(new ClusterMetrics());
        var logs = new LogEnvironment(
            around.Disk,
            state,
            around.Fatal,
            new DiskSpaceGuard(around.Disk, directory.Path, settings.DiskHeadroomBytes),
            storageMetrics,
            around.Time)
        {
            Log = around.Loggers.CreateLogger("LogBroker.Storage"),
        };
        IBrokerThreads threads = isPumped
            ? new PumpedThreads(logs, isOneOfSeveral: settings.Cluster is not null)
            : new BrokerThreads(logs, settings.PartitionLoops);
        _taken.Push(new EndOfThreads(threads));
        bool isOnDisk = around.State is null;
        var tables = Taken(new TableHome(() => around.Tables ?? (isOnDisk ? directory.OpenTableStore() : new MemoryTableStore()), threads));
        var env = new ReplicaEnvironment(around.Time)
        {
            Settings = settings,
            Logs = logs,
            Flushes = threads.Flushes,
            HardStates = threads.HardStates,
            Cold = threads.Cold,
            Peers = new PeerRouter(settings.Cluster, meta.NodeId, new BootId(settings.NewId()), around.Peers ?? new NoPeers()),
            Tables = tables,
            Budget = new ProduceBudget(settings.ProduceBytesMax),
            Metrics = metrics,
            Node = meta.NodeId,
            Directory = directory.Meta.DirectoryId,
            Log = log,
        };
        var broker = new Broker(env, threads, directory, ownedState, storageMetrics);
        BrokerError? error = await broker.Start(progress, cancellation);
        return error is null ? broker : error;
    }

    private T Taken<T>(T taken)
        where T : IDisposable
    {
        _taken.Push(taken);
        return taken;
    }

    private sealed class EndOfThreads(IBrokerThreads threads) : IDisposable
    {
        public void Dispose()
        {
            threads.StopLoops();
            threads.HardStates.Dispose();
            threads.Flushes.Dispose();
        }
    }
}
