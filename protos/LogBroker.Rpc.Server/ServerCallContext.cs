namespace LogBroker.Rpc.Server;

/// <summary>
/// What a handler knows of its call, besides the messages. Valid until the handler returns. Reading is thread-safe;
/// <see cref="ResponseTrailers"/>, <see cref="Status"/> and <see cref="WriteResponseHeadersAsync"/> are for one thread at a time.
/// </summary>
public abstract class ServerCallContext
{
    /// <summary>The method that is called.</summary>
    public abstract Method Method { get; }

    /// <summary>The client's address: <c>ipv4:127.0.0.1:5000</c> or <c>ipv6:[::1]:5000</c>.</summary>
    public abstract string Peer { get; }

    /// <summary>The same for all calls that come over one connection, and unique in this server's life.</summary>
    public abstract string ConnectionId { get; }

    /// <summary>When the client gives up (UTC); <see cref="DateTimeOffset.MaxValue"/> if never.</summary>
    public abstract DateTimeOffset Deadline { get; }

    /// <summary>
    /// Fires when nobody waits for the result any more: the client cancelled, the deadline passed, the connection was lost,
    /// a timeout of the server struck, or the server's time to stop is over.
    /// </summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>Fires when the server begins to stop: end long streams properly, within the server's grace.</summary>
    public abstract CancellationToken Stopping { get; }

    /// <summary>
    /// The largest request message, in bytes, from the next one on: the server's limit unless it is changed. For handlers that trust
    /// their client only after its first messages.
    /// </summary>
    public abstract int ReceiveBytesMax { get; set; }

    /// <summary>The client's metadata.</summary>
    public abstract Metadata RequestHeaders { get; }

    /// <summary>Sent with the status.</summary>
    public abstract Metadata ResponseTrailers { get; }

    /// <summary>
    /// How the call ends when the handler returns; OK unless set. Another status is the way to fail without an exception:
    /// the response that the handler then returns is not sent and may be null.
    /// </summary>
    public abstract Status Status { get; set; }

    /// <summary>Sends the response headers now, instead of with the first response. At most once, before any response.</summary>
    /// <exception cref="InvalidOperationException">The headers were sent already.</exception>
    public abstract ValueTask WriteResponseHeadersAsync(Metadata headers);

    /// <summary>Ends the call, when the handler returns, with code, message and details of a <see cref="Google.Rpc.Status"/>.</summary>
    public void SetStatus(Google.Rpc.Status status)
    {
        var exception = new RpcException(status);
        Status = exception.Status;
        foreach (var entry in exception.Trailers)
            ResponseTrailers.Add(entry);
    }
}
