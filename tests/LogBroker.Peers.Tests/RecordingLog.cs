using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LogBroker.Peers.Tests;

/// <summary>Keeps log lines for tests. Thread-safe.</summary>
internal sealed class RecordingLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<(int Id, string Line)> _lines = new();

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IEnumerable<string> Of(int eventId) => _lines.Where(l => l.Id == eventId).Select(l => l.Line);

    public IEnumerable<string> All => _lines.Select(l => l.Line);

    /// <summary>The first line of an event, waiting for it.</summary>
    public async Task<string> WaitAsync(int eventId)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (Of(eventId).FirstOrDefault() is { } line)
                return line;
            await changed.WaitAsync(deadline.Token);
        }
    }

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        _lines.Enqueue((eventId.Id, formatter(state, exception)));
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public void Dispose()
    {
    }
}
