namespace LogBroker.TestKit.Tests;

/// <summary>
/// The checks once more, straight from their definitions, with sets and loops in loops: slow, and not like the other implementation in
/// anything but its result. Kinds only; no vacuity.
/// </summary>
internal sealed partial class PlainChecker
{
    private readonly List<Entry> _entries = [];
    private readonly CheckOptions _options;
    private readonly HashSet<Anomaly> _found = [];
    private readonly List<Written> _written = [];
    private readonly List<(Entry? Poll, ReplicaRead? Replica, PlacedRecord Record)> _reads = [];
    private readonly HashSet<(int Partition, long Offset, RecordValue Value)> _versions = [];

    private PlainChecker(History history, CheckOptions options)
    {
        _options = options;
        for (int i = 0; i < history.Count; i++)
        {
            Op op = history[i];
            _entries.Add(new Entry(i, op.Invocation, op.Process, op.Action, op.Type, op.TimeNs, op.Records.ToArray()));
        }

        foreach (var invoke in _entries.Where(e => e is { Action: OpAction.Send, Type: OpType.Invoke }))
        {
            var end = _entries.SingleOrDefault(e => e.Invocation == invoke.Index && e.Index != invoke.Index);
            foreach (var record in invoke.Records)
            {
                var placed = end?.Records.Where(r => r.Value == record.Value).Select(r => (long?)r.Offset).SingleOrDefault();
                _written.Add(new Written(record.Value, record.Partition, invoke, end, end?.Type ?? OpType.Info, placed ?? -1));
            }
        }

        foreach (var poll in _entries.Where(e => e.Action == OpAction.Poll && e.Type != OpType.Invoke))
            _reads.AddRange(poll.Records.Select(r => (poll, (ReplicaRead?)null, r)).Select(r => ((Entry?)r.poll, r.Item2, r.r)));
        foreach (var replica in options.Replicas)
            _reads.AddRange(replica.Records.Select(r => ((Entry?)null, (ReplicaRead?)replica, r)));
    }

    public static HashSet<Anomaly> Check(History history, CheckOptions options) => new PlainChecker(history, options).Run();

    private HashSet<Anomaly> Run()
    {
        MakeVersions();
        CheckVersions();
        CheckReads();
        CheckPolls();
        CheckSends();
        CheckAcks();
        CheckNodes();
        CheckReplicas();
        return _found;
    }

    private bool IsOkRead(RecordValue value, int partition) => _reads.Any(r =>
        r.Record.Value == value && r.Record.Partition == partition && (r.Replica is not null || r.Poll!.Type == OpType.Ok));

    private bool IsHome(RecordValue value, int partition) => _written.Any(w => w.Value == value && w.Partition == partition);

    private bool MustCommit(Written written) =>
        written.Outcome == OpType.Ok
        || (written.Outcome == OpType.Info && written.Invoke.Records.Any(r => IsOkRead(r.Value, r.Partition)));

    private void MakeVersions()
    {
        foreach (var (_, _, record) in _reads.Where(r => r.Record.Value != RecordValue.Unreadable))
            _versions.Add((record.Partition, record.Offset, record.Value));
        foreach (var written in _written.Where(w => w.Acked >= 0 && MustCommit(w)))
            _versions.Add((written.Partition, written.Acked, written.Value));
    }

    private int IndexOf(int partition, long offset) =>
        _versions.Any(v => v.Partition == partition && v.Offset == offset)
            ? _versions.Where(v => v.Partition == partition && v.Offset < offset).Select(v => v.Offset).Distinct().Count()
            : -1;

    private int[] IndexesOf(RecordValue value, int partition) =>
        [.. _versions.Where(v => v.Partition == partition && v.Value == value).Select(v => IndexOf(partition, v.Offset)).Order()];

