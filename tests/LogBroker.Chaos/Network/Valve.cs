namespace LogBroker.Chaos;

/// <summary>One direction of a link: bytes flow, wait, or come later. Thread-safe.</summary>
internal sealed class Valve
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _closed;

    /// <summary>How much later bytes come.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>From now on bytes wait.</summary>
    public void Close()
    {
        lock (_gate)
            _closed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>From now on bytes flow, also those that waited.</summary>
    public void Open()
    {
        lock (_gate)
        {
            _closed?.SetResult();
            _closed = null;
        }

        Delay = TimeSpan.Zero;
    }

    /// <summary>Completes when bytes read just now may go on.</summary>
    public async ValueTask PassAsync(CancellationToken cancellation)
    {
        if (Delay > TimeSpan.Zero)
            await Wait.ForAsync(Delay, cancellation);
        while (true)
        {
            Task? closed;
            lock (_gate)
                closed = _closed?.Task;
            if (closed is null)
                return;
            await closed.WaitAsync(cancellation);
        }
    }
}
