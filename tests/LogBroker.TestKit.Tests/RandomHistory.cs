namespace LogBroker.TestKit.Tests;

/// <summary>
/// A small history by a seed: a broker that keeps its promises, clients with several sends on their way, and after that a number of lies.
/// Without lies it must be valid.
/// </summary>
internal sealed class RandomHistory
{
    private const int PartitionsCount = 2;

    private readonly Random _random;
    private readonly double _lies;
    private readonly List<RecordValue>[] _log = [[], []];
    private readonly List<Pending> _pending = [];
    private readonly Dictionary<(int Process, int Partition), int> _places = [];
    private readonly int[] _numbers = new int[3];
    private long _timeNs;

    private RandomHistory(int seed, double lies)
    {
        _random = new Random(seed);
        _lies = lies;
    }

    public History History { get; } = new();

    public List<ReplicaRead> Replicas { get; } = [];

    public static RandomHistory Make(int seed, double lies)
    {
        var made = new RandomHistory(seed, lies);
        int steps = made._random.Next(4, 40);
        for (int i = 0; i < steps; i++)
            made.Step();
        while (made._pending.Count > 0 && made._random.Next(4) > 0)
            made.End();
        if (lies == 0 || made._random.Next(2) == 0)
            made.ReadReplicas();
        return made;
    }

    private bool Lies() => _random.NextDouble() < _lies;

    private long Tick() => _timeNs += 1000;

    private void Step()
    {
        switch (_random.Next(12))
        {
            case < 4:
                Send();
                break;
            case < 7:
                End();
                break;
            case < 10:
                Poll();
                break;
            case 10:
                Assign();
                break;
            default:
                TellWatermarkOrLeader();
                break;
        }
    }

    private void Send()
    {
        int process = _random.Next(_numbers.Length);
        int partition = _random.Next(PartitionsCount);
        var records = new PlacedRecord[_random.Next(5) == 0 ? 2 : 1];
        for (int i = 0; i < records.Length; i++)
            records[i] = new PlacedRecord(partition, -1, new RecordValue(process, _numbers[process]++));
        int invocation = History.Invoke(process, OpAction.Send, Tick(), records);
        var pending = new Pending(invocation, process, partition, records);
        bool isWritten = _random.Next(6) > 0;
        pending.FirstOffset = isWritten ? _log[partition].Count : -1;
        if (isWritten)
            _log[partition].AddRange(records.Select(r => r.Value));
        if (isWritten && Lies())
            _log[partition].Insert(_random.Next(_log[partition].Count), records[0].Value);
        _pending.Add(pending);
    }

    private void End()
    {
        if (_pending.Count == 0)
            return;
        var pending = _pending[_random.Next(_pending.Count)];
        _pending.Remove(pending);
        bool isWritten = pending.FirstOffset >= 0;
        bool saysWritten = Lies() ? _random.Next(2) == 0 : isWritten;
        var type = _random.Next(4) == 0 ? OpType.Info : saysWritten ? OpType.Ok : OpType.Fail;
        var records = pending.Records.Select((r, i) => type == OpType.Ok ? r with { Offset = OffsetOf(pending, i) } : r).ToArray();
        History.Complete(pending.Invocation, type, Tick(), records);
    }

    private long OffsetOf(Pending pending, int at) =>
        Lies() || pending.FirstOffset < 0 ? _random.Next(-1, _log[pending.Partition].Count + 1) : pending.FirstOffset + at;

    private void Poll()
    {
        int process = 10 + _random.Next(3);
        int invocation = History.Invoke(process, OpAction.Poll, Tick());
        var records = new List<PlacedRecord>();
        for (int partition = 0; partition < PartitionsCount; partition++)
        {
            int place = _places.GetValueOrDefault((process, partition));
            int count = Math.Max(0, Math.Min(_random.Next(4), _log[partition].Count - place));
            for (int i = 0; i < count; i++)
                records.Add(new PlacedRecord(partition, place + i, _log[partition][place + i]));
            _places[(process, partition)] = place + count;
        }

        Spoil(records);
        var type = _random.Next(8) == 0 ? OpType.Info : OpType.Ok;
        History.Complete(invocation, type, Tick(), [.. records]);
        if (type == OpType.Info)
        {
            // Nobody took it: the next poll begins where this one did.
            foreach (var group in records.Where(r => r.Partition < PartitionsCount).GroupBy(r => r.Partition))
                _places[(process, group.Key)] = (int)Math.Max(0, group.Min(r => r.Offset));
        }
    }

