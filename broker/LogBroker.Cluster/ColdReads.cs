using System.Collections.Concurrent;

namespace LogBroker.Cluster;

/// <summary>
/// Threads for reads that wait for the disk, so that the threads on which everybody else's calls run do not. They are started with the
/// first such read. Thread-safe.
/// </summary>
internal sealed class ColdReads : IDisposable
{
    private const int Threads = 4;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Lock _lock = new();
    private Thread[] _threads = [];

    /// <summary>Runs a read on one of the threads. After the disposal it runs on the caller's.</summary>
    public Task<T> Run<T>(Func<T> read)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Work()
        {
            try
            {
                done.SetResult(read());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }

        if (!TryAdd(Work))
        {
            Work();
        }

        return done.Task;
    }

    /// <summary>Ends the threads when what was handed in is read.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _work.CompleteAdding();
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    private bool TryAdd(Action work)
    {
        lock (_lock)
        {
            if (_work.IsAddingCompleted)
            {
                return false;
            }

            if (_threads.Length == 0)
            {
                _threads = [.. Enumerable.Range(1, Threads).Select(ThreadOf)];
                Array.ForEach(_threads, static t => t.Start());
            }

            _work.Add(work);
            return true;
        }
    }

    private Thread ThreadOf(int number) => new(Serve) { IsBackground = true, Name = $"cold-reads-{number}" };

    private void Serve()
    {
        foreach (Action work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
