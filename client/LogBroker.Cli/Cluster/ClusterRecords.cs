using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>A cluster as output. Names are those of the proto where it has one.</summary>
internal static class ClusterRecords
{
    /// <summary>The whole, as <c>cluster status</c> shows it.</summary>
    public static OutputRecord Status(ClusterView view, ClusterHealth health)
    {
        PartitionView[] users = [.. view.Partitions.Where(p => !p.IsInternal)];
        long logBytes = view.Nodes.Sum(n => n.Status?.LogBytes ?? 0);
        return new OutputRecord
        {
            { "summary", health.Summary },
            { "healthy", health.IsHealthy, health.IsHealthy ? "yes" : "NO" },
            { "severity", Word(health.Worst) },
            { "clusterId", view.ClusterId, view.IsFormed ? null : "(not formed)" },
            { "clusterFormed", view.IsFormed, view.IsFormed ? "yes" : "NO", false },
            { "controllerNodeId", view.ControllerNodeId, view.ControllerNodeId == 0 ? "none" : null },
            { "nodesAnswering", view.NodesAnswering, $"{view.NodesAnswering} of {view.Nodes.Count}" },
            { "topics", users.Select(p => p.Topic).Distinct().Count() },
            { "partitions", users.Length },
            { "partitionsLeaderless", view.Partitions.Count(p => p.IsLeaderless) },
            { "partitionsUnderReplicated", view.Partitions.Count(p => p.IsUnderReplicated) },
            { "partitionsQuarantined", view.Partitions.Count(p => p.QuarantinedOn.Count > 0) },
            { "logBytes", logBytes, HumanSize.Bytes(logBytes) },
            { "nodes", view.Nodes.Select(NodeOfStatus).ToArray() },
            { "problems", health.Findings.Select(Finding).ToArray() },
        };
    }

    /// <summary>The health alone.</summary>
    public static OutputRecord Health(ClusterHealth health) => new()
    {
        { "healthy", health.IsHealthy, health.IsHealthy ? "yes" : "NO" },
        { "severity", Word(health.Worst) },
        { "summary", health.Summary },
        { "problems", health.Findings.Select(Finding).ToArray() },
    };

    /// <summary>A line of <c>cluster nodes</c>.</summary>
    public static OutputRecord Node(NodeView node) => new()
    {
        { "nodeId", node.NodeId },
        { "state", StateOf(node) },
        { "role", node.IsController ? "controller" : "" },
        { "draining", node.Described.IsDraining, node.Described.IsDraining ? "yes" : "" },
        { "leads", node.Leads },
        { "replicas", node.Replicas },
        { "grpcAddress", node.Described.Address },
        { "peerAddress", node.Described.PeerAddress },
        { "rack", node.Described.Rack },
        { "version", node.Described.Version },
        { "silentMs", SilentMs(node), Silence(node) },
        { "unheardByNodeIds", node.UnheardBy, null, false },
        { "directoryId", node.Described.DirectoryId, null, false },
        { "uptimeMs", (long?)node.Status?.Uptime.TotalMilliseconds, null, false },
        { "diskFreeBytes", node.Status?.DiskFreeBytes, null, false },
        { "diskTotalBytes", node.Status?.DiskTotalBytes, null, false },
        { "logBytes", node.Status?.LogBytes, null, false },
        { "detail", DetailOf(node) },
    };

    /// <summary>A line of <c>cluster partitions</c>.</summary>
    public static OutputRecord Partition(PartitionView partition)
    {
        int[] inSync = [.. partition.Progress.Where(r => r.IsInSync).Select(r => r.NodeId)];
        bool isKnown = partition.Progress.Count > 0;
        long? lagRecords = isKnown ? partition.Progress.Max(r => r.LagRecords) : null;
        TimeSpan lag = isKnown ? partition.Progress.Max(r => r.Lag) : TimeSpan.Zero;
        return new OutputRecord
        {
            { "topic", partition.Topic },
            { "partition", partition.Partition },
            { "leaderNodeId", partition.LeaderNodeId, partition.IsLeaderless ? "none" : null },
            { "leaderEpoch", partition.LeaderEpoch },
            { "replicaNodeIds", partition.ReplicaNodeIds },
            { "inSyncNodeIds", inSync, isKnown ? null : "?" },
            { "lagRecords", lagRecords, lagRecords is { } records ? HumanSize.Count(records) : "?" },
            { "lagMs", isKnown ? (long)lag.TotalMilliseconds : null, isKnown ? LagText(lag) : "?" },
            { "state", partition.State.ToString().ToLowerInvariant() },
            { "detail", DetailOf(partition) },
            { "replicas", partition.Progress.Select(Replica).ToArray() },
        };
    }

    private static OutputRecord NodeOfStatus(NodeView node)
    {
        ClusterStatus? status = node.Status;
        return new OutputRecord
        {
            { "nodeId", node.NodeId },
            { "state", StateOf(node) },
            { "role", node.IsController ? "controller" : "" },
            { "draining", node.Described.IsDraining, node.Described.IsDraining ? "yes" : "" },
            { "leads", node.Leads },
            { "grpcAddress", node.Described.Address },
            { "version", node.Described.Version },
            { "uptimeMs", (long?)status?.Uptime.TotalMilliseconds, status is null ? "" : HumanSize.Duration(status.Uptime) },
            { "logBytes", status?.LogBytes, status is null ? "" : HumanSize.Bytes(status.LogBytes) },
            { "diskFreeBytes", status?.DiskFreeBytes, status is null ? "" : HumanSize.Bytes(status.DiskFreeBytes) },
            { "diskTotalBytes", status?.DiskTotalBytes, status is null ? "" : HumanSize.Bytes(status.DiskTotalBytes) },
        };
    }

    private static OutputRecord Replica(ReplicaProgress replica) => new()
    {
        { "nodeId", replica.NodeId },
        { "inSync", replica.IsInSync },
        { "lagRecords", replica.LagRecords },
        { "lagMs", (long)replica.Lag.TotalMilliseconds },
        { "readmitted", replica.IsReadmitted },
    };

    private static OutputRecord Finding(ClusterFinding finding) => new()
    {
        { "severity", Word(finding.Severity) },
        { "sentence", finding.Sentence },
        { "command", finding.Command },
    };

    private static string Word(Severity severity) => severity switch
    {
        Severity.Critical => "critical",
        Severity.Warning => "warning",
        _ => "ok",
    };

    private static string StateOf(NodeView node) => node.HasJoined ? node.Presence.ToString().ToLowerInvariant() : "joining";

    private static long SilentMs(NodeView node) =>
        node.Described.Silence is { } silence ? (long)silence.TotalMilliseconds : -1;

    private static string Silence(NodeView node) => node.Described.Silence switch
    {
        null => "never heard",
        { Ticks: 0 } => "",
        { } silence => HumanSize.Duration(silence),
    };

    private static string LagText(TimeSpan lag) => lag == TimeSpan.Zero ? "0" : HumanSize.Duration(lag);

    private static string DetailOf(NodeView node) => node.Presence == NodePresence.Partial
        ? $"not heard by node {string.Join(" and ", node.UnheardBy)}"
        : node.Failure ?? "";

    private static string DetailOf(PartitionView partition) => string.Join("; ", new[]
    {
        partition.Detail,
        partition.QuarantinedOn.Count > 0 ? $"damaged on node {string.Join(" and ", partition.QuarantinedOn)}" : "",
        partition.Claims.Count > 1
            ? "led by " + string.Join(" and ", partition.Claims.Select(c => $"node {c.NodeId} in epoch {c.Epoch}"))
            : "",
    }.Where(d => d.Length > 0));
}
