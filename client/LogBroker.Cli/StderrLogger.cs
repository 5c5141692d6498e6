using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Cli;

/// <summary>Brings the log of the SDK to stderr with <c>-v</c>; without it nothing of it is written.</summary>
internal sealed class StderrLogger(TextWriter stderr) : ILogger
{
    /// <summary>The factory for a run.</summary>
    public static ILoggerFactory Factory(CliHost host, bool isVerbose) =>
        isVerbose ? new SingleLoggerFactory(new StderrLogger(host.Stderr)) : NullLoggerFactory.Instance;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            string detail = exception is null ? "" : $": {exception.Message}";
            stderr.WriteLine($"{logLevel.ToString().ToLowerInvariant()}: {formatter(state, exception)}{detail}");
        }
    }

    private sealed class SingleLoggerFactory(ILogger logger) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => logger;

        public void Dispose()
        {
        }
    }
}
