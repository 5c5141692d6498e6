using LogBroker.Rpc;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>Adds methods to the gRPC server, each counted while it runs. Used while wiring.</summary>
internal sealed class ServiceTable(GrpcServices services, ServerMetrics metrics)
{
    /// <summary>A method of one request and one response.</summary>
    public void Unary<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler) =>
        services.Unary(method, async (request, context) =>
        {
            using var scope = new CallScope(metrics, context);
            return await handler(request, context);
        });

    /// <summary>A method of one request and many responses.</summary>
    public void ServerStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler) =>
        services.ServerStreaming(method, async (request, responses, context) =>
        {
            using var scope = new CallScope(metrics, context);
            await handler(request, responses, context);
        });

    /// <summary>A method of many requests and many responses.</summary>
    public void Duplex<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler) =>
        services.Duplex(method, async (requests, responses, context) =>
        {
            using var scope = new CallScope(metrics, context);
            await handler(requests, responses, context);
        });

    private readonly struct CallScope : IDisposable
    {
        private readonly ServerMetrics _metrics;
        private readonly Method _method;

        public CallScope(ServerMetrics metrics, ServerCallContext context)
        {
            _metrics = metrics;
            _method = context.Method;
            metrics.HandlerEntered(context.Method);
        }

        public void Dispose() => _metrics.HandlerLeft(_method);
    }
}
