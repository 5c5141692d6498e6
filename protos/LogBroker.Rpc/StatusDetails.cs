using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace LogBroker.Rpc;

/// <summary>
/// Builds and reads the rich error model: a <see cref="Google.Rpc.Status"/> with typed details (source: AIP-193 and
/// google/rpc/error_details.proto). Thread-safe: no state.
/// </summary>
public static class StatusDetails
{
    /// <summary>A status with details in the given order.</summary>
    public static Google.Rpc.Status Create(StatusCode code, string message, params ReadOnlySpan<IMessage> details)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = message };
        foreach (var detail in details)
            status.Details.Add(Any.Pack(detail));
        return status;
    }

    /// <summary>Finds the first detail of a type; false if there is none or it does not parse.</summary>
    public static bool TryGetDetail<T>(Google.Rpc.Status status, [NotNullWhen(true)] out T? detail)
        where T : class, IMessage<T>, new()
    {
        foreach (var any in status.Details)
        {
            try
            {
                if (any.TryUnpack(out detail) && detail is not null)
                    return true;
            }
            catch (InvalidProtocolBufferException)
            {
                // A detail that does not parse is as good as none: the code and the text still stand.
            }
        }
        detail = null;
        return false;
    }

    /// <summary>Reads <c>grpc-status-details-bin</c>; null if it is absent or does not parse.</summary>
    public static Google.Rpc.Status? Read(Metadata trailers)
    {
        var bytes = trailers.GetValueBytes(GrpcProtocol.StatusDetailsHeader);
        if (bytes is null)
            return null;
        try
        {
            return Google.Rpc.Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
