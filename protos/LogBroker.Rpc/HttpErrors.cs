using System.Net.Sockets;

namespace LogBroker.Rpc;

/// <summary>Which status a failure of the transport is.</summary>
internal static class HttpErrors
{
    public static Status StatusOf(Exception exception, Uri address)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case RpcException rpc:
                    return rpc.Status;
                case HttpProtocolException protocol:
                    return new Status(CodeOf(protocol.ErrorCode), $"{address.Authority} reset the call: {protocol.Message}");
                case SocketException socket:
                    return new Status(StatusCode.Unavailable, $"Cannot reach {address.Authority}: {socket.Message}");
            }
        }
        return exception switch
        {
            OperationCanceledException when exception.InnerException is TimeoutException =>
                new Status(StatusCode.Unavailable, $"Cannot reach {address.Authority} within the connect timeout."),
            OperationCanceledException => Status.Cancelled,
            ObjectDisposedException => new Status(StatusCode.Cancelled, "The channel or the call is disposed."),
            HttpRequestException or IOException =>
                new Status(StatusCode.Unavailable, $"The connection to {address.Authority} failed: {exception.Message}"),
            _ => new Status(StatusCode.Internal, $"The call failed: {exception.Message}"),
        };
    }

    // Source: grpc/doc/PROTOCOL-HTTP2.md, "Errors"; NO_ERROR is what a server that stops sends with GOAWAY.
    private static StatusCode CodeOf(long error) => error switch
    {
        GrpcProtocol.ErrorNone or GrpcProtocol.ErrorRefusedStream => StatusCode.Unavailable,
        GrpcProtocol.ErrorCancel => StatusCode.Cancelled,
        GrpcProtocol.ErrorEnhanceYourCalm => StatusCode.ResourceExhausted,
        GrpcProtocol.ErrorInadequateSecurity => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };
}
