using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.TestKit;

/// <summary>How fast a simulated node is, in ticks.</summary>
internal sealed record SimPace
{
    /// <summary>Longest time until a node gets to what it has to do.</summary>
    public long WorkTicksMax { get; init; } = SimScheduler.Ms(0.2);

    /// <summary>Shortest time of a turn of the disk.</summary>
    public long DiskTicksMin { get; init; } = SimScheduler.Ms(0.3);

    /// <summary>Longest time of a turn of the disk.</summary>
    public long DiskTicksMax { get; init; } = SimScheduler.Ms(3);

    /// <summary>Most pieces of work done in a row before others get their turn.</summary>
    public int WorkAtOnceMax { get; init; } = 3;
}

/// <summary>What a node is doing.</summary>
internal enum SimNodeState
{
    Down,
    Starting,
    Up,
    Stopping,
}

/// <summary>
/// One simulated machine with a disk and a state store, and the broker that runs on it: it is started, does its work step by step, is
/// killed, paused and wiped. One thread.
/// </summary>
internal sealed class SimNode
{
    private readonly SimCluster _cluster;
    private readonly SimRandom _random;
    private SimProcess? _process;
    private SimEvent? _work;
    private SimEvent? _flush;
    private SimEvent? _store;
    private bool _isWorking;
    private bool _didWork;
    private bool _isStopped;
    private LossMode _lossAtCrash;

    public SimNode(SimCluster cluster, NodeId id, SimRandom random)
    {
        _cluster = cluster;
        _random = random;
        Id = id;
        Disk = new SimDisk(Machine);
        Store = new SimStateStore(Machine);
    }

    public NodeId Id { get; }

    public SimMachine Machine { get; } = new();

    public SimDisk Disk { get; }

    public SimStateStore Store { get; }

    public SimNodeState State { get; private set; }

    /// <summary>The broker while it is up.</summary>
    public Broker? Broker { get; private set; }

    public RecordedFailure Fatal { get; private set; } = new();

    public SimPace Pace { get; set; } = new();

    /// <summary>Starts of a process so far; tells its lives apart.</summary>
    public int Lives { get; private set; }

    /// <summary>How far the wall clock is off.</summary>
    public long WallOffsetTicks { get; set; }

    public bool IsPaused => _process?.IsPaused == true;

    /// <summary>True while a fault is in place that may end the process.</summary>
    public bool MayDie { get; set; }

    /// <summary>True when bits of its disk flipped: it may hold less than it promised, and find out later.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>How often it lost its disk or its state store.</summary>
    public int Wipes { get; private set; }

    /// <summary>What the last end left of what was not synced.</summary>
    public LossMode LastLoss { get; private set; }

    /// <summary>Called when the process has ended, for whatever reason.</summary>
    public Action? Ended { get; set; }

    /// <summary>Why the last start was refused, or null.</summary>
    public BrokerError? Refusal { get; private set; }

    public void Start()
    {
        Invariant.Require(State == SimNodeState.Down);
        State = SimNodeState.Starting;
        Lives++;
        Refusal = null;
        Fatal = new RecordedFailure();
        var process = new SimProcess(_cluster.Scheduler, () => WallOffsetTicks) { HasWork = PlanWork, Left = Left };
        _process = process;
        _cluster.Trace.Note("start", Id.Value, Lives);
        BrokerSurroundings around = _cluster.SurroundingsOf(this, process.Time);
        process.Enter(() => _ = Open(around, process));
    }

    /// <summary>Runs something in the broker's process, soon after it wakes up; never when it is not up.</summary>
    public void Call(Func<Broker, Task> call)
    {
        if (Broker is not { } broker || _process is not { } process)
        {
            return;
        }

        process.Enter(() => _ = Guarded(call(broker), process));
    }

    /// <summary>Runs something in whatever process there is.</summary>
    public void Enter(Action action) => _process?.Enter(action);

    /// <summary>The process ends at once; with another mode than <see cref="LossMode.KeepAll"/> the machine loses power.</summary>
    public void Kill(LossMode mode)
    {
        if (State == SimNodeState.Down)
        {
            return;
        }

        _cluster.Trace.Note("kill", Id.Value, (long)mode);
        Died(mode);
    }

    /// <summary>The machine stops in the middle of one of its next disk operations.</summary>
    public void KillInOperation(int operations, LossMode mode)
    {
        if (State != SimNodeState.Down)
        {
            _lossAtCrash = mode;
            Machine.CrashAt = Machine.Operations + operations;
        }
    }

    /// <summary>Stops in good order, as after SIGTERM.</summary>
    public void Stop()
    {
        if (State == SimNodeState.Up)
        {
            State = SimNodeState.Stopping;
            _cluster.Trace.Note("stop", Id.Value);
            SimProcess process = _process!;
            Broker broker = Broker!;
            process.Enter(() => _ = Guarded(StopNow(broker, process), process));
        }
    }