    private void Spoil(List<PlacedRecord> records)
    {
        if (records.Count == 0 || !Lies())
            return;
        int at = _random.Next(records.Count);
        var record = records[at];
        switch (_random.Next(6))
        {
            case 0:
                records.RemoveAt(at);
                break;
            case 1:
                records.Add(record);
                break;
            case 2:
                records[at] = record with { Offset = _random.Next(6) };
                break;
            case 3:
                records[at] = record with { Value = new RecordValue(_random.Next(3), _random.Next(6)) };
                break;
            case 4:
                records[at] = record with { Partition = 1 - record.Partition };
                break;
            default:
                records[at] = record with { Value = RecordValue.Unreadable };
                break;
        }
    }

    private void Assign()
    {
        int process = 10 + _random.Next(3);
        int kind = _random.Next(4);
        if (kind == 0)
        {
            History.Mark(process, OpAction.Crash, Tick());
            return;
        }

        var assigned = new List<PlacedRecord>();
        for (int partition = 0; partition < PartitionsCount; partition++)
        {
            if (_random.Next(3) == 0)
                continue;
            long offset = _random.Next(2) == 0 ? -1 : _random.Next(_log[partition].Count + 1);
            if (offset >= 0)
                _places[(process, partition)] = (int)offset;
            assigned.Add(new PlacedRecord(partition, offset, RecordValue.Unreadable));
        }

        History.Mark(process, kind == 1 ? OpAction.Subscribe : OpAction.Assign, Tick(), [.. assigned]);
    }

    private void TellWatermarkOrLeader()
    {
        int partition = _random.Next(PartitionsCount);
        if (_random.Next(2) == 0)
        {
            int node = Lies() ? 2 : 1;
            History.Mark(
                History.NoProcess, OpAction.Leader, Tick(), new PlacedRecord(partition, _random.Next(3), new RecordValue(node, 0)));
            return;
        }

        // A process that is told watermarks and reads nothing else.
        long watermark = Lies() ? _random.Next(5) : _log[partition].Count;
        History.Mark(20, OpAction.Watermark, Tick(), new PlacedRecord(partition, watermark, RecordValue.Unreadable));
        if (_random.Next(2) == 0 || _log[partition].Count == 0)
            return;
        int invocation = History.Invoke(20, OpAction.Poll, Tick());
        History.Mark(20, OpAction.Assign, Tick(), new PlacedRecord(partition, 0, RecordValue.Unreadable));
        History.Complete(invocation, OpType.Ok, Tick(), new PlacedRecord(partition, 0, _log[partition][0]));
    }

    private void ReadReplicas()
    {
        for (int partition = 0; partition < PartitionsCount; partition++)
        {
            for (int node = 1; node <= 2; node++)
            {
                var records = _log[partition].Select((v, i) => new PlacedRecord(partition, i, v)).ToList();
                if (records.Count > 0 && Lies())
                    records.RemoveAt(_random.Next(records.Count));
                if (records.Count > 0 && Lies())
                {
                    var value = new RecordValue(_random.Next(3), _random.Next(6));
                    records[_random.Next(records.Count)] = new PlacedRecord(partition, _random.Next(records.Count), value);
                }

                ulong hash = Lies() ? 8UL : 7UL;
                Replicas.Add(new ReplicaRead(node, partition, 0, _log[partition].Count, hash, records));
            }
        }
    }

    private sealed record Pending(int Invocation, int Process, int Partition, PlacedRecord[] Records)
    {
        public int FirstOffset { get; set; }
    }
}
