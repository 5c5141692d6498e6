using System.Runtime.ExceptionServices;

namespace LogBroker.Storage;

/// <summary>
/// A few threads that sync files side by side: concurrent syncs share commits of the file system's journal, one after the other
/// each pays for its own. Without threads the caller does all. One job at a time; not thread-safe.
/// </summary>
internal sealed class SyncCrew : IDisposable
{
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _work = new(0);
    private readonly CountdownEvent _atWork = new(1);
    private Action<int> _job = _ => { };
    private int _count;
    private int _next;
    private Exception? _failure;
    private volatile bool _stopping;

    public SyncCrew(int threads)
    {
        _threads = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Serve) { IsBackground = true, Name = $"sync-{i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>
    /// Runs the job for 0 to <paramref name="count"/> - 1, in any order, and waits; the first failure is thrown, and nothing new is
    /// begun after it.
    /// </summary>
    public void Run(int count, Action<int> job)
    {
        if (count == 0)
        {
            return; // every log of a turn can have been closed since it asked
        }

        int helpers = Math.Min(_threads.Length, count - 1);
        _job = job;
        _count = count;
        _next = 0;
        _failure = null;
        _atWork.Reset(helpers + 1);
        if (helpers > 0)
        {
            _work.Release(helpers);
        }

        Work();
        _atWork.Wait();
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        if (_threads.Length > 0)
        {
            _work.Release(_threads.Length);
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _work.Dispose();
        _atWork.Dispose();
    }

    private void Serve()
    {
        while (true)
        {
            _work.Wait();
            if (_stopping)
            {
                return;
            }

            Work();
        }
    }

    private void Work()
    {
        try
        {
            int at;
            while (Volatile.Read(ref _failure) is null && (at = Interlocked.Increment(ref _next) - 1) < _count)
            {
                _job(at);
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
        }
        finally
        {
            _atWork.Signal();
        }
    }
}
