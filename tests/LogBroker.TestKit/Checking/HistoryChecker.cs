namespace LogBroker.TestKit;

/// <summary>
/// Checks a history of a log broker without transactions: Jepsen's checks for logs, and those of the rules R1 to R7 on acknowledged
/// offsets, final reads of every replica, watermarks and leaders. Sound: each finding is a breach of the broker's promises or, for
/// <see cref="Anomaly.Vacuous"/>, of the run's; provided that somebody, or a final read, begins at the log start of each partition: what
/// all readers leave out counts as lost. Takes time n log n in the number of records seen. For one history, on one thread.
/// </summary>
public sealed class HistoryChecker
{
    private readonly History _history;
    private readonly CheckOptions _options;
    private readonly FindingList _findings = new();
    private readonly SendTable _sends;
    private readonly VersionOrder _order;
    private readonly HashSet<int> _readSends = [];
    private readonly HistoryCounts _counts = new();

    private HistoryChecker(History history, CheckOptions options)
    {
        _history = history;
        _options = options;
        _sends = new SendTable(Math.Min(history.Count, 1 << 24));
        _order = new VersionOrder(_sends);
    }

    /// <summary>Checks a history.</summary>
    /// <exception cref="ArgumentException">The history is not well-formed: a value is sent twice.</exception>
    public static CheckReport Check(History history, CheckOptions? options = null) =>
        new HistoryChecker(history, options ?? new CheckOptions()).Run();

    private CheckReport Run()
    {
        for (int index = 0; index < _history.Count; index++)
            Take(_history[index]);
        foreach (var replica in _options.Replicas)
            TakeReplica(replica);
        AddAcknowledged();
        _order.Close(_findings, _options.PlainWriters);

        CheckLostWrites();
        var known = new KnownTimes(_history, _order);
        new SendChecks(_sends, _order, _findings, _options.PlainWriters).Run(_history);
        long lagMaxNs = new PollChecks(_order, _findings, known, _options.RealtimeLagMaxNs).Run(_history);
        new NodeChecks(_findings).Run(_history);
        var losses = new ReplicaChecks(_sends, _findings, _options.Replicas).Run();
        CheckVacuity();
        return new CheckReport(_findings.All, _counts.Done(_sends.All), losses, lagMaxNs);
    }

    private void Take(in Op op)
    {
        _counts.Take(op);
        switch (op.Action, op.Type)
        {
            case (OpAction.Send, OpType.Invoke):
                foreach (ref readonly var record in op.Records)
                {
                    int id = _sends.Add(record.Value, record.Partition, op.Process, op.Index);
                    _sends[id].AckedBefore = _counts.AckedMax(record.Partition);
                }

                break;
            case (OpAction.Send, _):
                foreach (ref readonly var record in op.Records)
                    TakeOutcome(op, record);
                break;
            case (OpAction.Poll, not OpType.Invoke):
                foreach (ref readonly var record in op.Records)
                    TakeRead(record, op.Type == OpType.Ok, "entry", op.Index);
                break;
        }
    }

    private void TakeOutcome(in Op op, in PlacedRecord record)
    {
        ref Sent sent = ref _sends[_sends.IdOf(record)];
        if (sent.Invocation != op.Invocation)
            throw new ArgumentException($"entry {op.Index} completes {record.Value}, which entry {op.Invocation} did not send");
        sent.Outcome = op.Type;
        sent.AckedOffset = record.Offset;
        if (op.Type != OpType.Ok || record.Offset == PlacedRecord.NoOffset)
            return;
        if (record.Offset <= sent.AckedBefore)
        {
            _findings.Add(
                Anomaly.StaleAck,
                $"{sent.Value} was acknowledged at {record.Partition}@{record.Offset}, but {sent.AckedBefore} was before it was sent");
        }

        if (!_counts.Acknowledge(record))
            _findings.Add(Anomaly.AckedTwice, $"{record.Partition}@{record.Offset} was acknowledged again for {sent.Value}");
    }

    private void TakeRead(in PlacedRecord record, bool isOk, string where, int number)
    {
        if (record.Value == RecordValue.Unreadable)
        {
            _findings.Add(Anomaly.UnknownRecord, $"{where} {number} has bytes at {record.Partition}@{record.Offset} that nobody wrote");
            return;
        }

        int id = _sends.IdOf(record);
        _order.Add(record.Partition, record.Offset, id);
        ref Sent sent = ref _sends[id];
        if (!sent.IsKnown || sent.Partition != record.Partition)
        {
            _findings.Add(
                Anomaly.UnknownRecord,
                $"{where} {number} has {sent.Value} at {record.Partition}@{record.Offset}, where nobody had sent it");
        }

        if (!isOk || sent.Partition != record.Partition)
            return;
        sent.IsRead = true;
        _readSends.Add(sent.Invocation);
    }

    private void TakeReplica(ReplicaRead replica)
    {
        foreach (var record in replica.Records)
            TakeRead(record, isOk: true, "node", replica.Node);
    }

    // Acknowledged offsets belong to the version order when the send must have committed.
    private void AddAcknowledged()
    {
        var all = _sends.All;
        for (int id = 0; id < all.Length; id++)
        {
            if (all[id].AckedOffset != PlacedRecord.NoOffset && MustCommit(all[id]))
                _order.Add(all[id].Partition, all[id].AckedOffset, id);
            if (all[id].Outcome == OpType.Fail && all[id].IsRead)
                _findings.Add(Anomaly.AbortedRead, $"{all[id].Value} was read, but entry {all[id].Invocation} was refused");
        }
    }

    private bool MustCommit(in Sent sent) =>
        sent.Outcome == OpType.Ok || (sent.Outcome == OpType.Info && sent.IsKnown && _readSends.Contains(sent.Invocation));

    private void CheckLostWrites()
    {
        var bound = new Dictionary<int, int>();
        foreach (ref readonly Sent sent in _sends.All)
        {
            if (sent.IsRead && sent.First != Sent.None)
                bound[sent.Partition] = Math.Max(bound.GetValueOrDefault(sent.Partition, -1), sent.First);
        }

        foreach (ref readonly Sent sent in _sends.All)
        {
            if (!sent.IsRead && sent.Last != Sent.None && sent.Last <= bound.GetValueOrDefault(sent.Partition, -1) && MustCommit(sent))
                _findings.Add(Anomaly.LostWrite, $"{sent.Value} at {sent.Partition}@{sent.SeenOffset} was never read, later values were");
        }
    }

    private void CheckVacuity()
    {
        Require(_counts.AckedCount, _options.AcksMin, "acknowledged records");
        Require(_counts.ReadCount, _options.ReadsMin, "records read");
        Require(_counts.FaultsCount, _options.FaultsMin, "faults");
        Require(_counts.LeaderChangesCount, _options.LeaderChangesMin, "changes of leaders");
        Require(_options.Replicas.Count, _options.ReplicaReadsMin, "whole reads of replicas");
    }

    private void Require(long count, long countMin, string what)
    {
        if (count < countMin)
            _findings.Add(Anomaly.Vacuous, $"{count} {what}, at least {countMin} are asked for");
    }
}
