namespace LogBroker.Client;

/// <summary>
/// A queue for records that could not be taken at once (metadata or memory is missing): they are taken one after the other in the
/// order of their calls, and while anybody is in the lane, later records go through it too. Thread-safe.
/// </summary>
internal sealed class Lane
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _inside;

    /// <summary>True while there is anybody in it.</summary>
    public bool IsBusy => Volatile.Read(ref _inside) > 0;

    /// <summary>Takes a place in the queue at once; the task completes when it is one's turn, which <see cref="Leave"/> ends.</summary>
    public Task EnterAsync()
    {
        lock (_lock)
        {
            Volatile.Write(ref _inside, _inside + 1);
            if (_inside == 1)
            {
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    public void Leave()
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            Volatile.Write(ref _inside, _inside - 1);
            _waiting.TryDequeue(out next);
        }

        next?.TrySetResult();
    }
}
