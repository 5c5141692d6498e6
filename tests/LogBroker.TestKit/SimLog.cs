using Microsoft.Extensions.Logging;

namespace LogBroker.TestKit;

/// <summary>What a broker logs, as lines of the trace for people; not part of its hash, and off when nobody reads.</summary>
internal sealed class SimLog(SimTrace trace, int node) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => trace.IsText && logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            trace.Say("logs", node, formatter(state, exception));
        }
    }

    public void Dispose()
    {
    }
}
