namespace LogBroker.Rpc.Server;

/// <summary>Lets one line through in a period, so that whoever misbehaves cannot fill the log. Thread-safe.</summary>
public sealed class PeriodicLine(TimeSpan period, TimeProvider time)
{
    private readonly Lock _lock = new();
    private bool _hasWritten;
    private long _writtenAt;
    private long _suppressed;

    /// <summary>The period in seconds.</summary>
    public double Seconds => period.TotalSeconds;

    /// <summary>True when the line may be written; then with the number of those that were not since the last.</summary>
    public bool TryTake(out long suppressed)
    {
        lock (_lock)
        {
            suppressed = 0;
            if (_hasWritten && time.GetElapsedTime(_writtenAt) < period)
            {
                _suppressed++;
                return false;
            }

            _hasWritten = true;
            _writtenAt = time.GetTimestamp();
            (suppressed, _suppressed) = (_suppressed, 0);
            return true;
        }
    }
}
