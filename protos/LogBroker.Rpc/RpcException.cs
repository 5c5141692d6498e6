using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace LogBroker.Rpc;

/// <summary>
/// A call that ended with another status than OK. Thrown by the client's calls, and by handlers of the server to end
/// their call with a status, trailers and, when it is made from a <see cref="Google.Rpc.Status"/>, its details.
/// </summary>
public sealed class RpcException : Exception
{
    private readonly Google.Rpc.Status? _given;

    /// <summary>Ends a call with a status.</summary>
    public RpcException(Status status)
        : this(status, new Metadata(), null)
    {
    }

    /// <summary>Ends a call with a status and trailers.</summary>
    public RpcException(Status status, Metadata trailers, Exception? cause = null)
        : base($"{status.StatusCode}: {status.Detail}", cause)
    {
        Status = status;
        Trailers = trailers;
    }

    /// <summary>
    /// Ends a call with code, message and details of a <see cref="Google.Rpc.Status"/>, which travels in the trailer
    /// <c>grpc-status-details-bin</c>.
    /// </summary>
    public RpcException(Google.Rpc.Status status)
        : this(new Status((StatusCode)status.Code, status.Message), new Metadata(), null)
    {
        _given = status;
        Trailers.Add(GrpcProtocol.StatusDetailsHeader, status.ToByteArray());
    }

    /// <summary>The status of the call.</summary>
    public Status Status { get; }

    /// <summary>The code of <see cref="Status"/>.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>The trailers that came with the status (client) or that go with it (server).</summary>
    public Metadata Trailers { get; }

    /// <summary>The details sent as <c>grpc-status-details-bin</c>; null if there are none or they do not parse.</summary>
    public Google.Rpc.Status? RpcStatus => _given ?? StatusDetails.Read(Trailers);

    /// <summary>Finds the first detail of a type, such as <see cref="Google.Rpc.ErrorInfo"/>.</summary>
    public bool TryGetDetail<T>([NotNullWhen(true)] out T? detail)
        where T : class, IMessage<T>, new()
    {
        detail = null;
        return RpcStatus is { } status && StatusDetails.TryGetDetail(status, out detail);
    }
}
