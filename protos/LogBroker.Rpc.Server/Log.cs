using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Server;

/// <summary>The log lines of the server; event ids 7000 to 7099 are its own and never change their meaning.</summary>
internal static partial class Log
{
    [LoggerMessage(7001, LogLevel.Error, "The handler of {Method} failed")]
    public static partial void HandlerFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(7002, LogLevel.Warning,
        "Closed a connection from {Peer} that does not speak gRPC: {Reason} ({Suppressed} more in the last {PeriodSeconds} s not logged)")]
    public static partial void NotGrpc(ILogger logger, string peer, string reason, long suppressed, double periodSeconds);

    [LoggerMessage(7003, LogLevel.Warning, "{Count} calls did not end within the grace of {GraceSeconds} s and were cancelled")]
    public static partial void CallsCancelledAtStop(ILogger logger, int count, double graceSeconds);

    [LoggerMessage(7004, LogLevel.Error, "A call of {Method} that was overdue could not be ended")]
    public static partial void SweepFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(7005, LogLevel.Warning,
        "Closed a new connection to {Address}: it got file descriptor {Descriptor}, and of the {Limit} that the process may have "
        + "(RLIMIT_NOFILE) the last {Reserve} are kept for files ({Suppressed} more in the last {PeriodSeconds} s not logged)")]
    public static partial void NoDescriptorForConnection(
        ILogger logger, string address, nint descriptor, long limit, long reserve, long suppressed, double periodSeconds);

    [LoggerMessage(7006, LogLevel.Warning,
        "Cannot accept connections to {Address}, the next try is in {WaitMs} ms: {Reason}; the process may have {Limit} file descriptors "
        + "(RLIMIT_NOFILE) ({Suppressed} more tries not logged)")]
    public static partial void AcceptingWaits(
        ILogger logger, string address, double waitMs, string reason, long limit, long suppressed);

    [LoggerMessage(7007, LogLevel.Warning, "This version of ASP.NET takes no memory for its connections, which costs speed: {Reason}")]
    public static partial void TransportMemoryNotSet(ILogger logger, string reason);
}
