namespace LogBroker.TestKit.Tests;

/// <summary>
/// Writes a history by hand. Times rise by one millisecond with each entry, unless a wait is told. Partition 0 unless said otherwise; a
/// value is written as its number, of the writer that the process is.
/// </summary>
internal sealed class Story
{
    private readonly Dictionary<RecordValue, int> _open = [];
    private readonly List<ReplicaRead> _replicas = [];
    private long _timeNs;

    public History History { get; } = new();

    public CheckOptions Options { get; set; } = new();

    public static RecordValue Value(int number, int writer = 1) => new(writer, number);

    /// <summary>A process sends, and nothing comes back yet.</summary>
    public Story Sends(int process, params int[] numbers) => SendsTo(0, process, numbers);

    public Story SendsTo(int partition, int process, params int[] numbers)
    {
        var records = numbers.Select(n => new PlacedRecord(partition, -1, Value(n, process))).ToArray();
        int invocation = History.Invoke(process, OpAction.Send, Tick(), records);
        foreach (var record in records)
            _open[record.Value] = invocation;
        return this;
    }

    /// <summary>An earlier send ends.</summary>
    public Story Acked(int process, int number, long offset) =>
        Ended(OpType.Ok, process, new PlacedRecord(0, offset, Value(number, process)));

    public Story Ended(OpType type, int process, params PlacedRecord[] records)
    {
        History.Complete(_open[records[0].Value], type, Tick(), records);
        return this;
    }

    public Story Refused(int process, int number) => Ended(OpType.Fail, process, new PlacedRecord(0, -1, Value(number, process)));

    public Story Unknown(int process, int number) => Ended(OpType.Info, process, new PlacedRecord(0, -1, Value(number, process)));

    /// <summary>Sends and acknowledges, one after the other.</summary>
    public Story Wrote(int process, int number, long offset) => Sends(process, number).Acked(process, number, offset);

    /// <summary>A process polls and is given these.</summary>
    public Story Polled(int process, params (long Offset, int Number)[] records) =>
        PolledRecords(process, OpType.Ok, [.. records.Select(r => new PlacedRecord(0, r.Offset, Value(r.Number)))]);

    public Story PolledRecords(int process, OpType type, params PlacedRecord[] records)
    {
        int invocation = History.Invoke(process, OpAction.Poll, Tick());
        History.Complete(invocation, type, Tick(), records);
        return this;
    }

    public Story Assigned(int process, params (int Partition, long Offset)[] partitions) =>
        Marked(process, OpAction.Assign, [.. partitions.Select(p => new PlacedRecord(p.Partition, p.Offset, RecordValue.Unreadable))]);

    public Story Subscribed(int process, params int[] partitions) =>
        Marked(process, OpAction.Subscribe, [.. partitions.Select(p => new PlacedRecord(p, -1, RecordValue.Unreadable))]);

    public Story Marked(int process, OpAction action, params PlacedRecord[] records)
    {
        History.Mark(process, action, Tick(), records);
        return this;
    }

    public Story Told(int process, long watermark) =>
        Marked(process, OpAction.Watermark, new PlacedRecord(0, watermark, RecordValue.Unreadable));

    public Story Leads(int node, int epoch, int partition = 0) =>
        Marked(History.NoProcess, OpAction.Leader, new PlacedRecord(partition, epoch, new RecordValue(node, 0)));

    public Story Quiet() => Marked(History.NoProcess, OpAction.Quiet);

    public Story Waits(int milliseconds)
    {
        _timeNs += milliseconds * 1_000_000L;
        return this;
    }

    /// <summary>A replica's whole read: these numbers of writer 1 from offset 0 on.</summary>
    public Story Replica(int node, params int[] numbers) => ReplicaAt(node, 0, 1, numbers);

    public Story ReplicaAt(int node, long logStart, ulong hash, params int[] numbers)
    {
        var records = numbers.Select((n, i) => new PlacedRecord(0, logStart + i, Value(n))).ToList();
        return ReplicaHas(new ReplicaRead(node, 0, logStart, logStart + numbers.Length, hash, records));
    }

    public Story ReplicaHas(ReplicaRead read)
    {
        _replicas.Add(read);
        return this;
    }

    public CheckReport Check() => HistoryChecker.Check(History, Options with { Replicas = _replicas });

    /// <summary>The only bad kinds are these.</summary>
    public CheckReport Shows(params Anomaly[] kinds)
    {
        var report = Check();
        Assert.True(report.Kinds.SetEquals(kinds), $"expected {string.Join(", ", kinds)}; found\n{report}");
        Assert.Equal(kinds.Length == 0, report.IsValid);
        return report;
    }

    private long Tick() => _timeNs += 1_000_000;
}
