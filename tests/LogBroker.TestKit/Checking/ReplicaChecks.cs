using System.Collections;

namespace LogBroker.TestKit;

/// <summary>
/// The whole reads of all replicas: each has every acknowledged value where it was acknowledged and nothing else but what may have been
/// written (R3, R5), losses are classified (R4), and all are equal (R6).
/// </summary>
internal sealed class ReplicaChecks
{
    private readonly SendTable _sends;
    private readonly FindingList _findings;
    private readonly IReadOnlyList<ReplicaRead> _replicas;
    private readonly List<Loss> _losses = [];

    public ReplicaChecks(SendTable sends, FindingList findings, IReadOnlyList<ReplicaRead> replicas)
    {
        _sends = sends;
        _findings = findings;
        _replicas = replicas;
    }

    public IReadOnlyList<Loss> Run()
    {
        if (_replicas.Count == 0)
            return [];
        CheckUnseen();
        var byPartition = GroupAcknowledged();
        foreach (var replica in _replicas)
            Check(replica, byPartition.GetValueOrDefault(replica.Partition, []));
        foreach (var same in _replicas.GroupBy(replica => replica.Partition))
        {
            foreach (var other in same.Skip(1))
                Compare(same.First(), other);
        }

        return _losses;
    }

    private void CheckUnseen()
    {
        foreach (ref readonly Sent sent in _sends.All)
        {
            if (sent.Outcome == OpType.Ok && !sent.IsRead && !IsDeleted(sent))
                _findings.Add(Anomaly.Unseen, $"{sent.Value} was acknowledged at {sent.Partition}@{sent.AckedOffset} and never read");
        }
    }

    private bool IsDeleted(Sent sent) =>
        sent.AckedOffset != PlacedRecord.NoOffset
        && _replicas.Any(replica => replica.Partition == sent.Partition && sent.AckedOffset < replica.LogStart);

    private Dictionary<int, List<int>> GroupAcknowledged()
    {
        var groups = new Dictionary<int, List<int>>();
        var all = _sends.All;
        for (int id = 0; id < all.Length; id++)
        {
            if (all[id].Outcome != OpType.Ok)
                continue;
            if (!groups.TryGetValue(all[id].Partition, out var ids))
                groups[all[id].Partition] = ids = [];
            ids.Add(id);
        }

        return groups;
    }

    private void Check(ReplicaRead replica, List<int> acknowledged)
    {
        var present = new BitArray(_sends.All.Length);
        long expected = replica.LogStart;
        foreach (var record in replica.Records)
        {
            if (record.Offset != expected)
            {
                _findings.Add(
                    Anomaly.UnorderedReplica,
                    $"node {replica.Node} has {replica.Partition}@{record.Offset} where {expected} was due");
            }

            expected = record.Offset + 1;
            if (record.Value != RecordValue.Unreadable)
                CheckRecord(replica, record, present);
        }

        if (expected != replica.HighWatermark)
        {
            _findings.Add(
                Anomaly.UnorderedReplica,
                $"node {replica.Node} ends at {replica.Partition}@{expected} and says {replica.HighWatermark}");
        }

        CheckLosses(replica, acknowledged, present);
    }

    private void CheckRecord(ReplicaRead replica, in PlacedRecord record, BitArray present)
    {
        int id = _sends.IdOf(record);
        ref Sent sent = ref _sends[id];
        bool isPlain = sent.Outcome == OpType.Info || sent.AckedOffset == PlacedRecord.NoOffset;
        present[id] = present[id] || isPlain || sent.AckedOffset == record.Offset;
        if (sent.Outcome == OpType.Ok && sent.AckedOffset != PlacedRecord.NoOffset && sent.AckedOffset != record.Offset)
        {
            _findings.Add(
                Anomaly.UnknownRecord,
                $"node {replica.Node} has {sent.Value} at {record.Partition}@{record.Offset}, acknowledged at {sent.AckedOffset}");
        }
        else if (sent.IsKnown && sent.Outcome == OpType.Info && record.Offset <= sent.AckedBefore)
        {
            _findings.Add(
                Anomaly.UnknownRecord,
                $"node {replica.Node} has {sent.Value} at {record.Partition}@{record.Offset}, sent when {sent.AckedBefore} was known");
        }
    }

