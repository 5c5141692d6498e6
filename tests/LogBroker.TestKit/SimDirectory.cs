namespace LogBroker.TestKit;

/// <summary>A simulated directory: names as seen, names as durable, and the changes between. Not thread-safe: the disk locks.</summary>
internal sealed class SimDirectory
{
    private readonly List<KeyValuePair<string, object?>[]> _unsynced = [];
    private Dictionary<string, object> _durable = [];

    /// <summary>Names and what they stand for: <see cref="SimFile"/> or <see cref="SimDirectory"/>.</summary>
    public Dictionary<string, object> Seen { get; private set; } = [];

    /// <summary>One change of names, atomic: a null value removes the name.</summary>
    public void Change(params KeyValuePair<string, object?>[] change)
    {
        _unsynced.Add(change);
        Apply(Seen, change);
    }

    public void Sync()
    {
        _durable = new Dictionary<string, object>(Seen);
        _unsynced.Clear();
    }

    public void Crash(LossMode mode, Random random)
    {
        if (mode != LossMode.KeepAll)
        {
            int whole = mode == LossMode.Torn ? random.Next(_unsynced.Count + 1) : 0;
            var left = new Dictionary<string, object>(_durable);
            for (int i = 0; i < _unsynced.Count; i++)
            {
                if (mode == LossMode.Reordered ? random.Next(2) == 0 : i < whole)
                {
                    Apply(left, _unsynced[i]);
                }
            }

            Seen = left;
            _durable = new Dictionary<string, object>(left);
            _unsynced.Clear();
        }

        foreach (object child in Seen.Values)
        {
            (child as SimDirectory)?.Crash(mode, random);
            (child as SimFile)?.Crash(mode, random);
        }
    }

    private static void Apply(Dictionary<string, object> names, KeyValuePair<string, object?>[] change)
    {
        foreach ((string name, object? value) in change)
        {
            if (value is null)
            {
                names.Remove(name);
            }
            else
            {
                names[name] = value;
            }
        }
    }
}
