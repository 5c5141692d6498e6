using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using RpcStatus = Google.Rpc.Status;

namespace LogBroker.Protocol;

/// <summary>
/// Errors on the wire: a <see cref="BrokerError"/> as <c>google.rpc.Status</c> with an <c>ErrorInfo</c> (reason, domain, metadata) and,
/// where waiting helps, a <c>RetryInfo</c>; and back. Pure and thread-safe.
/// </summary>
public static class StatusDetails
{
    private const string TypeUrlPrefix = "type.googleapis.com/";
    private const string ErrorInfoUrl = TypeUrlPrefix + "google.rpc.ErrorInfo";
    private const string RetryInfoUrl = TypeUrlPrefix + "google.rpc.RetryInfo";

    /// <summary>The status of an error.</summary>
    public static RpcStatus ToStatus(BrokerError error)
    {
        ErrorCatalogueEntry entry = ErrorCatalogue.Get(error.Code);
        var info = new ErrorInfo { Reason = entry.Reason, Domain = ErrorCatalogue.Domain };
        foreach ((string key, string value) in error.Metadata)
        {
            info.Metadata[key] = value;
        }

        var status = new RpcStatus { Code = (int)entry.Status, Message = error.Message };
        status.Details.Add(new Any { TypeUrl = ErrorInfoUrl, Value = info.ToByteString() });
        if (RetryAfter(error.Code) is { } delay)
        {
            var retry = new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) };
            status.Details.Add(new Any { TypeUrl = RetryInfoUrl, Value = retry.ToByteString() });
        }

        return status;
    }

    /// <summary>
    /// The error of a status. A reason of a newer broker that this version does not know, and a status that is not LogBroker's, become
    /// <see cref="ErrorCode.Internal"/> with the message kept and what is known as metadata.
    /// </summary>
    public static BrokerError ToError(RpcStatus status)
    {
        ErrorInfo? info = Find(status, ErrorInfoUrl, ErrorInfo.Parser);
        if (info is null || info.Domain != ErrorCatalogue.Domain)
        {
            return new BrokerError(ErrorCode.Internal, status.Message)
            {
                Metadata = new Dictionary<string, string> { ["grpcStatus"] = ((CanonicalStatus)status.Code).ToString() },
            };
        }

        var metadata = new Dictionary<string, string>(info.Metadata);
        ErrorCatalogueEntry? entry = ErrorCatalogue.Find(info.Reason);
        if (entry is null)
        {
            metadata["reason"] = info.Reason;
        }

        return new BrokerError(entry?.Code ?? ErrorCode.Internal, status.Message) { Metadata = metadata };
    }

    /// <summary>How long to wait before a retry, as the broker says it, or null.</summary>
    public static TimeSpan? RetryDelayOf(RpcStatus status)
    {
        try
        {
            return Find(status, RetryInfoUrl, RetryInfo.Parser)?.RetryDelay?.ToTimeSpan();
        }
        catch (InvalidOperationException)
        {
            // A duration out of range.
            return null;
        }
    }

    /// <summary>Merges the bytes of a status into one; false when they are malformed.</summary>
    internal static bool TryMerge(RpcStatus status, in ReadOnlySequence<byte> bytes)
    {
        try
        {
            status.MergeFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    /// <summary>How long a client should wait where waiting is what helps; null elsewhere.</summary>
    private static TimeSpan? RetryAfter(ErrorCode code) => code switch
    {
        ErrorCode.Busy or ErrorCode.UnknownEpoch or ErrorCode.OffsetNotAvailable => TimeSpan.FromMilliseconds(100),
        ErrorCode.ShuttingDown => TimeSpan.FromSeconds(1),
        ErrorCode.DiskFull => TimeSpan.FromSeconds(5),
        _ => null,
    };

    private static T? Find<T>(RpcStatus status, string typeUrl, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        foreach (Any detail in status.Details)
        {
            if (detail.TypeUrl != typeUrl)
            {
                continue;
            }

            try
            {
                return parser.ParseFrom(detail.Value);
            }
            catch (InvalidProtocolBufferException)
            {
                return null;
            }
        }

        return null;
    }
}