    public void Pause()
    {
        _cluster.Trace.Note("pause", Id.Value);
        _process?.Pause();
    }

    public void Resume()
    {
        _cluster.Trace.Note("resume", Id.Value);
        _process?.Resume();
    }

    /// <summary>Loses its disk, its state store, or both; only while it is down.</summary>
    public void Wipe(bool disk, bool store)
    {
        Invariant.Require(State == SimNodeState.Down);
        _cluster.Trace.Note("wipe", Id.Value, disk ? 1 : 0, store ? 1 : 0);
        Wipes++;
        if (disk)
        {
            Disk.Wipe();
        }

        if (store)
        {
            Store.Wipe();
        }
    }

    private async Task Open(BrokerSurroundings around, SimProcess process)
    {
        try
        {
            Result<Broker> opened = await BrokerStart.Open(around, isPumped: true, null, CancellationToken.None);
            if (opened.IsOk)
            {
                Broker = opened.Value;
                State = SimNodeState.Up;
                _cluster.Trace.Note("up", Id.Value, Lives);
            }
            else
            {
                Refusal = opened.Error;
            }
        }
        catch (Exception e)
        {
            process.Escape(e);
        }
    }

    private async Task StopNow(Broker broker, SimProcess process)
    {
        await broker.LeaveOfficeAsync(CancellationToken.None);
        await broker.StopAsync(CancellationToken.None);
        if (_process == process)
        {
            _cluster.Trace.Note("stopped", Id.Value);
            _isStopped = true;
        }
    }

    private static async Task Guarded(Task task, SimProcess process)
    {
        try
        {
            await task;
        }
        catch (Exception e)
        {
            process.Escape(e);
        }
    }

    /// <summary>An action of the process is over: looks at what it did, and whether the process lives.</summary>
    private bool Left(Exception? escaped)
    {
        _cluster.Observe(this, isWhole: escaped is null && !Machine.IsDown && Fatal.Cause is null);
        if (Machine.IsDown)
        {
            _cluster.Trace.Note("crash", Id.Value, Machine.Operations, (long)_lossAtCrash);
            Died(_lossAtCrash, isInStep: true);
            return false;
        }

        if (Fatal.Cause is { } cause)
        {
            _cluster.Trace.Note("died", Id.Value, text: cause.Message);
            if (!MayDie || cause is not DiskException)
            {
                throw new SimViolation("ProcessLives", $"node {Id} ended itself: {cause}");
            }

            Died(LossMode.KeepAll, isInStep: true);
            return false;
        }

        if (escaped is not null)
        {
            throw escaped as SimViolation ?? new SimViolation("NothingEscapes", $"node {Id}: {escaped}");
        }

        if (Refusal is { } refusal)
        {
            _cluster.Trace.Note("refused", Id.Value, text: refusal.Message);
            Died(LossMode.KeepAll);
            return false;
        }

        if (_isStopped)
        {
            Died(LossMode.KeepAll);
            return false;
        }

        return true;
    }

    private void Died(LossMode mode, bool isInStep = false)
    {
        State = SimNodeState.Down;
        LastLoss = mode;
        _isStopped = false;
        _isWorking = false;
        _process!.Die();
        _process = null;
        _work?.Cancel();
        _flush?.Cancel();
        _store?.Cancel();
        (_work, _flush, _store) = (null, null, null);
        _cluster.NodeDied(this, isSilent: mode != LossMode.KeepAll, isInStep);
        Broker?.Abandon();
        Broker = null;
        Machine.Restart(mode, _random);
        Ended?.Invoke();
    }

    private void PlanWork()
    {
        bool isIdle = _isWorking && !_didWork;
        _isWorking = false;
        if (isIdle)
        {
            return;
        }

        _work ??= _cluster.Scheduler.After(_random.Between(0, Pace.WorkTicksMax), Work);
        _flush ??= _cluster.Scheduler.After(_random.Between(Pace.DiskTicksMin, Pace.DiskTicksMax), Flush);
        _store ??= _cluster.Scheduler.After(_random.Between(Pace.DiskTicksMin, Pace.DiskTicksMax), WriteHardStates);
    }

    private void Work()
    {
        _work = null;
        Run(() =>
        {
            var threads = (PumpedThreads?)Broker?.Threads;
            int left = (int)_random.Between(1, Pace.WorkAtOnceMax);
            while (left-- > 0 && (_process!.RunPosted() || threads?.PollOne() == true || threads?.StartOne() == true))
            {
                _didWork = true;
            }
        });
    }

    private void Flush()
    {
        _flush = null;
        Run(() => _didWork = ((PumpedThreads?)Broker?.Threads)?.Flush() == true);
    }

    private void WriteHardStates()
    {
        _store = null;
        Run(() => _didWork = ((PumpedThreads?)Broker?.Threads)?.WriteHardStates() == true);
    }

    private void Run(Action work)
    {
        _process?.Enter(() =>
        {
            _isWorking = true;
            _didWork = false;
            work();
        });
    }
}
