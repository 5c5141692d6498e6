namespace LogBroker.Rpc;

/// <summary>
/// The result codes of gRPC, with the numbers that travel in <c>grpc-status</c>
/// (source: grpc/doc/statuscodes.md).
/// </summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The call was cancelled, typically by the caller.</summary>
    Cancelled = 1,

    /// <summary>An error without a better code, such as an exception in a handler.</summary>
    Unknown = 2,

    /// <summary>An argument is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the call ended; its effect may still have happened.</summary>
    DeadlineExceeded = 4,

    /// <summary>Something named by the request does not exist.</summary>
    NotFound = 5,

    /// <summary>What the request would create exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit is reached: message size, calls, quota, space.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that the call needs; a retry alone does not help.</summary>
    FailedPrecondition = 9,

    /// <summary>The call lost a race and may be tried again at a higher level.</summary>
    Aborted = 10,

    /// <summary>An argument lies outside of the range that is valid now.</summary>
    OutOfRange = 11,

    /// <summary>Unknown service or method, or a feature that is not supported.</summary>
    Unimplemented = 12,

    /// <summary>An invariant of the protocol or the peer is broken.</summary>
    Internal = 13,

    /// <summary>The peer cannot be reached or is stopping; a retry with back-off is right.</summary>
    Unavailable = 14,

    /// <summary>Data were lost or damaged.</summary>
    DataLoss = 15,

    /// <summary>The caller is not known.</summary>
    Unauthenticated = 16,
}
