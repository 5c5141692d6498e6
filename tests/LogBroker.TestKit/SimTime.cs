namespace LogBroker.TestKit;

/// <summary>
/// The clock of one process: running time is the simulation's and never jumps, the wall clock may. Timers fire in the process, in order;
/// those that were due while it was paused fire once when it wakes up. One thread.
/// </summary>
internal sealed class SimTime(SimProcess process, SimScheduler scheduler, Func<long> wallOffsetTicks) : TimeProvider
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => scheduler.NowTicks;

    public override DateTimeOffset GetUtcNow() => Begin.AddTicks(scheduler.NowTicks + wallOffsetTicks());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(process, scheduler, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(SimProcess process, SimScheduler scheduler, TimerCallback callback, object? state) : ITimer
    {
        private SimEvent? _due;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private bool _isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_isDisposed)
            {
                return false;
            }

            _due?.Cancel();
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                _due = scheduler.After(dueTime.Ticks, Fire);
            }

            return true;
        }

        public void Dispose()
        {
            _isDisposed = true;
            _due?.Cancel();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            if (process.IsAlive)
            {
                process.Enter(Call);
            }
        }

        private void Call()
        {
            if (_isDisposed)
            {
                return;
            }

            if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero)
            {
                _due = scheduler.After(_period.Ticks, Fire);
            }

            callback(state);
        }
    }
}
