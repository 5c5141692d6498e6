namespace LogBroker.TestKit;

/// <summary>R7: what nodes say of their watermarks; and who leads.</summary>
internal sealed class NodeChecks
{
    private readonly FindingList _findings;
    private readonly Dictionary<(int Process, int Partition), long> _watermarks = [];
    private readonly Dictionary<(int Partition, long Epoch), int> _leaders = [];

    public NodeChecks(FindingList findings)
    {
        _findings = findings;
    }

    public void Run(History history)
    {
        for (int index = 0; index < history.Count; index++)
        {
            Op op = history[index];
            if (op.Type != OpType.Ok)
                continue;
            foreach (ref readonly var record in op.Records)
            {
                switch (op.Action)
                {
                    case OpAction.Watermark:
                        TakeWatermark(op.Process, record);
                        break;
                    case OpAction.Poll:
                        TakeRead(op.Process, record);
                        break;
                    case OpAction.Leader:
                        TakeLeader(record);
                        break;
                }
            }
        }
    }

    private void TakeWatermark(int process, in PlacedRecord told)
    {
        var key = (process, told.Partition);
        if (_watermarks.TryGetValue(key, out long before) && told.Offset < before)
            _findings.Add(Anomaly.WatermarkRegressed, $"process {process} was told {told.Partition}@{before} and then {told.Offset}");
        _watermarks[key] = told.Offset;
    }

    private void TakeRead(int process, in PlacedRecord record)
    {
        if (_watermarks.TryGetValue((process, record.Partition), out long watermark) && record.Offset >= watermark)
            _findings.Add(Anomaly.ReadBeyondWatermark, $"process {process} read {record.Partition}@{record.Offset}, told {watermark}");
    }

    private void TakeLeader(in PlacedRecord led)
    {
        var key = (led.Partition, led.Offset);
        if (_leaders.TryAdd(key, led.Value.Writer) || _leaders[key] == led.Value.Writer)
            return;
        _findings.Add(
            Anomaly.TwoLeaders,
            $"nodes {_leaders[key]} and {led.Value.Writer} led {led.Partition} in epoch {led.Offset}");
    }
}
