using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Runs partitions: whoever has work for one says so here. Any thread.</summary>
internal interface IPartitionScheduler
{
    /// <summary>Has <see cref="PartitionReplica.Poll"/> called soon, after all calls that came before.</summary>
    void Schedule(PartitionReplica replica);
}

/// <summary>
/// The thread of a share of the partitions, one per core: polls what was scheduled, in order. An exception out of a partition is a
/// bug or a failed disk and ends the process; nothing goes on after it.
/// </summary>
internal sealed class PartitionLoop : IPartitionScheduler, IDisposable
{
    private readonly IFatalFailure _fatal;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _wake = new(false);
    private List<PartitionReplica> _scheduled = [];
    private List<PartitionReplica> _polling = [];
    private volatile bool _isStopping;

    public PartitionLoop(int index, IFatalFailure fatal)
    {
        _fatal = fatal;
        _thread = new Thread(Run) { IsBackground = true, Name = $"partitions-{index}" };
        _thread.Start();
    }

    public void Schedule(PartitionReplica replica)
    {
        if (!replica.TryMarkScheduled())
        {
            return;
        }

        bool isFirst;
        lock (_lock)
        {
            isFirst = _scheduled.Count == 0;
            _scheduled.Add(replica);
        }

        if (isFirst)
        {
            _wake.Set();
        }
    }

    /// <summary>Ends the thread; what is scheduled is not polled any more.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _wake.Set();
        _thread.Join();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                _wake.WaitOne();
                if (_isStopping)
                {
                    return;
                }

                lock (_lock)
                {
                    (_scheduled, _polling) = (_polling, _scheduled);
                }

                foreach (PartitionReplica replica in _polling)
                {
                    replica.ClearScheduled();
                    replica.Poll();
                }

                _polling.Clear();
            }
        }
        catch (Exception e)
        {
            _fatal.Fail($"{Thread.CurrentThread.Name} loop", e);
        }
    }
}
