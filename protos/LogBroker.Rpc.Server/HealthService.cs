using LogBroker.Rpc.Server.Health;

namespace LogBroker.Rpc.Server;

/// <summary>Whether a service serves, with the numbers of <c>grpc.health.v1</c>.</summary>
public enum ServingStatus
{
    /// <summary>Not known yet.</summary>
    Unknown = 0,

    /// <summary>Calls are answered.</summary>
    Serving = 1,

    /// <summary>Calls would fail.</summary>
    NotServing = 2,
}

/// <summary>
/// The standard health service, <c>grpc.health.v1.Health</c>: answers Check, and tells Watch every change. The empty name is
/// the server as a whole; it does not serve until it is said to. When the server begins to stop, watchers are told that
/// nothing serves any more. Thread-safe.
/// </summary>
public sealed class HealthService
{
    /// <summary>Services that can have a status.</summary>
    public const int ServicesMax = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new() { [""] = ServingStatus.NotServing };
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Sets the status of a service, by its full name; empty for the server as a whole.</summary>
    /// <exception cref="InvalidOperationException">More than <see cref="ServicesMax"/> services.</exception>
    public void SetStatus(string service, ServingStatus status)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (_statuses.TryGetValue(service, out var old) && old == status)
                return;
            if (_statuses.Count >= ServicesMax && !_statuses.ContainsKey(service))
                throw new InvalidOperationException($"More than {ServicesMax} services with a health status.");
            _statuses[service] = status;
            changed = _changed;
            _changed = NewSignal();
        }
        changed.TrySetResult();
    }

    /// <summary>The status of a service; null if it was never set.</summary>
    public ServingStatus? GetStatus(string service) => Look(service).Status;

    internal ValueTask<HealthCheckResponse> CheckAsync(HealthCheckRequest request, ServerCallContext context)
    {
        if (Look(request.Service).Status is not { } status)
            throw new RpcException(new Status(StatusCode.NotFound, $"Unknown service '{Escaped.Cut(request.Service)}'."));
        return new(ResponseOf(context.Stopping.IsCancellationRequested ? ServingStatus.NotServing : status));
    }

    internal async ValueTask WatchAsync(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responses, ServerCallContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
        var told = false;
        ServingStatus? last = null;
        while (!context.Stopping.IsCancellationRequested)
        {
            var (status, changed) = Look(request.Service);
            if (!told || status != last)
            {
                await responses.WriteAsync(ResponseOf(status));
                (told, last) = (true, status);
            }
            await changed.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            context.CancellationToken.ThrowIfCancellationRequested();
        }
        if (last == ServingStatus.Serving)
            await responses.WriteAsync(ResponseOf(ServingStatus.NotServing));
    }

    private (ServingStatus? Status, Task Changed) Look(string service)
    {
        lock (_lock)
            return (_statuses.TryGetValue(service, out var status) ? status : null, _changed.Task);
    }

    private static HealthCheckResponse ResponseOf(ServingStatus? status) => new()
    {
        Status = status is { } known
            ? (HealthCheckResponse.Types.ServingStatus)known
            : HealthCheckResponse.Types.ServingStatus.ServiceUnknown,
    };

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
