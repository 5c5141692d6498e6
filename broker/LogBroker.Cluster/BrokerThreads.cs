using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Who runs partitions and flush turns: threads, or a caller that wants every step in its own hand.</summary>
internal interface IBrokerThreads
{
    /// <summary>Logs opened at once at start.</summary>
    int OpensAtOnce { get; }

    FlushQueue Flushes { get; }

    HardStateQueue HardStates { get; }

    /// <summary>
    /// Begins asynchronous work of the broker itself, not on the caller's thread; in order of the calls where it is pumped.
    /// </summary>
    void Start(Func<Task> work);

    /// <summary>Runs a compaction on the thread for them, one after the other; false when that has ended.</summary>
    bool TryStartCleaning(Action work);

    /// <summary>Waits for the compaction that runs; later ones do not begin.</summary>
    void StopCleaning();

    /// <summary>Has an action called at each interval; pumped, by the timers of the clock.</summary>
    IDisposable StartTicks(TimeProvider time, TimeSpan interval, Action tick);

    /// <summary>Where reads wait for the disk; null where they are to stay on the caller's thread.</summary>
    ColdReads? Cold { get; }

    /// <summary>The scheduler of the n-th partition hosted.</summary>
    IPartitionScheduler SchedulerOf(int number);

    /// <summary>Waits for a task that partitions complete.</summary>
    Task Until(Task task);

    /// <summary>Waits for tasks that partitions complete.</summary>
    Task UntilAll(IReadOnlyList<Task> tasks);

    /// <summary>Ends the loops; afterwards the caller may poll. Flush turns go on.</summary>
    void StopLoops();
}

/// <summary>The threads of a real broker: one loop per core, one flush thread, and some for cold reads.</summary>
internal sealed class BrokerThreads : IBrokerThreads
{
    private readonly PartitionLoop[] _loops;
    private readonly CleanerThread _cleaner;
    private readonly IFatalFailure _fatal;

    public BrokerThreads(LogEnvironment env, int loops)
    {
        int count = loops > 0 ? loops : Environment.ProcessorCount;
        _loops = [.. Enumerable.Range(0, count).Select(i => new PartitionLoop(i, env.Fatal))];
        Flushes = new FlushQueue(env, withThread: true);
        HardStates = new HardStateQueue(env, withThread: true);
        _cleaner = new CleanerThread(env.Fatal);
        _fatal = env.Fatal;
    }

    public int OpensAtOnce => _loops.Length;

    public FlushQueue Flushes { get; }

    public HardStateQueue HardStates { get; }

    public ColdReads? Cold { get; } = new();

    public void Start(Func<Task> work) => _ = Task.Run(async () =>
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _fatal.Fail("work of the broker", e);
        }
    });

    public bool TryStartCleaning(Action work) => _cleaner.TryRun(work);

    public void StopCleaning() => _cleaner.Dispose();

    public IDisposable StartTicks(TimeProvider time, TimeSpan interval, Action tick) => new TickThread(interval, tick, _fatal);

    public IPartitionScheduler SchedulerOf(int number) => _loops[number % _loops.Length];

    public Task Until(Task task) => task;

    public Task UntilAll(IReadOnlyList<Task> tasks) => Task.WhenAll(tasks);

    public void StopLoops()
    {
        foreach (PartitionLoop loop in _loops)
        {
            loop.Dispose();
        }

        Cold?.Dispose();
    }
}

/// <summary>
/// No threads at all: whoever waits runs partitions in the order in which they were scheduled, and a flush turn when none has
/// anything to do. The same calls give the same order of disk operations. One thread at a time.
/// </summary>
internal sealed class PumpedThreads(LogEnvironment env, bool isOneOfSeveral) : IBrokerThreads, IPartitionScheduler
{
    private const int JoinMsMax = 30_000;

    private readonly Queue<PartitionReplica> _scheduled = new();
    private readonly Queue<Func<Task>> _work = new();

    public int OpensAtOnce => 1;

    public FlushQueue Flushes { get; } = new(env, withThread: false);

    public HardStateQueue HardStates { get; } = new(env, withThread: false);

    public ColdReads? Cold => null;

    public IPartitionScheduler SchedulerOf(int number) => this;

    public void Schedule(PartitionReplica replica)
    {
        if (replica.TryMarkScheduled())
        {
            _scheduled.Enqueue(replica);
        }
    }

    public void Start(Func<Task> work) => _work.Enqueue(work);

    public bool TryStartCleaning(Action work)
    {
        _work.Enqueue(() =>
        {
            work();
            return Task.CompletedTask;
        });
        return true;
    }

    public void StopCleaning()
    {
    }

    public IDisposable StartTicks(TimeProvider time, TimeSpan interval, Action tick) =>
        time.CreateTimer(static t => ((Action)t!)(), tick, interval, interval);

    /// <summary>A broker among several cannot get on by itself: whoever pumps them all comes back to the task.</summary>
    public Task Until(Task task)
    {
        if (isOneOfSeveral)
        {
            return task;
        }

        while (!task.IsCompleted && Step())
        {
        }

        // Nothing is left to do here, but a task that joins others is completed on a thread of the pool.
        Invariant.Require(task.IsCompleted || ((IAsyncResult)task).AsyncWaitHandle.WaitOne(JoinMsMax));
        return task;
    }

    public Task UntilAll(IReadOnlyList<Task> tasks)
    {
        if (isOneOfSeveral)
        {
            return Waiting.All(tasks);
        }

        foreach (Task task in tasks)
        {
            Until(task);
        }

        return Task.WhenAll(tasks);
    }

    /// <summary>Polls what was scheduled first, or else does the next thing there is; false when there was nothing to do.</summary>
    public bool Step() => PollOne() || StartOne() || WriteHardStates() || Flush();

    /// <summary>Polls the replica that was scheduled first; false when none was.</summary>
    public bool PollOne()
    {
        if (!_scheduled.TryDequeue(out PartitionReplica? replica))
        {
            return false;
        }

        replica.ClearScheduled();
        replica.Poll();
        return true;
    }

    /// <summary>Begins the work that was handed in first; false when there was none.</summary>
    public bool StartOne()
    {
        if (!_work.TryDequeue(out Func<Task>? work))
        {
            return false;
        }

        _ = Guarded(work);
        return true;
    }

    /// <summary>Writes the hard states that were asked for; false when none was.</summary>
    public bool WriteHardStates() => HardStates.RunTurn() > 0;

    /// <summary>Runs a flush turn; false when nobody had asked for one.</summary>
    public bool Flush() => Flushes.RunTurn() > 0;

    private async Task Guarded(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            env.Fatal.Fail("work of the broker", e);
        }
    }

    public void StopLoops()
    {
    }
}
