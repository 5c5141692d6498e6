using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Errors about groups, with the group and every number in their metadata.</summary>
internal static class GroupErrors
{
    /// <summary>Not here: where it is, as far as that is known.</summary>
    public static BrokerError NotCoordinator(string group, TopicPartition partition, ReplicaView view, string? address)
    {
        string where = view.Leader == NodeId.None ? view.Detail : $"node {view.Leader} leads it";
        BrokerError error = About(
            ErrorCode.NotCoordinator,
            group,
            $"this node does not coordinate group {ShownValue.Of(group)}, whose partition is {partition}: {where}");
        return view.Leader == NodeId.None ? error : With(
            error,
            ("coordinatorNodeId", view.Leader.ToString()),
            ("leaderEpoch", view.Epoch.ToString()),
            ("coordinatorAddress", address ?? ""));
    }

    /// <summary>The topic of groups does not exist yet.</summary>
    public static BrokerError NoCoordinatorYet(string group) => About(
        ErrorCode.NotCoordinator, group, $"nobody coordinates group {ShownValue.Of(group)} yet: ask for its coordinator first");

    /// <summary>The records are being read.</summary>
    public static BrokerError Loading(string group, TopicPartition partition) => About(
        ErrorCode.CoordinatorLoading, group, $"the coordinator of group {ShownValue.Of(group)} is reading partition {partition}");

    /// <summary>There is nothing of that name.</summary>
    public static BrokerError Unknown(string group) =>
        About(ErrorCode.UnknownGroup, group, $"group {ShownValue.Of(group)} does not exist");

    /// <summary>The group has no such member.</summary>
    public static BrokerError UnknownMember(string group, string member) => With(
        About(ErrorCode.UnknownMember, group, $"group {ShownValue.Of(group)} has no member {ShownValue.Of(member)}"),
        ("member", ShownValue.Of(member)[1..^1]));

    /// <summary>Appended, and not known to be committed.</summary>
    public static BrokerError OutcomeUnknown(string group, string why) => About(
        ErrorCode.OutcomeUnknown, group, $"the change of group {ShownValue.Of(group)} was written but {why}: it may or may not survive");

    /// <summary>Too much waits to be written.</summary>
    public static BrokerError Busy(string group, int waitingMax) => With(
        About(
            ErrorCode.Busy,
            group,
            $"{Text(waitingMax)} changes wait at the coordinator of group {ShownValue.Of(group)} already; nothing was stored"),
        ("max", Text(waitingMax)));

    /// <summary>A change that no batch can hold.</summary>
    public static BrokerError TooLarge(string group, long bytes, long bytesMax) => With(
        About(
            ErrorCode.LimitExceeded,
            group,
            $"the change of group {ShownValue.Of(group)} has {Text(bytes)} bytes, at most {Text(bytesMax)} fit into a batch; "
                + "nothing was stored"),
        ("bytes", Text(bytes)),
        ("max", Text(bytesMax)));

    /// <summary>An offset that cannot be committed.</summary>
    public static BrokerError BadOffset(TopicPartition partition, long offset, long max, string why) =>
        new(ErrorCode.InvalidArgument, $"offset {Text(offset)} of partition {partition} {why}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["topic"] = ShownValue.Of(partition.Topic)[1..^1],
                ["partition"] = Text(partition.Partition),
                ["offset"] = Text(offset),
                ["min"] = "0",
                ["max"] = Text(max),
            },
        };

    /// <summary>A text that is too long.</summary>
    public static BrokerError MetadataTooLarge(TopicPartition partition, int bytes, int bytesMax) =>
        new(
            ErrorCode.OffsetMetadataTooLarge,
            $"metadata of partition {partition} has {Text(bytes)} bytes, at most {Text(bytesMax)} are allowed")
        {
            Metadata = new Dictionary<string, string>
            {
                ["topic"] = ShownValue.Of(partition.Topic)[1..^1],
                ["partition"] = Text(partition.Partition),
                ["bytes"] = Text(bytes),
                ["max"] = Text(bytesMax),
            },
        };

    private static BrokerError About(ErrorCode code, string group, string message) => new(code, message)
    {
        Metadata = new Dictionary<string, string> { ["group"] = ShownValue.Of(group)[1..^1] },
    };

    private static BrokerError With(BrokerError error, params ReadOnlySpan<(string Key, string Value)> more)
    {
        var metadata = new Dictionary<string, string>(error.Metadata);
        foreach ((string key, string value) in more)
        {
            metadata[key] = value;
        }

        return error with { Metadata = metadata };
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
