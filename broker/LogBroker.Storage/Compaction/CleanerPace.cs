namespace LogBroker.Storage;

/// <summary>
/// Keeps a compaction's reads and writes below a number of bytes per second, and ends it when asked. Of one thread; the token may be
/// cancelled by any.
/// </summary>
/// <param name="time">The clock that the rate is measured by.</param>
/// <param name="bytesPerSecond">The rate; 0 is no bound.</param>
/// <param name="stop">Ends the waiting, and the compaction.</param>
public sealed class CleanerPace(TimeProvider time, long bytesPerSecond, CancellationToken stop)
{
    private readonly long _started = time.GetTimestamp();
    private long _bytes;

    /// <summary>No bound, and no end.</summary>
    public static CleanerPace Unbounded { get; } = new(TimeProvider.System, 0, CancellationToken.None);

    /// <summary>True when the compaction is to end.</summary>
    public bool IsStopped => stop.IsCancellationRequested;

    /// <summary>Waits until this many more bytes are within the rate.</summary>
    public void Take(long bytes)
    {
        if (bytesPerSecond == 0)
        {
            return;
        }

        _bytes += bytes;
        double dueSeconds = (double)_bytes / bytesPerSecond;
        while (!IsStopped && dueSeconds - time.GetElapsedTime(_started).TotalSeconds is > 0.001 and double left)
        {
            _ = stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(Math.Min(left, 1)));
        }
    }
}
