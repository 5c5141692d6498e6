using System.Globalization;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>The rules of what clients send about groups. Pure, thread-safe.</summary>
public static class GroupChecks
{
    /// <summary>Null when a group id has 1 to 249 bytes and no control character, else <see cref="ErrorCode.InvalidGroupId"/>.</summary>
    public static BrokerError? GroupId(string groupId)
    {
        string? problem = groupId.Length == 0 ? "is empty" : NameProblem(groupId);
        return problem is null ? null : Error(ErrorCode.InvalidGroupId, "group", groupId, problem);
    }

    /// <summary>Null when a member id is 1 to 64 characters of [a-zA-Z0-9_-], else <see cref="ErrorCode.InvalidArgument"/>.</summary>
    public static BrokerError? MemberId(string memberId)
    {
        bool isGood = memberId.Length is > 0 and <= GroupLimits.MemberIdCharsMax
            && memberId.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
        return isGood
            ? null
            : Error(
                ErrorCode.InvalidArgument,
                "member_id",
                memberId,
                $"is not 1 to {GroupLimits.MemberIdCharsMax} characters of [a-zA-Z0-9_-]");
    }

    /// <summary>What a member says of itself, checked and with defaults filled in; or the first thing that is wrong with it.</summary>
    internal static Result<GroupMemberFacts> Facts(GroupEvent.MemberJoined join, GroupLimits limits)
    {
        if (MemberId(join.MemberId) is { } badId)
        {
            return badId;
        }

        if (join.MemberEpoch < 0)
        {
            string shown = join.MemberEpoch.ToString(CultureInfo.InvariantCulture);
            return Error(ErrorCode.InvalidArgument, "member_epoch", shown, "is below 0");
        }

        foreach ((string field, string value) in new[]
        {
            ("instance_id", join.InstanceId), ("rack", join.Rack), ("client_id", join.ClientId), ("host", join.Host),
        })
        {
            if (NameProblem(value) is { } problem)
            {
                return Error(ErrorCode.InvalidArgument, field, value, problem);
            }
        }

        if (join.Assignor is not ("" or GroupAssignors.Uniform or GroupAssignors.Range))
        {
            return Error(
                ErrorCode.InvalidArgument,
                "assignor",
                join.Assignor,
                $"is not known; there are \"{GroupAssignors.Uniform}\" and \"{GroupAssignors.Range}\"");
        }

        if (Subscription(join, limits) is { } badSubscription)
        {
            return badSubscription;
        }

        int sessionMs = join.SessionTimeoutMs == 0 ? limits.SessionTimeoutMsDefault : join.SessionTimeoutMs;
        int rebalanceMs = join.RebalanceTimeoutMs == 0 ? limits.RebalanceTimeoutMsDefault : join.RebalanceTimeoutMs;
        BrokerError? badTimeout = Timeout("session_timeout_ms", sessionMs, limits) ?? Timeout("rebalance_timeout_ms", rebalanceMs, limits);
        return badTimeout is not null
            ? badTimeout
            : new GroupMemberFacts(
                join.InstanceId,
                join.Rack,
                join.ClientId,
                join.Host,
                [.. join.Topics.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
                join.TopicRegex,
                join.Assignor,
                sessionMs,
                rebalanceMs);
    }

    private static BrokerError? Subscription(GroupEvent.MemberJoined join, GroupLimits limits)
    {
        if (join.Topics.Count == 0 && join.TopicRegex.Length == 0)
        {
            return new BrokerError(ErrorCode.InvalidSubscription, "topics and topic_regex are empty: a member subscribes to something");
        }

        if (join.Topics.Count > limits.TopicsPerMemberMax)
        {
            return new BrokerError(
                ErrorCode.InvalidSubscription, $"topics has too many entries: {join.Topics.Count} > {limits.TopicsPerMemberMax}");
        }

        return join.Topics.Select(TopicName.Check).FirstOrDefault(e => e is not null);
    }

    private static BrokerError? Timeout(string field, int timeoutMs, GroupLimits limits) =>
        timeoutMs >= limits.TimeoutMsMin && timeoutMs <= limits.TimeoutMsMax
            ? null
            : Error(
                ErrorCode.InvalidSessionTimeout,
                field,
                timeoutMs.ToString(CultureInfo.InvariantCulture),
                $"is not between {limits.TimeoutMsMin} and {limits.TimeoutMsMax} ms");

    private static string? NameProblem(string value)
    {
        int bytesCount = Encoding.UTF8.GetByteCount(value);
        return bytesCount > GroupLimits.NameBytesMax
            ? $"is too long: {bytesCount} > {GroupLimits.NameBytesMax} bytes"
            : value.Any(char.IsControl) ? "has control characters" : null;
    }

    private static BrokerError Error(ErrorCode code, string field, string value, string problem) =>
        new(code, $"{field} {ShownValue.Of(value)} {problem}")
        {
            Metadata = new Dictionary<string, string> { ["field"] = field, ["value"] = ShownValue.Of(value) },
        };
}
