using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// Calls an action at each interval on a thread of its own, so that a starved thread pool causes no elections. Ticks that a late thread
/// missed are left out. An exception ends the process. Owned by the broker.
/// </summary>
internal sealed class TickThread : IDisposable
{
    private readonly ManualResetEvent _stop = new(false);
    private readonly Thread _thread;

    public TickThread(TimeSpan interval, Action tick, IFatalFailure fatal)
    {
        _thread = new Thread(() =>
        {
            try
            {
                while (!_stop.WaitOne(interval))
                {
                    tick();
                }
            }
            catch (Exception e)
            {
                fatal.Fail("ticks", e);
            }
        })
        {
            IsBackground = true,
            Name = "ticks",
            Priority = ThreadPriority.AboveNormal,
        };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Set();
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }

        _stop.Dispose();
    }
}
