namespace LogBroker.Rpc;

/// <summary>What all kinds of calls have in common. Thread-safe.</summary>
public abstract class AsyncCall : IDisposable
{
    private readonly ClientCall _call;

    private protected AsyncCall(ClientCall call) => _call = call;

    /// <summary>The response headers, as soon as they are there; fails with <see cref="RpcException"/> if the call ends before.</summary>
    public Task<Metadata> ResponseHeadersAsync => _call.ResponseHeadersAsync;

    /// <summary>
    /// The largest response accepted, in bytes, from the next one on: the channel's limit unless it is changed. For calls that trust
    /// their server only after its first messages.
    /// </summary>
    public int ReceiveBytesMax
    {
        get => _call.ReceiveBytesMax;
        set => _call.ReceiveBytesMax = value;
    }

    /// <summary>How the call ended.</summary>
    /// <exception cref="InvalidOperationException">It has not ended, or its end was not read yet.</exception>
    public Status GetStatus() => _call.Ended().Status;

    /// <summary>The trailers of the ended call.</summary>
    /// <exception cref="InvalidOperationException">It has not ended, or its end was not read yet.</exception>
    public Metadata GetTrailers() => _call.Ended().Trailers;

    /// <summary>Cancels the call unless it has ended.</summary>
    public void Dispose()
    {
        _call.Dispose();
        GC.SuppressFinalize(this);
    }
}
