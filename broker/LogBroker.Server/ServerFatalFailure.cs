using LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>
/// Ends the process when a write or sync failed. While the broker starts it waits first: the disk was probably bad at the last stop
/// as well, and a supervisor that restarts at once would spin. Thread-safe.
/// </summary>
internal sealed class ServerFatalFailure(TimeSpan backoff, CancellationToken stopAsked, ILogger logger) : IFatalFailure
{
    private readonly ProcessExit _exit = new();
    private volatile bool _isStarted;

    /// <summary>From now on failures end the process at once.</summary>
    public void Started() => _isStarted = true;

    /// <inheritdoc/>
    public void Fail(string what, Exception cause)
    {
        if (!_isStarted && backoff > TimeSpan.Zero)
        {
            Log.BackingOff(logger, backoff.TotalSeconds);
            stopAsked.WaitHandle.WaitOne(backoff);
        }

        _exit.Fail(what, cause);
    }
}
