namespace LogBroker.TestKit;

/// <summary>
/// The order of the values of each partition: offset → values, from all polls, from final reads and from acknowledged sends; offsets
/// nobody saw leave no hole in the dense order. Owned by one checker, used by one thread.
/// </summary>
internal sealed class VersionOrder
{
    private readonly SendTable _sends;
    private readonly Dictionary<int, List<Seen>> _seen = [];
    private readonly Dictionary<int, long[]> _offsets = [];
    private readonly HashSet<(int Partition, long Offset, int Id)> _elsewhere = [];

    public VersionOrder(SendTable sends)
    {
        _sends = sends;
    }

    /// <summary>The partitions that have values, in order.</summary>
    public IEnumerable<int> Partitions => _seen.Keys.Order();

    /// <summary>Number of dense indexes of a partition.</summary>
    public int CountOf(int partition) => _offsets.GetValueOrDefault(partition, []).Length;

    /// <summary>The least dense index whose offset is not below this one; the number of indexes when there is none.</summary>
    public int IndexFrom(int partition, long offset)
    {
        long[] offsets = _offsets.GetValueOrDefault(partition, []);
        long guess = offsets.Length == 0 ? -1 : offset - offsets[0];
        if (guess >= 0 && guess < offsets.Length && offsets[guess] == offset)
            return (int)guess;
        int found = Array.BinarySearch(offsets, offset);
        return found >= 0 ? found : ~found;
    }

    /// <summary>The dense index of an offset, or <see cref="Sent.None"/>.</summary>
    public int IndexOf(int partition, long offset)
    {
        int index = IndexFrom(partition, offset);
        return index < CountOf(partition) && _offsets[partition][index] == offset ? index : Sent.None;
    }

    /// <summary>The dense index that a completed send or poll shows: by offset, or by value where no offset was told.</summary>
    public int IndexShown(in PlacedRecord shown)
    {
        if (shown.Offset != PlacedRecord.NoOffset)
            return IndexOf(shown.Partition, shown.Offset);
        return shown.Value == RecordValue.Unreadable ? Sent.None : _sends[_sends.IdOf(shown)].First;
    }

    /// <summary>A value was seen at a place. Repeated sightings cost nothing.</summary>
    public void Add(int partition, long offset, int id)
    {
        ref Sent sent = ref _sends[id];
        if (sent.SeenOffset == offset && sent.Partition == partition)
            return;
        if (sent.SeenOffset == PlacedRecord.NoOffset && sent.Partition == partition)
            sent.SeenOffset = offset;
        else if (!_elsewhere.Add((partition, offset, id)))
            return;
        if (!_seen.TryGetValue(partition, out var seen))
            _seen[partition] = seen = [];
        seen.Add(new Seen(offset, seen.Count, id, Sent.None));
    }

    /// <summary>Gives every value its first and last dense index; reports offsets with two values and values at two offsets.</summary>
    public void Close(FindingList findings, IReadOnlySet<int> plainWriters)
    {
        foreach (int partition in Partitions)
        {
            var seen = _seen[partition];
            seen.Sort();
            int index = -1;
            var offsets = new List<long>(seen.Count);
            for (int i = 0; i < seen.Count; i++)
            {
                bool isNewOffset = i == 0 || seen[i].Offset != seen[i - 1].Offset;
                if (isNewOffset)
                {
                    index++;
                    offsets.Add(seen[i].Offset);
                }

                seen[i] = seen[i] with { Index = index };
                if (!isNewOffset)
                {
                    findings.Add(
                        Anomaly.InconsistentOffsets,
                        $"{partition}@{seen[i].Offset} holds {_sends[seen[i - 1].Id].Value} and {_sends[seen[i].Id].Value}");
                }

                Place(findings, plainWriters, partition, seen[i]);
            }

            _offsets[partition] = [.. offsets];
        }
    }

    private void Place(FindingList findings, IReadOnlySet<int> plainWriters, int partition, Seen seen)
    {
        ref Sent sent = ref _sends[seen.Id];
        if (!sent.IsKnown || sent.Partition != partition)
            return; // Reported as an unknown record where it was read.
        if (sent.First == Sent.None)
            sent.First = seen.Index;
        else if (plainWriters.Contains(sent.Value.Writer))
            findings.Report(Anomaly.Duplicate, $"{sent.Value} of a writer without idempotence is at {partition}@{seen.Offset} too");
        else
            findings.Add(Anomaly.Duplicate, $"{sent.Value} is at {partition}@{seen.Offset} too");
        sent.Last = seen.Index;
    }

    private readonly record struct Seen(long Offset, int Arrival, int Id, int Index) : IComparable<Seen>
    {
        public int CompareTo(Seen other)
        {
            int byOffset = Offset.CompareTo(other.Offset);
            return byOffset != 0 ? byOffset : Arrival.CompareTo(other.Arrival);
        }
    }
}
