namespace LogBroker.Client;

/// <summary>Says when the caller of a consumer has not asked for records for too long. While it waits for one it is asking.</summary>
internal sealed class PollWatch : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly Action _exceeded;
    private readonly ITimer _timer;
    private long _answeredAt;
    private volatile bool _isAsking;

    public PollWatch(TimeProvider clock, TimeSpan interval, Action exceeded)
    {
        _clock = clock;
        _interval = interval;
        _exceeded = exceeded;
        _answeredAt = clock.GetTimestamp();
        _isAsking = true;
        _timer = clock.CreateTimer(static self => ((PollWatch)self!).Look(), this, interval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The caller asks and waits.</summary>
    public void Asked() => _isAsking = true;

    /// <summary>The caller has what it asked for, or gave up asking.</summary>
    public void Answered()
    {
        Volatile.Write(ref _answeredAt, _clock.GetTimestamp());
        _isAsking = false;
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        TimeSpan silent = _isAsking ? TimeSpan.Zero : _clock.GetElapsedTime(Volatile.Read(ref _answeredAt));
        if (silent >= _interval)
        {
            _exceeded();
            return;
        }

        try
        {
            _timer.Change(_interval - silent, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // Disposed of while it looked.
        }
    }
}
