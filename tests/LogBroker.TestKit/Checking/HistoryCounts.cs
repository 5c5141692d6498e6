namespace LogBroker.TestKit;

/// <summary>What a history holds, in numbers; and the acknowledged offsets, for the rules R1 and R2.</summary>
internal sealed class HistoryCounts
{
    private readonly Dictionary<int, long> _ackedMax = [];
    private readonly HashSet<(int Partition, long Offset)> _acked = [];
    private readonly HashSet<(int Partition, long Epoch)> _leaders = [];
    private readonly HashSet<int> _led = [];

    public long AckedCount { get; private set; }

    public long ReadCount { get; private set; }

    public long FaultsCount { get; private set; }

    public long LeaderChangesCount => _leaders.Count - _led.Count;

    private long RefusedCount { get; set; }

    private long UnknownCount { get; set; }

    public void Take(in Op op)
    {
        switch (op.Action, op.Type)
        {
            case (OpAction.Send, OpType.Invoke):
                UnknownCount += op.Records.Length;
                break;
            case (OpAction.Send, OpType.Ok):
                AckedCount += op.Records.Length;
                UnknownCount -= op.Records.Length;
                break;
            case (OpAction.Send, OpType.Fail):
                RefusedCount += op.Records.Length;
                UnknownCount -= op.Records.Length;
                break;
            case (OpAction.Poll, OpType.Ok):
                ReadCount += op.Records.Length;
                break;
            case (OpAction.Fault, _):
                FaultsCount++;
                break;
            case (OpAction.Leader, _):
                foreach (ref readonly var led in op.Records)
                {
                    _leaders.Add((led.Partition, led.Offset));
                    _led.Add(led.Partition);
                }

                break;
        }
    }

    /// <summary>The greatest acknowledged offset of a partition so far, or -1.</summary>
    public long AckedMax(int partition) => _ackedMax.GetValueOrDefault(partition, PlacedRecord.NoOffset);

    /// <summary>Enters an acknowledged offset; false when it was acknowledged before.</summary>
    public bool Acknowledge(in PlacedRecord record)
    {
        _ackedMax[record.Partition] = Math.Max(AckedMax(record.Partition), record.Offset);
        return _acked.Add((record.Partition, record.Offset));
    }

    public CheckCounts Done(ReadOnlySpan<Sent> sends)
    {
        var partitions = new HashSet<int>();
        long recovered = 0;
        foreach (ref readonly Sent sent in sends)
        {
            recovered += sent.Outcome == OpType.Info && sent.IsKnown && sent.IsRead ? 1 : 0;
            partitions.Add(sent.Partition);
        }

        return new CheckCounts(
            AckedCount, UnknownCount, recovered, RefusedCount, ReadCount, FaultsCount, LeaderChangesCount, partitions.Count);
    }
}
