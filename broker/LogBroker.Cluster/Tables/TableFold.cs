using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Folds batches into the newest record of each key; kept between slices so that its buffers are. Not thread-safe.
/// </summary>
internal sealed class TableFold
{
    private readonly Dictionary<ReadOnlyMemory<byte>, LogRecord> _newest = new(KeyBytes.Instance);

    /// <summary>The newest record of each key of what was added last.</summary>
    public IReadOnlyDictionary<ReadOnlyMemory<byte>, LogRecord> Newest => _newest;

    /// <summary>Epoch of the last batch, or none.</summary>
    public Epoch LastEpoch { get; private set; }

    /// <summary>Batches that could not be read; they change nothing.</summary>
    public int Unreadable { get; private set; }

    /// <summary>Lets go of the bytes.</summary>
    public void Clear() => _newest.Clear();

    /// <summary>Begins anew with whole batches; the bytes must stay as they are until <see cref="Clear"/>.</summary>
    public void Fold(ReadOnlyMemory<byte> batches)
    {
        _newest.Clear();
        Unreadable = 0;
        LastEpoch = Epoch.None;
        while (!batches.IsEmpty)
        {
            var header = new RecordBatch(batches.Span[..BatchHeader.Bytes]);
            int bytes = header.TotalBytes;
            LastEpoch = header.LeaderEpoch;
            if (!header.IsControl && !header.IsEmpty)
            {
                Add(batches[..bytes]);
            }

            batches = batches[bytes..];
        }
    }

    private void Add(ReadOnlyMemory<byte> batch)
    {
        BrokerError? error = RecordReader.TryOpen(batch, Limits.InflatedBytesMax, out RecordReader reader);
        if (error is null)
        {
            while (reader.MoveNext())
            {
                if (reader.Current.Key is { } key)
                {
                    _newest[key] = reader.Current;
                }
            }

            error = reader.Error;
        }

        Unreadable += error is null ? 0 : 1;
    }
}

/// <summary>Keys are equal when their bytes are.</summary>
internal sealed class KeyBytes : IEqualityComparer<ReadOnlyMemory<byte>>
{
    public static KeyBytes Instance { get; } = new();

    public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

    public int GetHashCode(ReadOnlyMemory<byte> obj)
    {
        var hash = new HashCode();
        hash.AddBytes(obj.Span);
        return hash.ToHashCode();
    }
}
