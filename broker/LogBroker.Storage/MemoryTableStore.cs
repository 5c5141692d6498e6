namespace LogBroker.Storage;

/// <summary>Views of tables in memory, gone with the process; for simulations and throw-away brokers. Thread-safe.</summary>
public sealed class MemoryTableStore : ITableStore
{
    private readonly Lock _gate = new();
    private readonly SortedList<byte[], byte[]> _values = new(StateKeyOrder.Instance);

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        lock (_gate)
        {
            int at = FirstFrom(key);
            return at < _values.Count && _values.GetKeyAtIndex(at).AsSpan().SequenceEqual(key) ? [.. _values.GetValueAtIndex(at)] : null;
        }
    }

    /// <inheritdoc/>
    public bool Has(ReadOnlySpan<byte> key)
    {
        lock (_gate)
        {
            int at = FirstFrom(key);
            return at < _values.Count && _values.GetKeyAtIndex(at).AsSpan().SequenceEqual(key);
        }
    }

    /// <inheritdoc/>
    public void Write(StateBatch batch)
    {
        lock (_gate)
        {
            foreach ((byte[] key, byte[]? value) in batch.Changes)
            {
                if (value is null)
                {
                    _values.Remove(key);
                }
                else
                {
                    _values[[.. key]] = [.. value];
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Clear(ReadOnlySpan<byte> prefix)
    {
        lock (_gate)
        {
            int at = FirstFrom(prefix);
            while (at < _values.Count && _values.GetKeyAtIndex(at).AsSpan().StartsWith(prefix))
            {
                _values.RemoveAt(at);
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(
        ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after, int entriesMax, long bytesMax)
    {
        lock (_gate)
        {
            var found = new List<KeyValuePair<byte[], byte[]>>();
            long bytes = 0;
            bool isBehind = after.SequenceCompareTo(prefix) >= 0;
            for (int at = FirstFrom(isBehind ? after : prefix); at < _values.Count && found.Count < entriesMax && bytes < bytesMax; at++)
            {
                byte[] key = _values.GetKeyAtIndex(at);
                if (isBehind && key.AsSpan().SequenceEqual(after))
                {
                    continue;
                }

                if (!key.AsSpan().StartsWith(prefix))
                {
                    break;
                }

                byte[] value = _values.GetValueAtIndex(at);
                found.Add(new([.. key], [.. value]));
                bytes += key.Length + value.Length;
            }

            return found;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private int FirstFrom(ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = _values.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_values.GetKeyAtIndex(middle).AsSpan().SequenceCompareTo(key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
