using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>
/// What waits to be written to one stream. Answers with items stand in a line of their own behind everything else, so that a vote does
/// not wait for megabytes; order between messages carries no meaning. Any thread adds, never waiting; one thread takes.
/// What is not taken any more is released by <see cref="Close"/>, what comes later at once.
/// </summary>
internal sealed class PeerOutbox(int messagesMax)
{
    // All guarded by the lock.
    private readonly Lock _lock = new();
    private readonly Queue<PeerFrame> _light = new();
    private readonly Queue<PeerFrame> _heavy = new();
    private TaskCompletionSource? _wanted;
    private bool _isClosed;
    private long _itemsBytes;

    /// <summary>Bytes of items that were added and are not written yet.</summary>
    public long ItemsBytes => Interlocked.Read(ref _itemsBytes);

    /// <summary>Adds a frame, which belongs to the outbox from here on. False when there are too many: the link must be cut.</summary>
    public bool TryAdd(PeerFrame frame)
    {
        int bytes = frame.ItemsBytes;
        TaskCompletionSource? wanted = null;
        bool isAdded = false;
        bool isClosed;
        lock (_lock)
        {
            isClosed = _isClosed;
            if (!isClosed && _light.Count + _heavy.Count < messagesMax)
            {
                isAdded = true;
                _itemsBytes += bytes;
                (bytes > 0 ? _heavy : _light).Enqueue(frame);
                (wanted, _wanted) = (_wanted, null);
            }
        }

        wanted?.SetResult();
        if (!isAdded)
            frame.Release();
        return isAdded || isClosed;
    }

    /// <summary>Waits until there is something to take; false when the outbox was closed.</summary>
    public async ValueTask<bool> WaitAsync()
    {
        while (true)
        {
            Task wanted;
            lock (_lock)
            {
                if (_isClosed)
                    return false;
                if (_light.Count + _heavy.Count > 0)
                    return true;
                wanted = (_wanted ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await wanted;
        }
    }

    /// <summary>Takes the next frame, if there is one; it belongs to the caller, who says <see cref="Written"/> afterwards.</summary>
    public bool TryTake(out PeerFrame frame)
    {
        lock (_lock)
            return _light.TryDequeue(out frame) || _heavy.TryDequeue(out frame);
    }

    /// <summary>
    /// So many bytes of items were written. True when there is room again: less than half of <paramref name="itemsBytesMax"/> is left, or
    /// less than the eighth that those who catch up keep to, and was not before; or nothing is left.
    /// </summary>
    public bool Written(int itemsBytes, long itemsBytesMax)
    {
        if (itemsBytes == 0)
            return false;
        lock (_lock)
        {
            if (_isClosed)
                return false;
            long before = _itemsBytes;
            _itemsBytes -= itemsBytes;
            Invariant.Require(_itemsBytes >= 0);
            return _itemsBytes == 0 || IsPassed(itemsBytesMax / 2, before, _itemsBytes) || IsPassed(itemsBytesMax / 8, before, _itemsBytes);
        }
    }

    /// <summary>Takes nothing any more and releases what waits. True when there were items: their sender may wait for room.</summary>
    public bool Close()
    {
        PeerFrame[] dropped;
        bool hadItems;
        TaskCompletionSource? wanted;
        lock (_lock)
        {
            if (_isClosed)
                return false;
            _isClosed = true;
            dropped = [.. _light, .. _heavy];
            _light.Clear();
            _heavy.Clear();
            hadItems = _itemsBytes > 0;
            _itemsBytes = 0;
            (wanted, _wanted) = (_wanted, null);
        }

        wanted?.SetResult();
        foreach (var frame in dropped)
            frame.Release();
        return hadItems;
    }

    private static bool IsPassed(long mark, long before, long after) => before >= mark && after < mark;
}
