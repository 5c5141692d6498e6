namespace LogBroker.Rpc.Server;

/// <summary>
/// Hears the start and the end of calls, for metrics. Called on the call's thread: be quick, thread-safe, and do not throw.
/// </summary>
public interface IServerCallObserver
{
    /// <summary>A handler is about to run.</summary>
    void CallStarted(Method method)
    {
    }

    /// <summary>A call ended, with or without its handler having run.</summary>
    /// <param name="method">Null when the service or method is unknown.</param>
    /// <param name="status">What the client was told.</param>
    /// <param name="duration">From its arrival.</param>
    void CallEnded(Method? method, StatusCode status, TimeSpan duration);
}
