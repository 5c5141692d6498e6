namespace LogBroker.TestKit;

/// <summary>What each reading process saw: nothing left out, nothing again, and how far it was behind.</summary>
internal sealed class PollChecks
{
    private readonly VersionOrder _order;
    private readonly FindingList _findings;
    private readonly KnownTimes _known;
    private readonly long? _lagMaxNs;
    private readonly Dictionary<int, Reader> _readers = [];
    private long _quietAtNs = long.MaxValue;
    private long _longestLagNs;

    public PollChecks(VersionOrder order, FindingList findings, KnownTimes known, long? lagMaxNs)
    {
        _order = order;
        _findings = findings;
        _known = known;
        _lagMaxNs = lagMaxNs;
    }

    /// <summary>Checks all polls; the longest lag of all, in nanoseconds.</summary>
    public long Run(History history)
    {
        for (int index = 0; index < history.Count; index++)
        {
            Op op = history[index];
            switch (op.Action)
            {
                case OpAction.Assign or OpAction.Subscribe when op.Type == OpType.Ok:
                    Assign(op);
                    break;
                case OpAction.Poll when op.Type == OpType.Ok:
                    Poll(op, history[op.Invocation].TimeNs, history.RebalancedOf(index));
                    break;
                case OpAction.Crash:
                    _readers.Remove(op.Process);
                    break;
                case OpAction.Quiet:
                    _quietAtNs = op.TimeNs;
                    break;
            }
        }

        return _longestLagNs;
    }

    private void Assign(in Op op)
    {
        var reader = new Reader { IsSubscribed = op.Action == OpAction.Subscribe };
        var before = ReaderOf(op.Process);
        foreach (ref readonly var assigned in op.Records)
        {
            if (assigned.Offset != PlacedRecord.NoOffset)
            {
                int index = _order.IndexFrom(assigned.Partition, assigned.Offset) - 1;
                reader.Places[assigned.Partition] = new Place(Sent.None, index, Sent.None, op.TimeNs);
            }
            else if (before.Places.TryGetValue(assigned.Partition, out var place))
            {
                reader.Places[assigned.Partition] = place;
            }
        }

        reader.Consumed = before.Consumed;
        _readers[op.Process] = reader;
    }

    private void Poll(in Op op, long invokedAtNs, IReadOnlyList<int> rebalanced)
    {
        var reader = ReaderOf(op.Process);
        foreach (ref readonly var record in op.Records)
            Take(op, record, reader, rebalanced);
        foreach (var (partition, place) in reader.Places)
            MeasureLag(op, invokedAtNs, partition, place);
    }

    private void Take(in Op op, in PlacedRecord record, Reader reader, IReadOnlyList<int> rebalanced)
    {
        int index = _order.IndexOf(record.Partition, record.Offset);
        bool isKnown = reader.Places.TryGetValue(record.Partition, out var place);
        if (isKnown && index != Sent.None && place.Last != Sent.None)
            CheckStep(op, record, reader, place, index, rebalanced);
        if (reader.IsSubscribed && !reader.Consumed.Add(record.Value))
            _findings.Report(Anomaly.ConsumedAgain, $"process {op.Process} was given {record.Value} again");
        int seenMax = Math.Max(index, isKnown ? place.SeenMax : Sent.None);
        reader.Places[record.Partition] = new Place(index, seenMax, op.Index, place.SoughtAtNs);
    }

    private void CheckStep(
        in Op op, in PlacedRecord record, Reader reader, Place place, int index, IReadOnlyList<int> rebalanced)
    {
        int step = index - place.Last;
        bool isInternal = place.Entry == op.Index;
        if (step == 1 || (isInternal && rebalanced.Contains(record.Partition)))
            return;
        var kind = (isInternal, step > 1) switch
        {
            (false, true) => Anomaly.PollSkip,
            (false, false) => Anomaly.NonmonotonicPoll,
            (true, true) => Anomaly.InternalPollSkip,
            (true, false) => Anomaly.InternalNonmonotonicPoll,
        };
        if (reader.IsSubscribed && !isInternal)
        {
            _findings.Report(kind, $"process {op.Process}, subscribed, stepped by {step} to {record.Partition}@{record.Offset}");
            return;
        }

        _findings.Add(
            kind,
            $"process {op.Process} (entry {op.Index}) stepped by {step} to {record.Value} at {record.Partition}@{record.Offset}");
    }

    // A reader that went to a place is behind since then, however old what it finds there is.
    private void MeasureLag(in Op op, long invokedAtNs, int partition, Place place)
    {
        if (_known.Of(partition, place.SeenMax + 1) is not { } existsSinceNs)
            return;
        long knownAtNs = Math.Max(existsSinceNs, place.SoughtAtNs);
        if (knownAtNs >= invokedAtNs)
            return;
        _longestLagNs = Math.Max(_longestLagNs, invokedAtNs - knownAtNs);
        if (_lagMaxNs is { } lagMaxNs && invokedAtNs > _quietAtNs && invokedAtNs - Math.Max(knownAtNs, _quietAtNs) > lagMaxNs)
        {
            _findings.Add(
                Anomaly.RealtimeLag,
                $"process {op.Process} (entry {op.Index}) was {(invokedAtNs - knownAtNs) / 1_000_000} ms behind in {partition}");
        }
    }

    private Reader ReaderOf(int process)
    {
        if (!_readers.TryGetValue(process, out var reader))
            _readers[process] = reader = new Reader();
        return reader;
    }

    /// <summary>Where a process is in a partition, in dense indexes.</summary>
    private readonly record struct Place(int Last, int SeenMax, int Entry, long SoughtAtNs);

    private sealed class Reader
    {
        public bool IsSubscribed { get; init; }

        public Dictionary<int, Place> Places { get; } = [];

        public HashSet<RecordValue> Consumed { get; set; } = [];
    }
}
