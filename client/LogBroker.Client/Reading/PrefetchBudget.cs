namespace LogBroker.Client;

/// <summary>Counts the bytes that were fetched and not yet handed over. Thread-safe.</summary>
internal sealed class PrefetchBudget(long bytesMax)
{
    private readonly Lock _lock = new();
    private long _held;
    private TaskCompletionSource? _room;

    /// <summary>Waits until less than the bound is held; one more answer is then let in, whatever its size.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                if (_held < bytesMax)
                {
                    return;
                }

                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _room.Task;
            }

            await room.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    public void Add(long bytes)
    {
        lock (_lock)
        {
            _held += bytes;
        }
    }

    public void Remove(long bytes)
    {
        TaskCompletionSource? room = null;
        lock (_lock)
        {
            _held -= bytes;
            if (_held < bytesMax)
            {
                (room, _room) = (_room, null);
            }
        }

        room?.TrySetResult();
    }
}
