using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>The log lines of the server; event ids 1000 to 1099 are its own and never change their meaning.</summary>
internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Information, "LogBroker {Version} starts: data in {DataDirectory}, process {ProcessId}")]
    public static partial void Starting(ILogger logger, string version, string dataDirectory, int processId);

    [LoggerMessage(1002, LogLevel.Information, "Serving gRPC on {Grpc} (clients are told {Advertised}), HTTP on {Http}")]
    public static partial void Serving(ILogger logger, string grpc, string advertised, string http);

    [LoggerMessage(1003, LogLevel.Warning,
        "Listening on {Address} without authentication: whoever can connect can read and delete everything")]
    public static partial void Insecure(ILogger logger, string address);

    [LoggerMessage(1004, LogLevel.Information, "{Signal}: finishing what is in flight; a second signal exits at once")]
    public static partial void Stopping(ILogger logger, string signal);

    [LoggerMessage(1005, LogLevel.Information, "Stopped after {Seconds:F1} s")]
    public static partial void Stopped(ILogger logger, double seconds);

    [LoggerMessage(1006, LogLevel.Information, "Sending traces and metrics to {Endpoint} by OTLP over {Protocol}")]
    public static partial void Exporting(ILogger logger, string endpoint, string protocol);

    [LoggerMessage(1012, LogLevel.Warning,
        "The process may have {Limit} file descriptors (RLIMIT_NOFILE), of which {Reserve} are kept for files: not enough for the "
        + "{Connections} connections of Limits:MaxConnections. Connections beyond are closed at once")]
    public static partial void FewDescriptors(ILogger logger, long limit, long reserve, long connections);

    [LoggerMessage(1011, LogLevel.Warning, "Not all leaderships were handed over within {Seconds} s")]
    public static partial void OfficeNotLeft(ILogger logger, double seconds);

    [LoggerMessage(1010, LogLevel.Warning, "Configuration: {What}")]
    public static partial void Unwise(ILogger logger, string what);

    [LoggerMessage(1008, LogLevel.Error, "The request for {Path} failed")]
    public static partial void HttpFailed(ILogger logger, string path, Exception exception);

    [LoggerMessage(1009, LogLevel.Warning,
        "The disk failed at the start; waiting {Seconds} s before exiting, because restarting at once will not help")]
    public static partial void BackingOff(ILogger logger, double seconds);
}
