using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using RpcStatus = Google.Rpc.Status;

namespace LogBroker.Server;

/// <summary>Turns the broker's errors into the statuses of calls. Pure.</summary>
internal static class ErrorMap
{
    /// <summary>The status with code, message and details of an error.</summary>
    public static RpcStatus ToStatus(BrokerError error) => Protocol.StatusDetails.ToStatus(error);

    /// <summary>Ends a call with an error; what it returns is not sent.</summary>
    public static T Refuse<T>(ServerCallContext context, BrokerError error)
    {
        context.SetStatus(ToStatus(error));
        return default!;
    }

    /// <summary>Ends a call from inside a handler that cannot return.</summary>
    public static RpcException Exception(BrokerError error) => new(ToStatus(error));

    /// <summary>A field is wrong.</summary>
    public static BrokerError Invalid(string field, string value, string problem) =>
        new(ErrorCode.InvalidArgument, $"{field} {value} {problem}")
        {
            Metadata = new Dictionary<string, string> { ["field"] = field, ["value"] = value },
        };

    /// <summary>A number is outside its range; null when it is inside.</summary>
    public static BrokerError? OutOfRange(string field, long value, long min, long max) =>
        value >= min && value <= max ? null : new BrokerError(ErrorCode.InvalidArgument, $"{field} {value} is out of range: {min} to {max}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["field"] = field,
                ["value"] = value.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["min"] = min.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["max"] = max.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
        };

    /// <summary>More was asked for at once than a limit allows; null when it was not.</summary>
    public static BrokerError? TooMany(string field, long count, long max) =>
        count <= max ? null : new BrokerError(ErrorCode.LimitExceeded, $"{field} has {count} entries, at most {max} are allowed")
        {
            Metadata = new Dictionary<string, string>
            {
                ["field"] = field,
                ["count"] = count.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["max"] = max.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
        };
}
