namespace LogBroker.TestKit;

/// <summary>
/// Records a history from many threads: an entry's place is the moment at which it was made, under one lock. Thread-safe, except that
/// <see cref="History"/> is read only when nobody records any more.
/// </summary>
public sealed class HistoryRecorder
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly History _history = new();
    private int _processes;

    /// <summary>Begins a history.</summary>
    public HistoryRecorder(TimeProvider time)
    {
        _time = time;
        _startedAt = time.GetTimestamp();
    }

    /// <summary>What was recorded; to be taken when all that record have ended.</summary>
    public History History => _history;

    /// <summary>Nanoseconds since the history began.</summary>
    public long ElapsedNs => _time.GetElapsedTime(_startedAt).Ticks * 100;

    /// <summary>The number of a new process.</summary>
    public int NewProcess() => Interlocked.Increment(ref _processes) - 1;

    /// <inheritdoc cref="TestKit.History.Invoke"/>
    public int Invoke(int process, OpAction action, params ReadOnlySpan<PlacedRecord> records)
    {
        lock (_gate)
            return _history.Invoke(process, action, ElapsedNs, records);
    }

    /// <inheritdoc cref="TestKit.History.Complete"/>
    public void Complete(int invocation, OpType type, params ReadOnlySpan<PlacedRecord> records)
    {
        lock (_gate)
            _history.Complete(invocation, type, ElapsedNs, records);
    }

    /// <summary>Enters what has no duration.</summary>
    public void Mark(int process, OpAction action, params ReadOnlySpan<PlacedRecord> records)
    {
        lock (_gate)
            _history.Mark(process, action, ElapsedNs, records);
    }

    /// <summary>Enters a fault, its end, or the quiet after all of them.</summary>
    public void Mark(OpAction action, string note)
    {
        lock (_gate)
            _history.Mark(History.NoProcess, action, ElapsedNs, note);
    }
}
