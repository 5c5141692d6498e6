using LogBroker.Protocol;

namespace LogBroker.TestKit;

/// <summary>
/// One run of a simulated process: its clock, its timers, and the continuations of its asynchronous methods, all on the simulation's
/// thread. When it has died nothing of it runs any more; while it is paused everything waits. One thread.
/// </summary>
internal sealed class SimProcess(SimScheduler scheduler, Func<long> wallOffsetTicks) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private readonly List<Action> _waiting = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private bool _isInside;
    private Exception? _escaped;

    public bool IsAlive { get; private set; } = true;

    public bool IsPaused { get; private set; }

    /// <summary>Called when there is something to run; the owner plans a step.</summary>
    public Action? HasWork { get; set; }

    /// <summary>Takes what escapes from an action; true when the process goes on.</summary>
    public Func<Exception?, bool>? Left { get; set; }

    public TimeProvider Time => field ??= new SimTime(this, scheduler, wallOffsetTicks);

    /// <summary>Runs something in this process: now, when it wakes up, or never.</summary>
    public void Enter(Action action)
    {
        if (!IsAlive)
        {
            return;
        }

        if (IsPaused)
        {
            _waiting.Add(action);
            return;
        }

        Invariant.Require(!_isInside && Environment.CurrentManagedThreadId == _thread);
        SynchronizationContext? before = Current;
        SetSynchronizationContext(this);
        _isInside = true;
        try
        {
            action();
        }
        catch (Exception e)
        {
            _escaped ??= e;
        }
        finally
        {
            _isInside = false;
            SetSynchronizationContext(before);
        }

        Exception? escaped = _escaped;
        _escaped = null;
        if (Left?.Invoke(escaped) != false)
        {
            HasWork?.Invoke();
        }
    }

    /// <summary>An asynchronous method ended with an exception that nobody awaits. Inside the process.</summary>
    public void Escape(Exception exception) => _escaped ??= exception;

    /// <summary>Runs the oldest continuation; false when there is none. Inside the process.</summary>
    public bool RunPosted()
    {
        if (!_posted.TryDequeue(out (SendOrPostCallback Callback, object? State) next))
        {
            return false;
        }

        next.Callback(next.State);
        return true;
    }

    public void Pause() => IsPaused = true;

    public void Resume()
    {
        IsPaused = false;
        Action[] waiting = [.. _waiting];
        _waiting.Clear();
        foreach (Action action in waiting)
        {
            scheduler.After(0, () => Enter(action));
        }

        HasWork?.Invoke();
    }

    public void Die()
    {
        IsAlive = false;
        _posted.Clear();
        _waiting.Clear();
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        Invariant.Require(Environment.CurrentManagedThreadId == _thread); // another thread would make runs differ
        if (IsAlive)
        {
            _posted.Enqueue((d, state));
            if (!_isInside)
            {
                HasWork?.Invoke();
            }
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;
}
