using System.Collections.Concurrent;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// The thread that compacts logs, of low priority, started with the first compaction: partition loops never read or write for one.
/// Thread-safe.
/// </summary>
internal sealed class CleanerThread(IFatalFailure fatal) : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Lock _lock = new();
    private Thread? _thread;

    /// <summary>Runs an action on the thread, behind those handed in before; false after the disposal.</summary>
    public bool TryRun(Action work)
    {
        lock (_lock)
        {
            if (_work.IsAddingCompleted)
            {
                return false;
            }

            if (_thread is null)
            {
                _thread = new Thread(Serve) { IsBackground = true, Name = "cleaner", Priority = ThreadPriority.Lowest };
                _thread.Start();
            }

            _work.Add(work);
            return true;
        }
    }

    /// <summary>Ends the thread when what was handed in is done.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _work.CompleteAdding();
        }

        _thread?.Join();
    }

    private void Serve()
    {
        LogCleaner.LowerThisThread();
        try
        {
            foreach (Action work in _work.GetConsumingEnumerable())
            {
                work();
            }
        }
        catch (Exception e)
        {
            fatal.Fail("cleaner thread", e);
        }
    }
}
