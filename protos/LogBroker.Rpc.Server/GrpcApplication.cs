using System.Collections.Frozen;
using Google.Protobuf;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Server;

/// <summary>What Kestrel runs for each HTTP/2 stream: finds the method, runs its handler, turns every end into a status.</summary>
internal sealed class GrpcApplication(
    FrozenDictionary<string, MethodHandler> handlers,
    GrpcServerOptions options,
    CallRegistry registry,
    CancellationToken stopping,
    ILogger logger) : IHttpApplication<IFeatureCollection>
{
    private readonly FrozenSet<string> _services = handlers.Values.Select(static h => h.Method.ServiceName).ToFrozenSet();

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        if (RefuseHttp(context, request))
            return Task.CompletedTask;
        if (!handlers.TryGetValue(request.Path, out var handler))
        {
            Refuse(context, null, UnknownMethod(request.Path));
            return Task.CompletedTask;
        }
        string? encoding = request.Headers[GrpcProtocol.EncodingHeader];
        if (encoding is not (null or "" or GrpcProtocol.IdentityEncoding))
        {
            context.GetRequiredFeature<IHttpResponseFeature>().Headers[GrpcProtocol.AcceptEncodingHeader] = GrpcProtocol.IdentityEncoding;
            Refuse(context, handler.Method, new Status(
                StatusCode.Unimplemented, $"grpc-encoding '{Escaped.Cut(encoding)}' is not supported, only identity."));
            return Task.CompletedTask;
        }
        return RunAsync(context, request, handler);
    }

    private async Task RunAsync(IFeatureCollection context, IHttpRequestFeature request, MethodHandler handler)
    {
        var call = new ServerCall(context, handler.Method, options, stopping);
        string? timeoutText = request.Headers[GrpcProtocol.TimeoutHeader];
        var timeout = TimeSpan.MaxValue;
        if (timeoutText is not null && !TimeoutCoding.TryDecode(timeoutText, out timeout))
        {
            Refuse(context, handler.Method, new Status(StatusCode.Internal, $"Malformed grpc-timeout '{Escaped.Cut(timeoutText)}'."));
            return;
        }
        if (registry.TryEnter(call) is { } refusal)
        {
            Refuse(context, handler.Method, refusal);
            return;
        }
        var status = Status.Success;
        Metadata? trailers = null;
        var activity = CallTracing.Start(handler.Method, request.Headers);
        try
        {
            options.Observer?.CallStarted(handler.Method);
            call.StartDeadline(timeout);
            await handler.InvokeAsync(call);
            status = call.Status;
        }
        catch (Exception exception)
        {
            (status, trailers) = EndOf(call, exception);
        }
        call.Finish();
        if (call.Forced is { } forced)
            (status, trailers) = (forced.Status, null);
        registry.Exit(call);
        try
        {
            call.WriteEnd(status, trailers);
        }
        finally
        {
            CallTracing.End(activity, status);
            options.Observer?.CallEnded(handler.Method, status.StatusCode, options.TimeProvider.GetElapsedTime(call.StartedAt));
        }
    }

    private (Status Status, Metadata? Trailers) EndOf(ServerCall call, Exception exception)
    {
        switch (exception)
        {
            case RpcException rpc:
                return (rpc.Status, rpc.Trailers);
            case OperationCanceledException when call.ClientGone || call.Forced is not null:
                return (Status.Cancelled, null);
            case OperationCanceledException when stopping.IsCancellationRequested:
                return (new Status(StatusCode.Unavailable, "The server is stopping."), null);
            case OperationCanceledException:
                return (Status.Cancelled, null);
            case InvalidProtocolBufferException:
                return (new Status(StatusCode.InvalidArgument, $"A message does not parse: {exception.Message}"), null);
            default:
                if (call.ClientGone)
                    return (Status.Cancelled, null);
                Log.HandlerFailed(logger, call.Method.FullName, exception);
                return (new Status(StatusCode.Unknown, "The handler failed; the server's log tells why."), null);
        }
    }

    private Status UnknownMethod(string path)
    {
        var slash = path.LastIndexOf('/');
        var service = slash > 1 ? path[1..slash] : "";
        return _services.Contains(service)
            ? new Status(StatusCode.Unimplemented, $"Unknown method '{Escaped.Cut(path.AsSpan(slash + 1))}' of service {service}.")
            : new Status(StatusCode.Unimplemented, $"Unknown service '{Escaped.Cut(service)}'.");
    }

    private void Refuse(IFeatureCollection context, Method? method, Status status)
    {
        var headers = context.GetRequiredFeature<IHttpResponseFeature>().Headers;
        headers.ContentType = GrpcProtocol.ContentType;
        HeaderMetadata.WriteStatus(status, headers);
        options.Observer?.CallEnded(method, status.StatusCode, TimeSpan.Zero);
    }

    /// <summary>What is no gRPC at all gets an HTTP status, as the protocol demands.</summary>
    private static bool RefuseHttp(IFeatureCollection context, IHttpRequestFeature request)
    {
        var code = 0;
        if (request.Method != HttpMethods.Post)
            code = StatusCodes.Status405MethodNotAllowed;
        else if (!GrpcProtocol.IsGrpcContentType(request.Headers.ContentType))
            code = StatusCodes.Status415UnsupportedMediaType;
        if (code == 0)
            return false;
        context.GetRequiredFeature<IHttpResponseFeature>().StatusCode = code;
        return true;
    }
}
