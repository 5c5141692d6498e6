using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// Compaction of the logs of one node, one after the other: the dirtiest that is due first. A tick picks a replica, its loop plans, the
/// cleaner's thread reads and writes, the loop puts the result in place. Thread-safe.
/// </summary>
internal sealed class Cleaning : IDisposable
{
    private readonly LogEnvironment _logs;
    private readonly IBrokerThreads _threads;
    private readonly BrokerSettings _settings;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly LogCleaner _cleaner;
    private int _isBusy;
    private long _lookedMs = long.MinValue / 2;

    public Cleaning(LogEnvironment logs, IBrokerThreads threads, BrokerSettings settings)
    {
        _logs = logs;
        _threads = threads;
        _settings = settings;
        _stopped = _stop.Token;
        _cleaner = new LogCleaner(logs, settings.CleanerMapBytes);
    }

    /// <summary>Looks which logs are dirty, at intervals, and begins a compaction when one is due and none runs. On the ticker.</summary>
    public void Tick(IEnumerable<PartitionReplica> replicas, long nowMs)
    {
        if (Volatile.Read(ref _isBusy) != 0 || _stopped.IsCancellationRequested)
        {
            return;
        }

        if (nowMs - _lookedMs >= _settings.CleanerIntervalMs)
        {
            _lookedMs = nowMs;
            foreach (PartitionReplica replica in replicas)
            {
                if (replica.Topic.Config.IsCompacted)
                {
                    replica.LookAtDirt();
                }
            }

            return;
        }

        PartitionReplica? dirtiest = null;
        foreach (PartitionReplica replica in replicas)
        {
            if (replica.Dirt.IsDue && (dirtiest is null || replica.Dirt.Ratio > dirtiest.Dirt.Ratio))
            {
                dirtiest = replica;
            }
        }

        if (dirtiest is not null && Interlocked.Exchange(ref _isBusy, 1) == 0)
        {
            dirtiest.Compact(this);
        }
    }

    /// <summary>Runs a plan where it disturbs nobody; <paramref name="done"/> gets what it made, or null.</summary>
    public void Run(CompactionPlan plan, Action<CompactionResult?> done)
    {
        void Work() => done(_cleaner.Run(plan, new CleanerPace(_logs.Time, _settings.CleanerBytesPerSecond, _stopped)));
        if (!_threads.TryStartCleaning(Work))
        {
            Work(); // which is stopped: it lets go of the segments
        }
    }

    /// <summary>Another compaction may begin.</summary>
    public void End() => Volatile.Write(ref _isBusy, 0);

    /// <summary>Ends a compaction that runs, with nothing changed.</summary>
    public void Stop() => _stop.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}
