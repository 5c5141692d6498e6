namespace LogBroker.Cluster;

/// <summary>Bytes of batches that wait anywhere in the broker, bounded. Thread-safe.</summary>
internal sealed class ProduceBudget(long bytesMax)
{
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= bytesMax)
        {
            return true;
        }

        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref _bytes, -bytes);
}

/// <summary>
/// Batches of one partition that wait for its loop, in order of arrival, bounded by bytes and count; refusals stand in the same
/// order, so that a caller hears of its batches in the order it sent them. Any thread puts in, the loop takes out. Nothing is
/// allocated per batch once the queue has grown to its working size.
/// </summary>
internal sealed class ProduceQueue(long bytesMax, int batchesMax, ProduceBudget budget)
{
    private readonly Lock _lock = new();
    private readonly Queue<ProduceEntry> _entries = new();
    private long _bytes;
    private int _batches;
    private TaskCompletionSource? _room;

    /// <summary>Bytes of batches that wait.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>
    /// Takes room for a batch; <see cref="Put"/> must follow with it, or with a refusal after <see cref="GiveBack"/>.
    /// </summary>
    public bool TryReserve(int bytes)
    {
        if (!budget.TryTake(bytes))
        {
            return false;
        }

        lock (_lock)
        {
            if (_batches < batchesMax && _bytes + bytes <= bytesMax)
            {
                _batches++;
                _bytes += bytes;
                return true;
            }
        }

        budget.Return(bytes);
        return false;
    }

    /// <summary>Gives back room that was taken for a batch that was then refused.</summary>
    public void GiveBack(int bytes)
    {
        lock (_lock)
        {
            Release(bytes);
        }
    }

    /// <summary>Puts a batch with reserved room, or a refusal, at the end.</summary>
    public void Put(in ProduceEntry entry)
    {
        lock (_lock)
        {
            _entries.Enqueue(entry);
        }
    }

    /// <summary>
    /// Moves entries to the end of <paramref name="into"/>: as many as fit into <paramref name="groupBytesMax"/>, at least one if there
    /// is one.
    /// </summary>
    public void Take(List<ProduceEntry> into, int groupBytesMax)
    {
        TaskCompletionSource? room = null;
        lock (_lock)
        {
            long bytes = 0;
            while (_entries.TryPeek(out ProduceEntry entry) && (bytes == 0 || bytes + entry.Buffer.Length <= groupBytesMax))
            {
                _entries.Dequeue();
                into.Add(entry);
                bytes += entry.Buffer.Length;
                if (entry.Error is null)
                {
                    Release(entry.Buffer.Length);
                }
            }

            if (_room is not null && HasRoom)
            {
                (room, _room) = (_room, null);
            }
        }

        room?.SetResult();
    }

    /// <summary>Completes when the queue is at most half full: the pace of a caller that waits for it never meets Busy.</summary>
    public ValueTask WhenRoom()
    {
        lock (_lock)
        {
            if (HasRoom)
            {
                return ValueTask.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_room.Task);
        }
    }

    private bool HasRoom => _bytes <= bytesMax / 2 && _batches <= batchesMax / 2;

    private void Release(int bytes)
    {
        _batches--;
        _bytes -= bytes;
        budget.Return(bytes);
    }
}
