namespace LogBroker.Rpc.Server;

/// <summary>Handles a call of one request and one response.</summary>
public delegate ValueTask<TResponse> UnaryServerMethod<in TRequest, TResponse>(TRequest request, ServerCallContext context);

/// <summary>Handles a call of many requests and one response.</summary>
public delegate ValueTask<TResponse> ClientStreamingServerMethod<TRequest, TResponse>(
    IAsyncStreamReader<TRequest> requests, ServerCallContext context);

/// <summary>Handles a call of one request and many responses; returning ends the call.</summary>
public delegate ValueTask ServerStreamingServerMethod<in TRequest, TResponse>(
    TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context);

/// <summary>Handles a call of many requests and many responses; returning ends the call.</summary>
public delegate ValueTask DuplexStreamingServerMethod<TRequest, TResponse>(
    IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context);
