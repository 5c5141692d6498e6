namespace LogBroker.Storage;

/// <summary>
/// Group commit: one flush turn per disk syncs every log that asked since the turn before, stores their checkpoints, and tells their
/// listeners. What asks during a turn forms the next one.
/// </summary>
/// <remarks>
/// Owner: <see cref="Request"/> may be called by any thread. Turns run on a thread of its own, or, when it is made without one, on
/// whoever calls <see cref="RunTurn"/> (simulation).
/// Failure policy: a failed sync or state write ends the process and is never tried again; no listener is told anything after it, nor
/// of the turn it was in.
/// </remarks>
public sealed class FlushQueue : IDisposable
{
    /// <summary>Longest time between two synced checkpoints while there are turns.</summary>
    private static readonly TimeSpan CheckpointSyncInterval = TimeSpan.FromSeconds(10);

    /// <summary>Threads beside the queue's own that sync files of one turn.</summary>
    private const int SyncThreads = 3;

    /// <summary>How long to wait before a log is asked again that ran into a limit of the system.</summary>
    private const int BusyPauseMs = 10;

    private readonly LogEnvironment _env;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly ManualResetEvent _pause = new(false);
    private readonly Thread? _thread;
    private readonly SyncCrew _crew;

    // Guarded by _gate.
    private List<PartitionLog> _wanting = [];
    private bool _stopping;

    // Of the turn.
    private readonly List<PartitionLog> _turn = [];
    private readonly Action<int> _syncOne;
    private FlushMark?[] _marks = [];
    private readonly StateBatch _checkpoints = new();
    private List<PartitionLog> _serving = [];
    private long _checkpointSyncedAt;
    private volatile bool _failed;

    /// <summary>Makes the queue of a disk; with a thread it starts serving at once.</summary>
    public FlushQueue(LogEnvironment env, bool withThread)
    {
        _env = env;
        _checkpointSyncedAt = env.Time.GetTimestamp();
        _syncOne = SyncOne;
        _crew = new SyncCrew(withThread ? SyncThreads : 0);
        if (withThread)
        {
            _thread = new Thread(Serve) { IsBackground = true, Name = "flush" };
            _thread.Start();
        }
    }

    /// <summary>Asks for a flush of what is appended to a log now; its listener is told when that is durable. Any thread.</summary>
    public void Request(PartitionLog log)
    {
        if (!log.TryWantFlush())
        {
            return;
        }

        lock (_gate)
        {
            _wanting.Add(log);
        }

        if (_thread is not null)
        {
            _wake.Set();
        }
    }

    /// <summary>
    /// Serves everything that asked so far; the number of logs synced. Only without a thread of its own, or from it.
    /// </summary>
    public int RunTurn()
    {
        if (_failed)
        {
            return 0;
        }

        lock (_gate)
        {
            (_serving, _wanting) = (_wanting, _serving);
        }

        if (_serving.Count == 0)
        {
            return 0;
        }

        long started = _env.Time.GetTimestamp();
        try
        {
            SyncAll();
        }
        catch (DiskException e)
        {
            _failed = true;
            _env.Fatal.Fail("sync", e);
            throw;
        }
        finally
        {
            _serving.Clear();
        }

        _env.Metrics.FlushTurnSeconds.Record(_env.Time.GetElapsedTime(started).TotalSeconds);
        int served = 0;
        for (int i = 0; i < _turn.Count; i++)
        {
            if (_marks[i] is { } mark)
            {
                _turn[i].FlushListener?.Flushed(_turn[i], mark);
                served++;
            }
            else
            {
                Request(_turn[i]);
            }
        }

        bool mustWait = served < _turn.Count && _thread is not null;
        _turn.Clear();
        if (mustWait)
        {
            _ = _pause.WaitOne(BusyPauseMs);
        }

        return served;
    }

    /// <summary>Serves what has asked, then ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
        }

        if (_thread is not null)
        {
            _wake.Set();
            _thread.Join();
        }

        _crew.Dispose();
        _wake.Dispose();
        _pause.Dispose();
    }

    /// <summary>
    /// Each log's gate is held from the sync to the end of the state write: a cut in between would find its lower checkpoint overwritten.
    /// </summary>
    private void SyncAll()
    {
        bool rolled = false;
        _turn.Clear();
        _checkpoints.Clear();
        try
        {
            foreach (PartitionLog log in _serving)
            {
                if (log.TryEnterFlush())
                {
                    _turn.Add(log);
                }
            }

            if (_marks.Length < _turn.Count)
            {
                _marks = new FlushMark?[_turn.Count * 2];
            }

            _crew.Run(_turn.Count, _syncOne);
            for (int i = 0; i < _turn.Count; i++)
            {
                int before = _checkpoints.Count;
                if (_marks[i] is { } mark)
                {
                    _turn[i].AddCheckpoint(_checkpoints, mark);
                }

                rolled |= _checkpoints.Count - before > 1;
            }

            StoreCheckpoints(rolled);
        }
        finally
        {
            foreach (PartitionLog log in _turn)
            {
                log.ExitFlush();
            }
        }
    }

    /// <summary>No mark for a log that ran into a limit of the system before it synced anything: it is asked again.</summary>
    private void SyncOne(int at)
    {
        try
        {
            _marks[at] = _turn[at].SyncFiles();
        }
        catch (DiskBusyException)
        {
            _marks[at] = null;
        }
    }

    private void StoreCheckpoints(bool rolled)
    {
        if (_checkpoints.Count == 0)
        {
            return;
        }

        bool sync = rolled || _env.Time.GetElapsedTime(_checkpointSyncedAt) >= CheckpointSyncInterval;
        _env.State.Write(_checkpoints, sync);
        if (sync)
        {
            _checkpointSyncedAt = _env.Time.GetTimestamp();
        }
    }

    private void Serve()
    {
        while (true)
        {
            _wake.WaitOne();
            bool stopping;
            lock (_gate)
            {
                stopping = _stopping;
            }

            try
            {
                while (RunTurn() > 0)
                {
                }
            }
            catch (Exception e)
            {
                _failed = true;
                _env.Fatal.Fail("flush thread", e);
                return;
            }

            if (stopping)
            {
                return;
            }
        }
    }
}
