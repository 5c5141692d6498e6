namespace LogBroker.TestKit;

/// <summary>The order of sends: against real time, and against the order in which each process sent.</summary>
internal sealed class SendChecks
{
    private readonly SendTable _sends;
    private readonly VersionOrder _order;
    private readonly FindingList _findings;
    private readonly IReadOnlySet<int> _plainWriters;
    private readonly Dictionary<int, int> _knownMax = [];
    private readonly Dictionary<(int Process, int Partition), Previous> _previous = [];

    public SendChecks(SendTable sends, VersionOrder order, FindingList findings, IReadOnlySet<int> plainWriters)
    {
        _sends = sends;
        _order = order;
        _findings = findings;
        _plainWriters = plainWriters;
    }

    public void Run(History history)
    {
        for (int index = 0; index < history.Count; index++)
        {
            Op op = history[index];
            if (op.Action == OpAction.Send && op.Type == OpType.Invoke)
                CheckSends(op);
            else if (op.Action is OpAction.Send or OpAction.Poll && op.Type == OpType.Ok)
                Learn(op);
        }
    }

    private void Learn(in Op op)
    {
        foreach (ref readonly var record in op.Records)
        {
            int index = _order.IndexShown(record);
            if (index > _knownMax.GetValueOrDefault(record.Partition, Sent.None))
                _knownMax[record.Partition] = index;
        }
    }

    private void CheckSends(in Op op)
    {
        foreach (ref readonly var record in op.Records)
        {
            ref Sent sent = ref _sends[_sends.IdOf(record)];
            if (sent.Last == Sent.None || sent.Outcome == OpType.Fail)
                continue;

            // Every longer cycle of ww, wr and real-time edges contains one like this: the first three order a partition totally, and
            // real time is an interval order.
            if (sent.Last <= _knownMax.GetValueOrDefault(record.Partition, Sent.None))
            {
                _findings.Add(
                    Anomaly.RealtimeCycle,
                    $"{sent.Value} at {record.Partition}@{sent.SeenOffset} is not behind what was known when entry {op.Index} sent it");
            }

            if (sent.Outcome == OpType.Ok || !_plainWriters.Contains(sent.Value.Writer))
                CheckOrder(op, sent);
        }
    }

    private void CheckOrder(in Op op, in Sent sent)
    {
        var key = (op.Process, sent.Partition);
        if (_previous.TryGetValue(key, out var previous) && sent.Last < previous.First)
        {
            var kind = previous.Entry == op.Index ? Anomaly.InternalNonmonotonicSend : Anomaly.NonmonotonicSend;
            _findings.Add(
                kind,
                $"process {op.Process} sent {previous.Value} and then {sent.Value}, which lies before it in {sent.Partition}");
        }

        _previous[key] = new Previous(sent.First, op.Index, sent.Value);
    }

    private readonly record struct Previous(int First, int Entry, RecordValue Value);
}
