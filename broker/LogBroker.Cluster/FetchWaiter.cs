namespace LogBroker.Cluster;

/// <summary>
/// One parked fetch: completes when the bytes that it misses became visible in its partitions, when one of them fails, at its
/// deadline, or when it is cancelled. Woken by high watermarks only; its timer is for the deadline. Thread-safe.
/// </summary>
internal sealed class FetchWaiter : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _deadline;
    private readonly CancellationTokenRegistration _cancellation;
    private long _missingBytes = long.MaxValue;

    public FetchWaiter(TimeSpan wait, TimeProvider time, CancellationToken cancellation)
    {
        _deadline = time.CreateTimer(static w => ((FetchWaiter)w!).Wake(), this, wait, Timeout.InfiniteTimeSpan);
        _cancellation = cancellation.UnsafeRegister(
            static (w, token) => ((FetchWaiter)w!)._done.TrySetCanceled(token), this);
    }

    /// <summary>Ends when there is a reason to look again; cancelled when the caller is.</summary>
    public Task Done => _done.Task;

    /// <summary>
    /// Says what is missing, once, by a look that came after the waiter was put into the lists: what arrived meanwhile counts twice,
    /// which wakes it too early, and never too late.
    /// </summary>
    public void Expect(long missingBytes)
    {
        if (Interlocked.Add(ref _missingBytes, missingBytes - long.MaxValue) <= 0)
        {
            Wake();
        }
    }

    /// <summary>So many bytes became visible in one of its partitions.</summary>
    public void Arrived(long bytes)
    {
        if (Interlocked.Add(ref _missingBytes, -bytes) <= 0)
        {
            Wake();
        }
    }

    /// <summary>There is a reason to look again at once.</summary>
    public void Wake() => _done.TrySetResult();

    public void Dispose()
    {
        _deadline.Dispose();
        _cancellation.Dispose();
    }
}

/// <summary>The parked fetches of one partition. Any thread.</summary>
internal sealed class FetchWaiters
{
    private readonly Lock _lock = new();
    private readonly List<FetchWaiter> _parked = [];

    public void Add(FetchWaiter waiter)
    {
        lock (_lock)
        {
            _parked.Add(waiter);
        }
    }

    public void Remove(FetchWaiter waiter)
    {
        lock (_lock)
        {
            _parked.Remove(waiter);
        }
    }

    /// <summary>The high watermark passed so many bytes.</summary>
    public void Arrived(long bytes)
    {
        lock (_lock)
        {
            foreach (FetchWaiter waiter in _parked)
            {
                waiter.Arrived(bytes);
            }
        }
    }

    /// <summary>The partition changed in another way: everybody looks again.</summary>
    public void WakeAll()
    {
        lock (_lock)
        {
            foreach (FetchWaiter waiter in _parked)
            {
                waiter.Wake();
            }
        }
    }
}
