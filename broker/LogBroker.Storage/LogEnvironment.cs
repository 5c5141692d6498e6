using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Storage;

/// <summary>What all logs of one data directory share. Thread-safe; lives longer than the logs.</summary>
public sealed class LogEnvironment
{
    /// <summary>Puts the parts together.</summary>
    public LogEnvironment(
        IDisk disk,
        IStateStore state,
        IFatalFailure fatal,
        DiskSpaceGuard space,
        StorageMetrics metrics,
        TimeProvider time)
    {
        Disk = disk;
        State = state;
        Fatal = fatal;
        Space = space;
        Metrics = metrics;
        Time = time;
        DeletedSegments = new DeletedSegments(time);
    }

    /// <summary>All file access.</summary>
    public IDisk Disk { get; }

    /// <summary>Log starts and checkpoints.</summary>
    public IStateStore State { get; }

    /// <summary>Where failed writes and syncs go.</summary>
    public IFatalFailure Fatal { get; }

    /// <summary>Decides whether there is room to append.</summary>
    public DiskSpaceGuard Space { get; }

    /// <summary>Counters and timers.</summary>
    public StorageMetrics Metrics { get; }

    /// <summary>Ages of leases and durations; never the time of records.</summary>
    public TimeProvider Time { get; }

    /// <summary>Deleted files that leases still hold.</summary>
    public DeletedSegments DeletedSegments { get; }

    /// <summary>Where recovery and damage are reported.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;
}
