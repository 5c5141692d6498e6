namespace LogBroker.TestKit;

/// <summary>Since when each dense index of each partition was known to exist: the first completion that showed it or a later one.</summary>
internal sealed class KnownTimes
{
    private readonly Dictionary<int, long[]> _knownAtNs = [];

    public KnownTimes(History history, VersionOrder order)
    {
        foreach (int partition in order.Partitions)
        {
            long[] times = new long[order.CountOf(partition)];
            Array.Fill(times, long.MaxValue);
            _knownAtNs[partition] = times;
        }

        for (int index = 0; index < history.Count; index++)
        {
            Op op = history[index];
            if (op.Action is not (OpAction.Send or OpAction.Poll) || op.Type != OpType.Ok)
                continue;
            foreach (ref readonly var record in op.Records)
                Take(op.TimeNs, record, order);
        }

        foreach (long[] times in _knownAtNs.Values)
        {
            for (int i = times.Length - 2; i >= 0; i--)
                times[i] = Math.Min(times[i], times[i + 1]);
        }
    }

    /// <summary>Nanoseconds since the history began; null when the partition has no such index, or only a final read showed it.</summary>
    public long? Of(int partition, int index) =>
        _knownAtNs.TryGetValue(partition, out long[]? times) && index < times.Length && times[index] != long.MaxValue
            ? times[index]
            : null;

    private void Take(long timeNs, in PlacedRecord record, VersionOrder order)
    {
        int index = order.IndexShown(record);
        if (index == Sent.None)
            return;
        ref long known = ref _knownAtNs[record.Partition][index];
        known = Math.Min(known, timeNs);
    }
}
