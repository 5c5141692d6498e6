namespace LogBroker.Client;

/// <summary>
/// Counts the memory of batches. Whoever finds none waits in order of arrival, and nobody overtakes who waits. A request is also
/// granted when nothing is held at all, whatever its size, so that one batch always gets in. Thread-safe.
/// </summary>
internal sealed class MemoryGate(long bytesMax)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private long _held;
    private volatile bool _hasWaiters;

    public long Held
    {
        get
        {
            lock (_lock)
            {
                return _held;
            }
        }
    }

    /// <summary>True while somebody waits: then what is held should be sent without waiting to be filled.</summary>
    public bool HasWaiters => _hasWaiters;

    /// <summary>Takes memory if there is some and nobody waits.</summary>
    public bool TryTake(long bytes)
    {
        lock (_lock)
        {
            if (_waiters.Count > 0 || (_held > 0 && _held + bytes > bytesMax))
            {
                return false;
            }

            _held += bytes;
            return true;
        }
    }

    /// <summary>Takes memory for a batch that has grown already; may exceed the bound by that.</summary>
    public void Take(long bytes)
    {
        lock (_lock)
        {
            _held += bytes;
        }
    }

    /// <summary>Waits for memory.</summary>
    public Task TakeAsync(long bytes, CancellationToken cancellation)
    {
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            if (_waiters.Count == 0 && (_held == 0 || _held + bytes <= bytesMax))
            {
                _held += bytes;
                return Task.CompletedTask;
            }

            node = _waiters.AddLast(new Waiter(bytes));
            _hasWaiters = true;
        }

        return cancellation.CanBeCanceled ? WaitAsync(node, cancellation) : node.Value.Granted.Task;
    }

    public void Give(long bytes)
    {
        List<Waiter>? granted;
        lock (_lock)
        {
            _held -= bytes;
            granted = Grant();
        }

        Wake(granted);
    }

    private static void Wake(List<Waiter>? granted)
    {
        foreach (Waiter waiter in granted ?? [])
        {
            waiter.Granted.TrySetResult();
        }
    }

    private List<Waiter>? Grant()
    {
        List<Waiter>? granted = null;
        while (_waiters.First is { } first && (_held == 0 || _held + first.Value.Bytes <= bytesMax))
        {
            _waiters.RemoveFirst();
            _held += first.Value.Bytes;
            (granted ??= []).Add(first.Value);
        }

        _hasWaiters = _waiters.Count > 0;
        return granted;
    }

    private async Task WaitAsync(LinkedListNode<Waiter> node, CancellationToken cancellation)
    {
        try
        {
            await node.Value.Granted.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            List<Waiter>? granted;
            lock (_lock)
            {
                if (node.List is null)
                {
                    // Granted at the same moment: give it back.
                    _held -= node.Value.Bytes;
                }
                else
                {
                    _waiters.Remove(node);
                    _hasWaiters = _waiters.Count > 0;
                }

                granted = Grant();
            }

            Wake(granted);
            throw;
        }
    }

    private sealed record Waiter(long Bytes)
    {
        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
