using System.Diagnostics.CodeAnalysis;

namespace LogBroker.Rpc;

/// <summary>The incoming messages of a call. For one reader at a time; reading and writing of a call may run in parallel.</summary>
public interface IAsyncStreamReader<T>
{
    /// <summary>The message that the last successful <see cref="MoveNext"/> read.</summary>
    T Current { get; }

    /// <summary>
    /// Waits for the next message. False at the end of the stream (on the client: the call ended with OK).
    /// </summary>
    /// <exception cref="RpcException">Client: the call ended with another status. Server: the message is refused.</exception>
    /// <exception cref="OperationCanceledException">Server: the call is cancelled. Both: the given token fired.</exception>
    ValueTask<bool> MoveNext(CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes the next message if it has arrived whole, without waiting and without touching <see cref="Current"/>. False
    /// says nothing about the end of the stream.
    /// </summary>
    /// <exception cref="RpcException">The message is refused (too large, malformed).</exception>
    bool TryRead([MaybeNullWhen(false)] out T message);

    /// <summary>All remaining messages.</summary>
    async IAsyncEnumerable<T> ReadAllAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await MoveNext(cancellationToken))
            yield return Current;
    }
}
