namespace LogBroker.TestKit;

/// <summary>Something that happens at a moment of virtual time, unless it is cancelled before.</summary>
internal sealed class SimEvent(Action run)
{
    private Action? _run = run;

    public bool IsPending => _run is not null;

    public void Cancel() => _run = null;

    public void Run()
    {
        Action? run = _run;
        _run = null;
        run?.Invoke();
    }
}

/// <summary>
/// Virtual time and the order of all that happens: events run one after the other in the order of their moments, those of one moment
/// in the order in which they were planned. Time stands still while an event runs. One thread.
/// </summary>
internal sealed class SimScheduler
{
    private readonly PriorityQueue<SimEvent, (long Ticks, long Sequence)> _events = new();
    private long _planned;

    /// <summary>Running time since the simulation began, in units of 100 ns; never jumps.</summary>
    public long NowTicks { get; private set; }

    /// <summary>Events that ran so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Ticks of a number of milliseconds.</summary>
    public static long Ms(double milliseconds) => (long)(milliseconds * TimeSpan.TicksPerMillisecond);

    public SimEvent At(long ticks, Action run)
    {
        var planned = new SimEvent(run);
        _events.Enqueue(planned, (Math.Max(ticks, NowTicks), _planned++));
        return planned;
    }

    public SimEvent After(long ticks, Action run) => At(NowTicks + ticks, run);

    /// <summary>Runs the next event that is due until a moment; false, with the clock at that moment, when there is none.</summary>
    public bool StepUntil(long untilTicks)
    {
        while (_events.TryPeek(out SimEvent? next, out (long Ticks, long Sequence) at) && at.Ticks <= untilTicks)
        {
            _events.Dequeue();
            if (next.IsPending)
            {
                NowTicks = at.Ticks;
                Steps++;
                next.Run();
                return true;
            }
        }

        NowTicks = Math.Max(NowTicks, untilTicks);
        return false;
    }
}
