namespace LogBroker.Server;

/// <summary>What a produce stream remembers of a batch until its answer is written.</summary>
internal readonly record struct InFlightBatch(ulong CorrelationId, int Bytes);

/// <summary>
/// The batches of one produce stream whose answer is not written yet, by slot number. Holds its one writer back when there are too many or
/// too large ones. Thread-safe: one thread adds, any thread removes.
/// </summary>
internal sealed class InFlightBatches(int batchesMax, long bytesMax)
{
    private readonly Lock _lock = new();
    private readonly List<InFlightBatch> _slots = [];
    private readonly Stack<int> _free = [];
    private int _count;
    private long _bytes;
    private TaskCompletionSource? _changed;

    /// <summary>The batch in a slot.</summary>
    public InFlightBatch this[int slot]
    {
        get
        {
            lock (_lock)
                return _slots[slot];
        }
    }

    /// <summary>Waits for room, then keeps the batch; its slot.</summary>
    public async ValueTask<int> AddAsync(InFlightBatch batch, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_count == 0 || (_count < batchesMax && _bytes + batch.Bytes <= bytesMax))
                    return Keep(batch);
                changed = Changed();
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Frees a slot.</summary>
    public void Remove(int slot)
    {
        lock (_lock)
        {
            _free.Push(slot);
            _count--;
            _bytes -= _slots[slot].Bytes;
            var changed = _changed;
            _changed = null;
            changed?.SetResult();
        }
    }

    /// <summary>Waits until none is left.</summary>
    public async Task WhenEmptyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_count == 0)
                    return;
                changed = Changed();
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private int Keep(in InFlightBatch batch)
    {
        _count++;
        _bytes += batch.Bytes;
        if (_free.TryPop(out int slot))
        {
            _slots[slot] = batch;
            return slot;
        }

        _slots.Add(batch);
        return _slots.Count - 1;
    }

    private Task Changed() => (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
}
