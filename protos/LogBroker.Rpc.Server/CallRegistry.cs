using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Server;

/// <summary>
/// The calls in flight: admits no more than the limit, sweeps them for timeouts with one timer for all, and is what a
/// stopping server waits for. Thread-safe; never calls out while it holds its lock.
/// </summary>
internal sealed class CallRegistry : IDisposable
{
    private static readonly TimeSpan SweepMin = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan SweepMax = TimeSpan.FromSeconds(1);

    private readonly GrpcServerOptions _options;
    private readonly ILogger _logger;
    private readonly ITimer _sweep;
    private readonly Lock _lock = new();
    private readonly HashSet<ServerCall> _calls = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _closed;

    public CallRegistry(GrpcServerOptions options, ILogger logger)
    {
        _logger = logger;
        _options = options;
        TimeSpan[] timeouts =
            [options.MessageReadTimeout, options.MessageWriteTimeout, options.StreamIdleTimeout, options.CancelledCallGrace];
        var shortest = timeouts
            .Where(static timeout => timeout > TimeSpan.Zero).DefaultIfEmpty(SweepMax).Min();
        var period = TimeSpan.FromTicks(Math.Clamp(shortest.Ticks / 4, SweepMin.Ticks, SweepMax.Ticks));
        _sweep = options.TimeProvider.CreateTimer(static state => ((CallRegistry)state!).Sweep(), this, period, period);
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _calls.Count;
        }
    }

    /// <summary>Null if the call may run, else why not.</summary>
    public Status? TryEnter(ServerCall call)
    {
        lock (_lock)
        {
            if (_closed)
                return new Status(StatusCode.Unavailable, "The server is stopping.");
            if (_calls.Count >= _options.CallsMax)
                return new Status(StatusCode.ResourceExhausted, $"Too many calls at the same time: limit {_options.CallsMax}.");
            _calls.Add(call);
            return null;
        }
    }

    public void Exit(ServerCall call)
    {
        lock (_lock)
        {
            _calls.Remove(call);
            if (_closed && _calls.Count == 0)
                _drained.TrySetResult();
        }
    }

    /// <summary>Admits no more calls; the task completes when the last has ended.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closed = true;
            if (_calls.Count == 0)
                _drained.TrySetResult();
            return _drained.Task;
        }
    }

    /// <summary>Ends all calls that still run.</summary>
    public void ForceAll(Status status)
    {
        foreach (var call in Snapshot())
            call.Force(status);
    }

    public void Dispose() => _sweep.Dispose();

    private ServerCall[] Snapshot()
    {
        lock (_lock)
            return [.. _calls];
    }

    private void Sweep()
    {
        List<(ServerCall Call, Overdue What)>? overdue = null;
        var now = _options.TimeProvider.GetTimestamp();
        lock (_lock)
        {
            foreach (var call in _calls)
            {
                if (Check(call, now) is { } what)
                    (overdue ??= []).Add((call, what));
            }
        }
        foreach (var (call, what) in overdue ?? [])
        {
            try
            {
                Act(call, what);
            }
            catch (Exception exception)
            {
                Log.SweepFailed(_logger, call.Method.FullName, exception);
            }
        }
    }

    private Overdue? Check(ServerCall call, long now)
    {
        if (call.Forced is { } forced)
            return IsOver(forced.At, _options.CancelledCallGrace, now) ? Overdue.Handler : null;
        if (IsOver(call.Waits.MessageSince, _options.MessageReadTimeout, now))
            return Overdue.Message;
        if (IsOver(call.Waits.FlushSince, _options.MessageWriteTimeout, now))
            return Overdue.Flush;
        return IsOver(call.Waits.IdleSince, _options.StreamIdleTimeout, now) ? Overdue.Stream : null;
    }

    private bool IsOver(long since, TimeSpan timeout, long now) =>
        since != 0 && timeout != Timeout.InfiniteTimeSpan && _options.TimeProvider.GetElapsedTime(since, now) >= timeout;

    private void Act(ServerCall call, Overdue what)
    {
        switch (what)
        {
            case Overdue.Message:
                call.Force(new Status(StatusCode.DeadlineExceeded,
                    $"A request message did not arrive whole within {_options.MessageReadTimeout.TotalSeconds} s."));
                break;
            case Overdue.Stream:
                call.Force(new Status(StatusCode.Cancelled,
                    $"No request message for {_options.StreamIdleTimeout.TotalSeconds} s."));
                break;
            case Overdue.Flush:
                // A status would wait behind the data that nobody reads.
                call.Reset(GrpcProtocol.ErrorCancel);
                call.Force(new Status(StatusCode.Cancelled,
                    $"The client did not read for {_options.MessageWriteTimeout.TotalSeconds} s."));
                break;
            case Overdue.Handler:
                call.Reset(GrpcProtocol.ErrorCancel);
                break;
        }
    }

    private enum Overdue
    {
        Message,
        Stream,
        Flush,
        Handler,
    }
}
