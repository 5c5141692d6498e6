namespace LogBroker.Cli;

/// <summary>
/// Holds <c>produce --rate</c>: waits when it is ahead of the schedule, and does not try to make up for more than a second that was
/// lost. Not thread-safe.
/// </summary>
internal sealed class RecordPacer(RecordRate rate, TimeProvider time)
{
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LostMax = TimeSpan.FromSeconds(1);

    private long _startedAt = time.GetTimestamp();
    private long _records;

    /// <summary>Counts a record, and waits until it may be sent.</summary>
    public ValueTask WaitAsync(CancellationToken ct)
    {
        TimeSpan due = TimeSpan.FromSeconds(_records++ / rate.RecordsPerSecond);
        TimeSpan ahead = due - time.GetElapsedTime(_startedAt);
        if (ahead < -LostMax)
        {
            _startedAt = time.GetTimestamp();
            _records = 1;
        }

        return ahead > Grain ? new ValueTask(Task.Delay(ahead, time, ct)) : ValueTask.CompletedTask;
    }
}
