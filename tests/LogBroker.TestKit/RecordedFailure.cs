using LogBroker.Storage;

namespace LogBroker.TestKit;

/// <summary>Remembers that the process would have ended.</summary>
public sealed class RecordedFailure : IFatalFailure
{
    private Exception? _cause;

    /// <summary>The first failure, or null.</summary>
    public Exception? Cause => Volatile.Read(ref _cause);

    public void Fail(string what, Exception cause) => Interlocked.CompareExchange(ref _cause, cause, null);
}
