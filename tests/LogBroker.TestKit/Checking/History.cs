using System.Runtime.InteropServices;

namespace LogBroker.TestKit;

/// <summary>
/// What clients did and saw, in the order of real time. Kept in two flat lists, so that millions of entries are cheap. Not thread-safe:
/// <see cref="HistoryRecorder"/> is.
/// </summary>
public sealed class History
{
    /// <summary>The process of entries that no client made: faults and leaders.</summary>
    public const int NoProcess = -1;

    private static readonly int[] NoPartitions = [];

    private readonly List<Row> _rows = [];
    private readonly List<PlacedRecord> _records = [];
    private readonly Dictionary<int, string> _notes = [];
    private readonly Dictionary<int, int[]> _rebalanced = [];

    /// <summary>Number of entries.</summary>
    public int Count => _rows.Count;

    /// <summary>An entry; valid until the next one is added.</summary>
    public Op this[int index]
    {
        get
        {
            Row row = _rows[index];
            return new Op
            {
                Index = index,
                Invocation = row.Invocation,
                Process = row.Process,
                Action = row.Action,
                Type = row.Type,
                TimeNs = row.TimeNs,
                Records = CollectionsMarshal.AsSpan(_records).Slice(row.RecordsStart, row.RecordsCount),
            };
        }
    }

    /// <summary>Begins an operation; its number, by which it is completed.</summary>
    public int Invoke(int process, OpAction action, long timeNs, params ReadOnlySpan<PlacedRecord> records) =>
        Add(_rows.Count, process, action, OpType.Invoke, timeNs, records);

    /// <summary>Ends an operation.</summary>
    public int Complete(int invocation, OpType type, long timeNs, params ReadOnlySpan<PlacedRecord> records)
    {
        Row invoked = _rows[invocation];
        if (invoked.Type != OpType.Invoke || type == OpType.Invoke)
            throw new ArgumentException($"entry {invocation} is no invocation, or {type} is no completion");
        return Add(invocation, invoked.Process, invoked.Action, type, timeNs, records);
    }

    /// <summary>Enters what has no duration: an assignment, a watermark, a leader, a fault, a crash.</summary>
    public int Mark(int process, OpAction action, long timeNs, params ReadOnlySpan<PlacedRecord> records) =>
        Add(_rows.Count, process, action, OpType.Ok, timeNs, records);

    /// <summary>As the other, with a sentence.</summary>
    public int Mark(int process, OpAction action, long timeNs, string note)
    {
        int index = Add(_rows.Count, process, action, OpType.Ok, timeNs, []);
        _notes[index] = note;
        return index;
    }

    /// <summary>The sentence of an entry, or "".</summary>
    public string NoteOf(int index) => _notes.GetValueOrDefault(index, "");

    /// <summary>Says that a group moved these partitions while the poll of that completion ran.</summary>
    public void SetRebalanced(int index, params int[] partitions) => _rebalanced[index] = partitions;

    /// <summary>The partitions that a group moved while the poll ran.</summary>
    public IReadOnlyList<int> RebalancedOf(int index) => _rebalanced.GetValueOrDefault(index, NoPartitions);

    private int Add(int invocation, int process, OpAction action, OpType type, long timeNs, ReadOnlySpan<PlacedRecord> records)
    {
        if (_rows.Count > 0 && timeNs < _rows[^1].TimeNs)
            throw new ArgumentException($"{timeNs} ns is before the entry in front of it");
        _rows.Add(new Row(timeNs, invocation, process, _records.Count, records.Length, action, type));
        _records.AddRange(records);
        return _rows.Count - 1;
    }

    private readonly record struct Row(
        long TimeNs, int Invocation, int Process, int RecordsStart, int RecordsCount, OpAction Action, OpType Type);
}
