using LogBroker.Storage;

namespace LogBroker.TestKit;

/// <summary>
/// A state store that loses the newest of its unsynced batches in a crash, and fails on demand. Deterministic and thread-safe.
/// </summary>
public sealed class SimStateStore : IStateStore, ISimulatedDevice
{
    private readonly Lock _gate = new();
    private readonly SimMachine _machine;
    private readonly List<KeyValuePair<byte[], byte[]?>[]> _unsynced = [];
    private SortedDictionary<byte[], byte[]> _seen = new(StateKeyOrder.Instance);
    private readonly SortedDictionary<byte[], byte[]> _durable = new(StateKeyOrder.Instance);

    public SimStateStore(SimMachine machine)
    {
        _machine = machine;
        machine.Add(this);
    }

    /// <summary>Asked before each write: what it returns is thrown instead.</summary>
    public Func<DiskException?>? Fault { get; set; }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        byte[] wanted = key.ToArray();
        lock (_gate)
        {
            _machine.RequireUp();
            return _seen.TryGetValue(wanted, out byte[]? value) ? [.. value] : null;
        }
    }

    public void Write(StateBatch batch, bool sync)
    {
        lock (_gate)
        {
            if (Fault?.Invoke() is { } fault)
            {
                throw fault;
            }

            bool stops = _machine.StopsAtNext();
            KeyValuePair<byte[], byte[]?>[] changes =
                [.. batch.Changes.Select(c => new KeyValuePair<byte[], byte[]?>([.. c.Key], c.Value?.ToArray()))];
            _unsynced.Add(changes);
            Apply(_seen, changes);
            if (stops)
            {
                throw _machine.Stopped();
            }

            if (sync)
            {
                foreach (KeyValuePair<byte[], byte[]?>[] earlier in _unsynced)
                {
                    Apply(_durable, earlier);
                }

                _unsynced.Clear();
            }
        }
    }

    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(ReadOnlySpan<byte> prefix)
    {
        byte[] wanted = prefix.ToArray();
        lock (_gate)
        {
            _machine.RequireUp();
            return
            [
                .. _seen.Where(e => e.Key.AsSpan().StartsWith(wanted))
                    .Select(e => new KeyValuePair<byte[], byte[]>([.. e.Key], [.. e.Value])),
            ];
        }
    }

    public void Crash(LossMode mode, Random random)
    {
        lock (_gate)
        {
            if (mode == LossMode.KeepAll)
            {
                return;
            }

            int kept = mode == LossMode.LoseUnsynced ? 0 : random.Next(_unsynced.Count + 1);
            for (int i = 0; i < kept; i++)
            {
                Apply(_durable, _unsynced[i]);
            }

            _seen = new SortedDictionary<byte[], byte[]>(_durable, StateKeyOrder.Instance);
            _unsynced.Clear();
        }
    }

    /// <summary>Loses everything, as a disk of its own would.</summary>
    public void Wipe()
    {
        lock (_gate)
        {
            _unsynced.Clear();
            _seen.Clear();
            _durable.Clear();
        }
    }

    public void Dispose()
    {
    }

    private static void Apply(SortedDictionary<byte[], byte[]> values, KeyValuePair<byte[], byte[]?>[] changes)
    {
        foreach ((byte[] key, byte[]? value) in changes)
        {
            if (value is null)
            {
                values.Remove(key);
            }
            else
            {
                values[key] = value;
            }
        }
    }
}
