namespace LogBroker.Raft;

/// <summary>
/// Ticks down to the next campaign. Timeouts are drawn by SplitMix64 from a seed of its own, so that a run is repeated by its seed.
/// Owned by one <see cref="RaftCore"/>; not thread-safe.
/// </summary>
internal sealed class ElectionTimer
{
    private readonly int _ticksMin;
    private readonly int _ticksMax;
    private ulong _state;
    private int _left;

    public ElectionTimer(ulong seed, int ticksMin, int ticksMax)
    {
        Protocol.Invariant.Require(ticksMin >= 1);
        Protocol.Invariant.RequireAtMost(ticksMin, ticksMax);
        _state = seed;
        _ticksMin = ticksMin;
        _ticksMax = ticksMax;
    }

    /// <summary>True while it counts. A timer that does not draws a new timeout at its next tick.</summary>
    public bool IsRunning => _left > 0;

    /// <summary>A leader is heard: nothing is counted.</summary>
    public void Stop() => _left = 0;

    /// <summary>Begins a new random timeout.</summary>
    public void Restart() => _left = _ticksMin + (int)(Next() % (ulong)(_ticksMax - _ticksMin + 1));

    /// <summary>Runs out at the tick given, counted from the next one: 1 or more.</summary>
    public void Set(int ticks) => _left = ticks;

    /// <summary>Runs out at the tick given unless it does before.</summary>
    public void Shorten(int ticks) => _left = _left == 0 ? ticks : Math.Min(_left, ticks);

    /// <summary>Counts a tick; true when it ran out.</summary>
    public bool Tick()
    {
        if (_left == 0)
        {
            Restart();
        }

        return --_left == 0;
    }

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
