namespace LogBroker.Rpc;

/// <summary>A running call of one request and many responses.</summary>
public sealed class AsyncServerStreamingCall<TResponse> : AsyncCall
{
    internal AsyncServerStreamingCall(ClientCall call, IAsyncStreamReader<TResponse> responses)
        : base(call) => ResponseStream = responses;

    /// <summary>Gives the responses.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }
}
