using System.Diagnostics;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Load;

/// <summary>Where a run stands.</summary>
internal enum LoadStage
{
    /// <summary>Run like the rest and not counted.</summary>
    Warmup,

    /// <summary>Counted.</summary>
    Measured,

    /// <summary>Nothing more is to be sent.</summary>
    Over,
}

/// <summary>
/// The part of a run that is measured: when it begins and ends, and the CPU time of this process in it. All producers of a run share
/// one, and ask it once for many records. Thread-safe.
/// </summary>
/// <remarks>
/// The run ends by time or by bytes, whichever is first. So does the warm-up: after a third of the bytes, because a fast system would
/// otherwise use up all of them before anything is measured.
/// </remarks>
internal sealed class MeasuredSpan
{
    private readonly Lock _lock = new();
    private readonly long _warmupEndTicks;
    private readonly long _durationTicks;
    private readonly long _bytesMax;
    private long _bytes;
    private long _startTicks;
    private TimeSpan _cpuAtStart;

    /// <param name="scenario">Durations and the byte limit.</param>
    /// <param name="nowTicks">When the run begins, a timestamp of <see cref="Stopwatch"/>.</param>
    public MeasuredSpan(Scenario scenario, long nowTicks)
    {
        _warmupEndTicks = nowTicks + TicksOf(scenario.Warmup);
        _durationTicks = TicksOf(scenario.Duration);
        _bytesMax = scenario.BytesWrittenMax;
    }

    /// <summary>Begin of the measured part, a timestamp of <see cref="Stopwatch"/>; 0 during the warm-up.</summary>
    public long StartTicks => Volatile.Read(ref _startTicks);

    /// <summary>True from the end of the warm-up on.</summary>
    public bool HasStarted => StartTicks != 0;

    /// <summary>Ticks of <see cref="Stopwatch"/> in a time.</summary>
    public static long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Says where the run stands, after this many more bytes were handed over.</summary>
    public LoadStage Advance(long nowTicks, long moreBytes)
    {
        long bytes = Interlocked.Add(ref _bytes, moreBytes);
        long start = StartTicks;
        if (start == 0)
        {
            if (nowTicks < _warmupEndTicks && bytes < _bytesMax / 3)
            {
                return LoadStage.Warmup;
            }

            start = Begin(nowTicks);
        }

        return nowTicks - start >= _durationTicks || bytes >= _bytesMax ? LoadStage.Over : LoadStage.Measured;
    }

    /// <summary>Begins the measured part, if it has not begun; returns when it did.</summary>
    public long Begin(long nowTicks)
    {
        lock (_lock)
        {
            if (_startTicks == 0)
            {
                _cpuAtStart = Environment.CpuUsage.TotalTime;
                Volatile.Write(ref _startTicks, nowTicks);
            }

            return _startTicks;
        }
    }

    /// <summary>CPU seconds of this process, user and system, since the measured part began.</summary>
    public double CpuSeconds()
    {
        lock (_lock)
        {
            return (Environment.CpuUsage.TotalTime - _cpuAtStart).TotalSeconds;
        }
    }

    /// <summary>Seconds from the begin of the measured part.</summary>
    public double SecondsUntil(long ticks) => Stopwatch.GetElapsedTime(StartTicks, ticks).TotalSeconds;
}
