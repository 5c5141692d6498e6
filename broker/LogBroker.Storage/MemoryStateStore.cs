namespace LogBroker.Storage;

/// <summary>State in memory, gone with the process; for tests and throw-away brokers. Thread-safe.</summary>
public sealed class MemoryStateStore : IStateStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<byte[], byte[]> _values = new(StateKeyOrder.Instance);

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        byte[] wanted = key.ToArray();
        lock (_gate)
        {
            return _values.TryGetValue(wanted, out byte[]? value) ? [.. value] : null;
        }
    }

    /// <inheritdoc/>
    public void Write(StateBatch batch, bool sync)
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
    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(ReadOnlySpan<byte> prefix)
    {
        byte[] wanted = prefix.ToArray();
        lock (_gate)
        {
            return
            [
                .. _values.Where(e => e.Key.AsSpan().StartsWith(wanted))
                    .Select(e => new KeyValuePair<byte[], byte[]>([.. e.Key], [.. e.Value])),
            ];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>Order of keys: byte by byte, unsigned.</summary>
public sealed class StateKeyOrder : IComparer<byte[]>
{
    /// <summary>The only instance.</summary>
    public static StateKeyOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