    private void CheckLosses(ReplicaRead replica, List<int> acknowledged, BitArray present)
    {
        var ranges = new Dictionary<int, (long Min, long Max)>();
        foreach (var record in replica.Records.Where(record => record.Value != RecordValue.Unreadable))
        {
            long number = record.Value.Number;
            var range = ranges.GetValueOrDefault(record.Value.Writer, (number, number));
            ranges[record.Value.Writer] = (Math.Min(range.Item1, number), Math.Max(range.Item2, number));
        }

        var losses = new SortedDictionary<(int Writer, LossClass Class), (long Count, long First, long Last)>();
        foreach (int id in acknowledged)
        {
            ref Sent sent = ref _sends[id];
            if (present[id] || (sent.AckedOffset != PlacedRecord.NoOffset && sent.AckedOffset < replica.LogStart))
                continue;
            _findings.Add(
                Anomaly.LostOnReplica,
                $"node {replica.Node} lacks {sent.Value}, acknowledged at {sent.Partition}@{sent.AckedOffset}");
            long number = sent.Value.Number;
            var key = (sent.Value.Writer, ClassOf(number, ranges, sent.Value.Writer));
            var loss = losses.GetValueOrDefault(key, (0, number, number));
            losses[key] = (loss.Item1 + 1, Math.Min(loss.Item2, number), Math.Max(loss.Item3, number));
        }

        _losses.AddRange(losses.Select(l => new Loss(
            replica.Node, replica.Partition, l.Key.Writer, l.Key.Class, l.Value.Count, l.Value.First, l.Value.Last)));
    }

    private static LossClass ClassOf(long number, Dictionary<int, (long Min, long Max)> ranges, int writer)
    {
        if (!ranges.TryGetValue(writer, out var range))
            return LossClass.All;
        return number < range.Min ? LossClass.Prefix : number > range.Max ? LossClass.Postfix : LossClass.Middle;
    }

    private void Compare(ReplicaRead one, ReplicaRead other)
    {
        string? difference = DifferenceOf(one, other);
        if (difference is not null)
            _findings.Add(Anomaly.ReplicasDiffer, $"nodes {one.Node} and {other.Node} differ in {one.Partition}: {difference}");
    }

    private static string? DifferenceOf(ReplicaRead one, ReplicaRead other)
    {
        if (one.HighWatermark != other.HighWatermark)
            return $"high watermarks {one.HighWatermark} and {other.HighWatermark}";
        int oneSkip = SkipTo(one, other.LogStart);
        int otherSkip = SkipTo(other, one.LogStart);
        int count = Math.Min(one.Records.Count - oneSkip, other.Records.Count - otherSkip);
        for (int i = 0; i < count; i++)
        {
            if (one.Records[oneSkip + i] != other.Records[otherSkip + i])
                return $"{one.Records[oneSkip + i]} and {other.Records[otherSkip + i]}";
        }

        if (one.Records.Count - oneSkip != other.Records.Count - otherSkip)
            return $"{one.Records.Count - oneSkip} and {other.Records.Count - otherSkip} records";
        bool isSameRange = one.LogStart == other.LogStart && one.BytesHash != 0 && other.BytesHash != 0;
        return isSameRange && one.BytesHash != other.BytesHash ? "the same records in other bytes" : null;
    }

    private static int SkipTo(ReplicaRead replica, long offset)
    {
        int skip = 0;
        while (skip < replica.Records.Count && replica.Records[skip].Offset < offset)
            skip++;
        return skip;
    }
}
