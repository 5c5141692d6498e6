namespace LogBroker.Rpc;

/// <summary>What one call is given besides its request. Immutable.</summary>
/// <param name="headers">Sent with the request; not changed after it was given.</param>
/// <param name="timeout">
/// The call's deadline, from its start; enforced here and, through <c>grpc-timeout</c>, by the server. Null: none.
/// </param>
/// <param name="cancellationToken">Cancels the call, whatever state it is in.</param>
public readonly struct CallOptions(
    Metadata? headers = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
{
    /// <summary>Sent with the request; null for none.</summary>
    public Metadata? Headers { get; } = headers;

    /// <summary>The call's deadline, from its start; null for none.</summary>
    public TimeSpan? Timeout { get; } = timeout;

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}
