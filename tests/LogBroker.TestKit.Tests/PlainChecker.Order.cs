namespace LogBroker.TestKit.Tests;

/// <summary>Orders: sends, acknowledgements, real time, nodes and replicas.</summary>
internal sealed partial class PlainChecker
{
    private void CheckSends()
    {
        var eligible = _written
            .Where(w => w.Outcome == OpType.Ok || (w.Outcome == OpType.Info && !_options.PlainWriters.Contains(w.Value.Writer)))
            .Where(w => IndexesOf(w.Value, w.Partition).Length > 0);
        foreach (var group in eligible.GroupBy(w => (w.Invoke.Process, w.Partition)))
        {
            foreach (var (before, after) in group.Zip(group.Skip(1)))
            {
                if (IndexesOf(after.Value, after.Partition)[^1] < IndexesOf(before.Value, before.Partition)[0])
                {
                    _found.Add(before.Invoke == after.Invoke ? Anomaly.InternalNonmonotonicSend : Anomaly.NonmonotonicSend);
                }
            }
        }

        foreach (int partition in _versions.Select(v => v.Partition).Distinct())
        {
            if (HasCycle(partition))
                _found.Add(Anomaly.RealtimeCycle);
        }
    }

    // The graph of write-write, write-read and real-time edges of one partition, and a walk from every node.
    private bool HasCycle(int partition)
    {
        var nodes = NodesOf(partition);
        bool[,] reaches = new bool[nodes.Count, nodes.Count];
        for (int a = 0; a < nodes.Count; a++)
        {
            for (int b = 0; b < nodes.Count; b++)
                reaches[a, b] = nodes[a].EndsAt < nodes[b].BeginsAt || IsDataEdge(nodes[a], nodes[b]);
        }

        for (int via = 0; via < nodes.Count; via++)
        {
            for (int a = 0; a < nodes.Count; a++)
            {
                for (int b = 0; b < nodes.Count; b++)
                    reaches[a, b] |= reaches[a, via] && reaches[via, b];
            }
        }

        return Enumerable.Range(0, nodes.Count).Any(node => reaches[node, node]);
    }

    // Writers stand in the order of their values; a writer stands in front of every poll that saw its value or a later one.
    private static bool IsDataEdge(Node from, Node to) =>
        from.WritesIndex >= 0 && (to.WritesIndex > from.WritesIndex || to.ReadsIndex >= from.WritesIndex);

    private List<Node> NodesOf(int partition)
    {
        var nodes = new List<Node>();
        foreach (var (_, offset, value) in _versions.Where(v => v.Partition == partition))
        {
            var written = _written.SingleOrDefault(w => w.Value == value && w.Partition == partition);
            bool hasTime = written is not null && written.Outcome != OpType.Fail;
            int begins = hasTime ? written!.Invoke.Index : -1;
            int ends = hasTime && written!.Outcome == OpType.Ok ? written.End!.Index : int.MaxValue;
            nodes.Add(new Node(IndexOf(partition, offset), -1, begins, ends));
        }

        foreach (var poll in _entries.Where(e => e is { Action: OpAction.Poll, Type: OpType.Ok }))
        {
            var seenHere = poll.Records.Where(r => r.Partition == partition);
            int seen = seenHere.Select(r => IndexOf(partition, r.Offset)).DefaultIfEmpty(-1).Max();
            if (seen >= 0)
                nodes.Add(new Node(-1, seen, poll.Invocation, poll.Index));
        }

        return nodes;
    }

    private void CheckAcks()
    {
        var acked = _written.Where(w => w is { Outcome: OpType.Ok, Acked: >= 0 }).ToList();
        foreach (var later in acked)
        {
            foreach (var other in acked.Where(w => w.Partition == later.Partition && w != later))
            {
                if (other.End!.Index < later.Invoke.Index && later.Acked <= other.Acked)
                    _found.Add(Anomaly.StaleAck);
                if (other.Acked == later.Acked)
                    _found.Add(Anomaly.AckedTwice);
            }
        }
    }

    private void CheckNodes()
    {
        var watermarks = _entries.Where(e => e.Action == OpAction.Watermark)
            .SelectMany(e => e.Records.Select(r => (Entry: e, Told: r))).ToList();
        foreach (var (before, after) in watermarks.SelectMany(w => watermarks.Select(v => (w, v))))
        {
            if (before.Entry.Index < after.Entry.Index && before.Entry.Process == after.Entry.Process
                && before.Told.Partition == after.Told.Partition && after.Told.Offset < before.Told.Offset)
            {
                _found.Add(Anomaly.WatermarkRegressed);
            }
        }

        foreach (var poll in _entries.Where(e => e is { Action: OpAction.Poll, Type: OpType.Ok }))
        {
            foreach (var record in poll.Records)
            {
                var told = watermarks.LastOrDefault(w =>
                    w.Entry.Index < poll.Index && w.Entry.Process == poll.Process && w.Told.Partition == record.Partition);
                if (told.Entry is not null && record.Offset >= told.Told.Offset)
                    _found.Add(Anomaly.ReadBeyondWatermark);
            }
        }

        var leaders = _entries.Where(e => e.Action == OpAction.Leader).SelectMany(e => e.Records).ToList();
        if (leaders.GroupBy(l => (l.Partition, l.Offset)).Any(g => g.Select(l => l.Value).Distinct().Count() > 1))
            _found.Add(Anomaly.TwoLeaders);
    }

    private void CheckReplicas()
    {
        if (_options.Replicas.Count == 0)
            return;
        if (_written.Any(w => w.Outcome == OpType.Ok && !IsOkRead(w.Value, w.Partition)))
            _found.Add(Anomaly.Unseen);
        foreach (var replica in _options.Replicas)
            CheckReplica(replica);
        foreach (var (one, other) in _options.Replicas.SelectMany(r => _options.Replicas.Select(s => (r, s))))
        {
            bool isSame = one.HighWatermark == other.HighWatermark
                && one.Records.SequenceEqual(other.Records)
                && one.BytesHash == other.BytesHash;
            if (one.Partition == other.Partition && !isSame)
                _found.Add(Anomaly.ReplicasDiffer);
        }
    }

    private void CheckReplica(ReplicaRead replica)
    {
        if (!replica.Records.Select(r => r.Offset).SequenceEqual(Range(replica.LogStart, replica.HighWatermark)))
            _found.Add(Anomaly.UnorderedReplica);
        foreach (var written in _written.Where(w => w.Outcome == OpType.Ok && w.Partition == replica.Partition))
        {
            if (!replica.Records.Any(r => r.Value == written.Value && (written.Acked < 0 || r.Offset == written.Acked)))
                _found.Add(Anomaly.LostOnReplica);
        }

        foreach (var record in replica.Records)
        {
            var written = _written.SingleOrDefault(w => w.Value == record.Value);
            if (written is null)
                continue;
            long knownBefore = _written
                .Where(w => w.Partition == written.Partition && w.Outcome == OpType.Ok && w.End!.Index < written.Invoke.Index)
                .Select(w => w.Acked).DefaultIfEmpty(-1).Max();
            bool isMoved = written is { Outcome: OpType.Ok, Acked: >= 0 } && written.Acked != record.Offset;
            if (isMoved || (written.Outcome == OpType.Info && record.Offset <= knownBefore))
                _found.Add(Anomaly.UnknownRecord);
        }
    }

    private static IEnumerable<long> Range(long from, long to)
    {
        for (long offset = from; offset < to; offset++)
            yield return offset;
    }

    private sealed record Node(int WritesIndex, int ReadsIndex, int BeginsAt, int EndsAt);
}
