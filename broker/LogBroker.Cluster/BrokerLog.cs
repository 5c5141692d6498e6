using Microsoft.Extensions.Logging;

namespace LogBroker.Cluster;

/// <summary>What the broker logs; event ids 3000 to 3099 are part of its contract with operators.</summary>
internal static partial class BrokerLog
{
    [LoggerMessage(3000, LogLevel.Information, "Data directory {Path}: cluster {Cluster}, node {Node}, clean shutdown {WasClean}")]
    public static partial void Opened(ILogger log, string path, string cluster, int node, bool wasClean);

    [LoggerMessage(3001, LogLevel.Warning,
        "The state store was lost: votes, log starts and producer snapshots are rebuilt from the segments; this lone node goes on in higher epochs")]
    public static partial void StateLost(ILogger log);

    [LoggerMessage(3002, LogLevel.Information, "{Partitions} partitions recovered, {Bytes} bytes checked, {Quarantined} quarantined")]
    public static partial void Recovered(ILogger log, int partitions, long bytes, int quarantined);

    [LoggerMessage(3003, LogLevel.Warning,
        "Partition {Partition} was cut at {File} byte {Position}: {Reason}; bytes kept aside in {CutFiles} files")]
    public static partial void Cut(ILogger log, string partition, string file, long position, string reason, int cutFiles);

    [LoggerMessage(3004, LogLevel.Error, "Partition {Partition} is quarantined: {Damage}")]
    public static partial void Quarantined(ILogger log, string partition, string damage);

    [LoggerMessage(3005, LogLevel.Warning,
        "Directory {Path} belongs to no topic that the metadata log knows; it is left as it is")]
    public static partial void UnknownDirectory(ILogger log, string path);

    [LoggerMessage(3006, LogLevel.Information, "Topic {Topic} ({Id}) created with {Partitions} partitions")]
    public static partial void TopicCreated(ILogger log, string topic, string id, int partitions);

    [LoggerMessage(3007, LogLevel.Information, "Topic {Topic} ({Id}) deleted")]
    public static partial void TopicDeleted(ILogger log, string topic, string id);

    [LoggerMessage(3008, LogLevel.Information, "Topic {Topic} changed: {Change}")]
    public static partial void TopicChanged(ILogger log, string topic, string change);

    [LoggerMessage(3009, LogLevel.Warning, "Partition {Partition} cannot be opened now: {Reason}; tried again later")]
    public static partial void NotHosted(ILogger log, string partition, string reason);

    [LoggerMessage(3010, LogLevel.Information, "Stopping: {Partitions} partitions finish what is in flight")]
    public static partial void Stopping(ILogger log, int partitions);

    [LoggerMessage(3011, LogLevel.Warning, "Stopping without waiting for all answers: what is unanswered has an unknown outcome")]
    public static partial void NotDrained(ILogger log);

