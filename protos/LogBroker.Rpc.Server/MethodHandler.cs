namespace LogBroker.Rpc.Server;

/// <summary>Carries one call of a method through its handler. Shared by all calls; no state.</summary>
internal abstract class MethodHandler(Method method)
{
    public Method Method { get; } = method;

    /// <summary>Reads requests, runs the handler, writes responses. The status is left to the caller.</summary>
    public abstract ValueTask InvokeAsync(ServerCall call);
}

internal sealed class UnaryHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler) : MethodHandler(method)
{
    public override async ValueTask InvokeAsync(ServerCall call)
    {
        var reader = new RequestReader<TRequest>(call, method.RequestMarshaller);
        var request = await reader.ReadSingleAsync();
        var response = await handler(request, call);
        if (call.Status.IsOk)
            await new ResponseWriter<TResponse>(call, method.ResponseMarshaller).WriteAsync(response, WriteHint.Buffer);
        else if (response is not null)
            method.ResponseMarshaller.Release(response);
    }
}

internal sealed class ClientStreamingHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse> handler) : MethodHandler(method)
{
    public override async ValueTask InvokeAsync(ServerCall call)
    {
        var reader = new RequestReader<TRequest>(call, method.RequestMarshaller);
        try
        {
            var response = await handler(reader, call);
            if (call.Status.IsOk)
                await new ResponseWriter<TResponse>(call, method.ResponseMarshaller).WriteAsync(response, WriteHint.Buffer);
            else if (response is not null)
                method.ResponseMarshaller.Release(response);
        }
        finally
        {
            reader.GiveBack();
        }
    }
}

internal sealed class ServerStreamingHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler) : MethodHandler(method)
{
    public override async ValueTask InvokeAsync(ServerCall call)
    {
        var reader = new RequestReader<TRequest>(call, method.RequestMarshaller);
        var request = await reader.ReadSingleAsync();
        await handler(request, new ResponseWriter<TResponse>(call, method.ResponseMarshaller), call);
    }
}

internal sealed class DuplexHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler) : MethodHandler(method)
{
    public override async ValueTask InvokeAsync(ServerCall call)
    {
        var reader = new RequestReader<TRequest>(call, method.RequestMarshaller);
        try
        {
            await handler(reader, new ResponseWriter<TResponse>(call, method.ResponseMarshaller), call);
        }
        finally
        {
            reader.GiveBack();
        }
    }
}
