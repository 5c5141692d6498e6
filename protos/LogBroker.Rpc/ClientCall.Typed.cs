using System.Buffers;

namespace LogBroker.Rpc;

/// <summary>A call with the types of its messages.</summary>
internal sealed class ClientCall<TRequest, TResponse> : ClientCall
{
    private ClientCall(GrpcChannel channel, Method<TRequest, TResponse> method, RequestContent content, bool streams)
        : base(channel, method, content)
    {
        Reader = new ResponseStreamReader<TResponse>(this, method.ResponseMarshaller);
        if (streams)
            Writer = new RequestStreamWriter<TRequest>(this, method.RequestMarshaller, channel.Options.SendBytesMax);
    }

    public ResponseStreamReader<TResponse> Reader { get; }

    /// <summary>Null for calls of a single request.</summary>
    public RequestStreamWriter<TRequest>? Writer { get; }

    /// <summary>Starts a call of a single request.</summary>
    public static ClientCall<TRequest, TResponse> Start(
        GrpcChannel channel, Method<TRequest, TResponse> method, in CallOptions options, TRequest request)
    {
        var message = new PooledBuffer();
        var tail = MessageWriting.Write(message, method.RequestMarshaller, request, channel.Options.SendBytesMax);
        message.Write(tail.Span);
        var call = new ClientCall<TRequest, TResponse>(channel, method, RequestContent.Single(message), streams: false);
        call.Begin(options);
        return call;
    }

    /// <summary>Starts a call of many requests.</summary>
    public static ClientCall<TRequest, TResponse> Start(
        GrpcChannel channel, Method<TRequest, TResponse> method, in CallOptions options)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, RequestContent.Stream(), streams: true);
        call.Begin(options);
        return call;
    }

    /// <summary>Reads the one response of a call that has one.</summary>
    public async Task<TResponse> ReadSingleResponseAsync()
    {
        if (!await Reader.MoveNext().ConfigureAwait(false))
            throw new RpcException(new Status(StatusCode.Internal, "The call ended with OK, but without a response."));
        var response = Reader.Current;
        try
        {
            if (!await Reader.MoveNext().ConfigureAwait(false))
                return response;
        }
        catch
        {
            (response as IDisposable)?.Dispose();
            throw;
        }
        (response as IDisposable)?.Dispose();
        (Reader.Current as IDisposable)?.Dispose();
        End(new Status(StatusCode.Internal, "The server sent more than one response to a call that has one."));
        throw new RpcException(new Status(StatusCode.Internal, "The server sent more than one response to a call that has one."));
    }
}
