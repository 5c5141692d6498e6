using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// Group commit of hard states (R2): one synced batch of the state store for all replicas that asked since the one before, so that the
/// elections of hundreds of partitions share a sync. Each replica is told of its own states in the order in which it asked.
/// Failure policy: a failed write ends the process; nobody is told anything after it.
/// Ownership: <see cref="Request"/> is for any thread. Turns run on a thread of its own, or without one on whoever calls
/// <see cref="RunTurn"/>.
/// </summary>
internal sealed class HardStateQueue : IDisposable
{
    private readonly LogEnvironment _env;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread? _thread;
    private readonly StateBatch _batch = new();
    private List<(PartitionReplica Replica, HardState State)> _wanting = [];
    private List<(PartitionReplica Replica, HardState State)> _serving = [];
    private volatile bool _isStopping;
    private volatile bool _hasFailed;
    private long _written;

    public HardStateQueue(LogEnvironment env, bool withThread)
    {
        _env = env;
        if (withThread)
        {
            _thread = new Thread(Serve) { IsBackground = true, Name = "hard-state" };
            _thread.Start();
        }
    }

    /// <summary>Hard states written so far.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>Has a state written; the replica is told by <see cref="PartitionReplica.HardStateWritten"/>.</summary>
    public void Request(PartitionReplica replica, HardState state)
    {
        lock (_gate)
        {
            _wanting.Add((replica, state));
        }

        if (_thread is not null)
        {
            _wake.Set();
        }
    }

    /// <summary>Writes all that was asked for; how many states that were.</summary>
    public int RunTurn()
    {
        lock (_gate)
        {
            (_serving, _wanting) = (_wanting, _serving);
        }

        if (_serving.Count == 0 || _hasFailed)
        {
            return 0;
        }

        _batch.Clear();
        foreach ((PartitionReplica replica, HardState state) in _serving)
        {
            HardStateStore.Put(_batch, replica.Id, state);
        }

        try
        {
            _env.State.Write(_batch, sync: true);
        }
        catch (DiskException e)
        {
            _hasFailed = true;
            _env.Fatal.Fail("hard state of partitions", e);
            throw;
        }

        foreach ((PartitionReplica replica, HardState state) in _serving)
        {
            replica.HardStateWritten(state);
        }

        int count = _serving.Count;
        Volatile.Write(ref _written, _written + count);
        _serving.Clear();
        return count;
    }

    /// <summary>Writes what was asked for, then ends the thread.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _wake.Set();
        _thread?.Join(); // the event stays: a replica on its way out may still ask, and is told nothing
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                _wake.WaitOne();
                bool isLast = _isStopping;
                while (RunTurn() > 0)
                {
                }

                if (isLast)
                {
                    return;
                }
            }
        }
        catch (Exception e)
        {
            _hasFailed = true;
            _env.Fatal.Fail("hard state thread", e);
        }
    }
}
