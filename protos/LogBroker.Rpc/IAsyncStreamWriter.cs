namespace LogBroker.Rpc;

/// <summary>Whether a written message may wait for others before it is sent.</summary>
public enum WriteHint
{
    /// <summary>Send now.</summary>
    Flush,

    /// <summary>More will follow at once, or <see cref="IAsyncStreamWriter{T}.FlushAsync"/>: it need not be sent yet.</summary>
    Buffer,
}

/// <summary>The outgoing messages of a call. For one writer at a time; reading and writing of a call may run in parallel.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>
    /// Writes a message. Completes when the transport has taken it: when the peer reads slowly this waits, which is the
    /// back-pressure of the call. The message is released (<see cref="Marshaller{T}.Release"/>) in every case.
    /// </summary>
    /// <exception cref="RpcException">Client: the call has ended. Both: the message is over the limit.</exception>
    /// <exception cref="OperationCanceledException">Server: the call is cancelled. Both: the given token fired.</exception>
    ValueTask WriteAsync(T message, WriteHint hint = WriteHint.Flush, CancellationToken cancellationToken = default);

    /// <summary>Sends what <see cref="WriteHint.Buffer"/> held back.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken = default);
}

/// <summary>The responses of a server-streaming or duplex call, seen by its handler.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>;

/// <summary>The requests of a client-streaming or duplex call, seen by the client.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Says that no more requests follow. Call it once, after the last write.</summary>
    ValueTask CompleteAsync();
}
