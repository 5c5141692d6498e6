using Google.Rpc;
using LogBroker.Protocol;
using LogBroker.Rpc;
using StatusDetails = LogBroker.Rpc.StatusDetails;

namespace LogBroker.Client;

/// <summary>What a failure is about and how it came to be; goes into the exception.</summary>
internal readonly record struct CallStory(
    string? Endpoint = null, string? Topic = null, int? Partition = null, int Attempts = 1, TimeSpan Elapsed = default);

/// <summary>Turns failures on the wire into exceptions. Thread-safe: no state.</summary>
internal static class CallErrors
{
    private static readonly Dictionary<string, string> NoDetails = [];

    /// <summary>
    /// The reason in the details, or, when there are none, the closest reason for the code. None where the code says only that the
    /// server could not be asked.
    /// </summary>
    public static ErrorCode ReasonOf(Google.Rpc.Status status)
    {
        if (StatusDetails.TryGetDetail(status, out ErrorInfo? info)
            && info.Domain == ErrorCatalogue.Domain
            && ErrorCatalogue.Find(info.Reason) is { } entry)
        {
            return entry.Code;
        }

        return (StatusCode)status.Code switch
        {
            StatusCode.InvalidArgument => ErrorCode.InvalidArgument,
            StatusCode.DeadlineExceeded => ErrorCode.Timeout,
            StatusCode.NotFound => ErrorCode.UnknownTopicOrPartition,
            StatusCode.AlreadyExists => ErrorCode.TopicAlreadyExists,
            StatusCode.PermissionDenied => ErrorCode.InternalTopic,
            StatusCode.ResourceExhausted => ErrorCode.Busy,
            StatusCode.OutOfRange => ErrorCode.OffsetOutOfRange,
            StatusCode.Unimplemented => ErrorCode.UnsupportedVersion,
            StatusCode.DataLoss => ErrorCode.PartitionQuarantined,
            StatusCode.Unavailable or StatusCode.Cancelled => ErrorCode.None,
            _ => ErrorCode.Internal,
        };
    }

    /// <summary>The exception for a failed item or call.</summary>
    public static LogBrokerException ToException(Google.Rpc.Status status, CallStory story, Exception? cause = null)
    {
        ErrorCode reason = ReasonOf(status);
        IReadOnlyDictionary<string, string> details = StatusDetails.TryGetDetail(status, out ErrorInfo? info)
            ? new Dictionary<string, string>(info.Metadata)
            : NoDetails;
        return reason switch
        {
            ErrorCode.None => new ServerUnreachableException(Lowered(status.Message), cause)
            {
                Topic = story.Topic,
                Partition = story.Partition,
                Endpoint = story.Endpoint,
                Attempts = story.Attempts,
                Elapsed = story.Elapsed,
                Details = details,
                RetryAfter = RetryAfter(status),
            },
            ErrorCode.OutcomeUnknown => new OutcomeUnknownException(status.Message, cause)
            {
                Topic = story.Topic,
                Partition = story.Partition,
                Endpoint = story.Endpoint,
                Attempts = story.Attempts,
                Elapsed = story.Elapsed,
                Details = details,
                RetryAfter = RetryAfter(status),
            },
            _ => new LogBrokerException(reason, status.Message, cause)
            {
                Topic = story.Topic,
                Partition = story.Partition,
                Endpoint = story.Endpoint,
                Attempts = story.Attempts,
                Elapsed = story.Elapsed,
                Details = details,
                RetryAfter = RetryAfter(status),
            },
        };
    }

    /// <summary>The exception for a failed call.</summary>
    public static LogBrokerException ToException(RpcException e, CallStory story) => ToException(StatusOf(e), story, e);

    /// <summary>The status of a failed call, with the details if there are any.</summary>
    public static Google.Rpc.Status StatusOf(RpcException e) =>
        e.RpcStatus ?? new Google.Rpc.Status { Code = (int)e.StatusCode, Message = e.Status.Detail };

    /// <summary>True when the request cannot have reached a server: no connection was made.</summary>
    public static bool WasNeverSent(RpcException e)
    {
        for (Exception? cause = e.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                })
            {
                return true;
            }
        }

        return false;
    }

    private static TimeSpan? RetryAfter(Google.Rpc.Status status) =>
        StatusDetails.TryGetDetail(status, out RetryInfo? retry) && retry.RetryDelay is { } delay ? delay.ToTimeSpan() : null;

    private static string Lowered(string message) =>
        message.StartsWith("Cannot ", StringComparison.Ordinal) ? "c" + message[1..] : message;
}
