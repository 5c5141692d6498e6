namespace LogBroker.Chaos;

/// <summary>The longest time in which a partition acknowledged nothing although writers wanted it to.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="LongestNs">How long, in nanoseconds.</param>
/// <param name="FromNs">When it began, since the beginning of the history.</param>
/// <param name="Faults">The faults entered shortly before it or during it.</param>
internal sealed record Unavailability(int Partition, long LongestNs, long FromNs, IReadOnlyList<string> Faults)
{
    private const long LeadNs = 500_000_000;

    /// <summary>The longest of each partition, up to a time.</summary>
    public static IReadOnlyList<Unavailability> Of(History history, long untilNs)
    {
        var last = new Dictionary<int, long>();
        var longest = new Dictionary<int, (long Length, long From)>();
        for (int index = 0; index < history.Count; index++)
        {
            Op op = history[index];
            if (op.Action != OpAction.Send || op.Type != OpType.Ok)
                continue;
            int partition = op.Records[0].Partition;
            if (last.TryGetValue(partition, out long before) && before < untilNs)
            {
                long length = op.TimeNs - before;
                if (length > longest.GetValueOrDefault(partition).Length)
                    longest[partition] = (length, before);
            }

            last[partition] = op.TimeNs;
        }

        return
        [
            .. longest.OrderBy(l => l.Key)
                .Select(l => new Unavailability(l.Key, l.Value.Length, l.Value.From, FaultsIn(history, l.Value.From, l.Value.Length)))
        ];
    }

    private static List<string> FaultsIn(History history, long fromNs, long lengthNs)
    {
        var faults = new List<string>();
        for (int index = 0; index < history.Count; index++)
        {
            Op op = history[index];
            if (op.Action == OpAction.Fault && op.TimeNs >= fromNs - LeadNs && op.TimeNs <= fromNs + lengthNs)
                faults.Add(history.NoteOf(index));
        }

        return faults;
    }
}
