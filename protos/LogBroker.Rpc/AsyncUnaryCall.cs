using System.Runtime.CompilerServices;

namespace LogBroker.Rpc;

/// <summary>A running call of one request and one response. Awaiting it gives the response.</summary>
public sealed class AsyncUnaryCall<TResponse> : AsyncCall
{
    internal AsyncUnaryCall(ClientCall call, Task<TResponse> response)
        : base(call) => ResponseAsync = response;

    /// <summary>The response; fails with <see cref="RpcException"/> if the call ends with another status than OK.</summary>
    public Task<TResponse> ResponseAsync { get; }

    /// <summary>Lets the call itself be awaited.</summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();
}