    private void CheckVersions()
    {
        if (_versions.GroupBy(v => (v.Partition, v.Offset)).Any(g => g.Count() > 1))
            _found.Add(Anomaly.InconsistentOffsets);
        foreach (var group in _versions.GroupBy(v => (v.Partition, v.Value)).Where(g => g.Count() > 1))
        {
            if (IsHome(group.Key.Value, group.Key.Partition) && !_options.PlainWriters.Contains(group.Key.Value.Writer))
                _found.Add(Anomaly.Duplicate);
        }

        foreach (var written in _written.Where(w => MustCommit(w) && !IsOkRead(w.Value, w.Partition)))
        {
            int[] own = IndexesOf(written.Value, written.Partition);
            int bound = _versions
                .Where(v => v.Partition == written.Partition && IsHome(v.Value, v.Partition) && IsOkRead(v.Value, v.Partition))
                .Select(v => IndexesOf(v.Value, v.Partition).First()).DefaultIfEmpty(-1).Max();
            if (own.Length > 0 && own[^1] <= bound)
                _found.Add(Anomaly.LostWrite);
        }
    }

    private void CheckReads()
    {
        foreach (var (poll, _, record) in _reads)
        {
            int place = poll?.Index ?? int.MaxValue;
            bool isKnown = record.Value != RecordValue.Unreadable
                && _written.Any(w => w.Value == record.Value && w.Partition == record.Partition && w.Invoke.Index < place);
            if (!isKnown)
                _found.Add(Anomaly.UnknownRecord);
        }

        if (_written.Any(w => w.Outcome == OpType.Fail && IsOkRead(w.Value, w.Partition)))
            _found.Add(Anomaly.AbortedRead);
    }

    private void CheckPolls()
    {
        foreach (var poll in _entries.Where(e => e is { Action: OpAction.Poll, Type: OpType.Ok }))
        {
            for (int i = 0; i < poll.Records.Length; i++)
                CheckStep(poll, i);
        }
    }

    private void CheckStep(Entry poll, int at)
    {
        int partition = poll.Records[at].Partition;
        int index = IndexOf(partition, poll.Records[at].Offset);
        var (last, isInternal, isSubscribed) = PreviousOf(poll, at);
        if (last is not { } offset)
            return;
        int step = index - IndexOf(partition, offset);
        if (index < 0 || IndexOf(partition, offset) < 0 || step == 1 || (isSubscribed && !isInternal))
            return;
        _found.Add((isInternal, step > 1) switch
        {
            (true, true) => Anomaly.InternalPollSkip,
            (true, false) => Anomaly.InternalNonmonotonicPoll,
            (false, true) => Anomaly.PollSkip,
            (false, false) => Anomaly.NonmonotonicPoll,
        });
    }

    private (long? Offset, bool IsInternal, bool IsSubscribed) PreviousOf(Entry poll, int at)
    {
        int partition = poll.Records[at].Partition;
        bool? isSubscribed = null;
        long? offset = null;
        for (int i = at - 1; i >= 0 && offset is null; i--)
            offset = poll.Records[i].Partition == partition ? poll.Records[i].Offset : null;
        if (offset is not null)
            return (offset, true, false);
        foreach (var entry in _entries.Take(poll.Index).Reverse().Where(e => e.Process == poll.Process && e.Type == OpType.Ok))
        {
            if (entry.Action is OpAction.Crash)
                return (null, false, false);
            if (entry.Action is OpAction.Assign or OpAction.Subscribe)
            {
                isSubscribed ??= entry.Action == OpAction.Subscribe;
                if (entry.Records.All(r => r.Partition != partition) || entry.Records.Any(r => r.Partition == partition && r.Offset >= 0))
                    return (null, false, false);
            }

            if (entry.Action == OpAction.Poll && entry.Records.Any(r => r.Partition == partition))
                return (entry.Records.Last(r => r.Partition == partition).Offset, false, isSubscribed ?? SubscribedBefore(entry));
        }

        return (null, false, false);
    }

    private bool SubscribedBefore(Entry entry) =>
        _entries.Take(entry.Index)
            .LastOrDefault(e => e.Process == entry.Process && e.Action is OpAction.Assign or OpAction.Subscribe or OpAction.Crash)
            ?.Action == OpAction.Subscribe;

    private sealed record Entry(
        int Index, int Invocation, int Process, OpAction Action, OpType Type, long TimeNs, PlacedRecord[] Records);

    private sealed record Written(RecordValue Value, int Partition, Entry Invoke, Entry? End, OpType Outcome, long Acked);
}