    [LoggerMessage(3012, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(3013, LogLevel.Information, "Leftover files of deleted topic {Topic} ({Id}) removed")]
    public static partial void LeftoverRemoved(ILogger log, string topic, string id);

    [LoggerMessage(3014, LogLevel.Error, "The state store was damaged and is moved aside to {Path}; an empty one takes its place")]
    public static partial void StateMovedAside(ILogger log, string path);

    [LoggerMessage(3015, LogLevel.Information, "Partition {Partition} is cut from {Before} to {After}: its leader has another log there")]
    public static partial void Truncated(ILogger log, string partition, string before, string after);

    [LoggerMessage(3016, LogLevel.Warning,
        "Partition {Partition} at {Before} begins anew at {Start}: its leader keeps nothing in front of that")]
    public static partial void Reset(ILogger log, string partition, string before, string start);

    [LoggerMessage(3017, LogLevel.Warning,
        "Partition {Partition} did not take all items of node {Leader}: {Reason} ({Suppressed} more times since this was last logged)")]
    public static partial void ItemsRefused(ILogger log, string partition, int leader, string reason, long suppressed);

    [LoggerMessage(3018, LogLevel.Information, "Partition {Partition} of this node has a vote again")]
    public static partial void Readmitted(ILogger log, string partition);

    [LoggerMessage(3019, LogLevel.Information, "Cluster {Cluster} formed of the nodes {Nodes}")]
    public static partial void Formed(ILogger log, string cluster, string nodes);

    [LoggerMessage(3020, LogLevel.Information, "Joined cluster {Cluster} of the nodes {Nodes}")]
    public static partial void Joined(ILogger log, string cluster, string nodes);

    [LoggerMessage(3021, LogLevel.Warning,
        "Joined cluster {Cluster} with another disk than it was formed with: the node has no vote until each partition readmits it")]
    public static partial void JoinedWiped(ILogger log, string cluster);

    [LoggerMessage(3022, LogLevel.Warning, "The cluster {Offered} is offered by node {Node}; this node belongs to {Own}")]
    public static partial void ForeignCluster(ILogger log, string offered, int node, string own);

    [LoggerMessage(3023, LogLevel.Error,
        "Partition {Partition} is damaged at {Damage}: it gives up its vote and is fetched from its leader")]
    public static partial void Healing(ILogger log, string partition, string damage);

    [LoggerMessage(3024, LogLevel.Error, "A metadata record cannot be applied: {Reason}")]
    public static partial void MetadataUnreadable(ILogger log, string reason);

    [LoggerMessage(3025, LogLevel.Warning, "Node {Node} sent an implausible epoch for partition {Partition}: ignored")]
    public static partial void ImplausibleEpoch(ILogger log, int node, string partition);

    [LoggerMessage(3026, LogLevel.Information,
        "{Partitions} leaderships handed over in {Milliseconds} ms, {Left} without a successor that had all")]
    public static partial void HandedOver(ILogger log, int partitions, long milliseconds, int left);

    [LoggerMessage(3027, LogLevel.Error,
        "Cluster {Cluster} was formed of the nodes {Formed}, this node was started with the nodes {Configured}: it does not join")]
    public static partial void OtherNodes(ILogger log, string cluster, string formed, string configured);

    [LoggerMessage(3029, LogLevel.Information,
        "Partition {Partition} is compacted up to offset {Upto}: {Before} bytes became {After}, {Records} records are left in them")]
    public static partial void Compacted(ILogger log, string partition, long upto, long before, long after, long records);

    [LoggerMessage(3028, LogLevel.Error,
        "Node {Node} sent for partition {Partition} what contradicts what is known here ({Count} so far): ignored")]
    public static partial void Breach(ILogger log, int node, string partition, long count);

    [LoggerMessage(3050, LogLevel.Information, "Coordinating {Groups} groups of partition {Partition}, out of {Records} records")]
    public static partial void GroupsLoaded(ILogger log, string partition, int groups, int records);

    [LoggerMessage(3051, LogLevel.Error, "The groups of partition {Partition} cannot be read, and are not coordinated: {Reason}")]
    public static partial void GroupsUnreadable(ILogger log, string partition, string reason);

    [LoggerMessage(3052, LogLevel.Error, "A change of group {Group} fits into no batch, and was not made: {Reason}")]
    public static partial void GroupTooLarge(ILogger log, string group, string reason);

    [LoggerMessage(3060, LogLevel.Information, "The table of partition {Partition} is built from offset {From} to {To}")]
    public static partial void TableRebuilding(ILogger log, string partition, long from, long to);

    [LoggerMessage(3061, LogLevel.Warning, "The table of partition {Partition} cannot follow its log, and is tried again: {Reason}")]
    public static partial void TableFailed(ILogger log, string partition, string reason);

    [LoggerMessage(3062, LogLevel.Warning,
        "The table of partition {Partition} passed over {Batches} batches in front of offset {Next} that cannot be read")]
    public static partial void TableSkipped(ILogger log, string partition, int batches, long next);
}
