using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>cluster status</c>.</summary>
internal static class ClusterCommands
{
    /// <summary>The group.</summary>
    public static CliCommand Create() => new("cluster", "Look at the cluster.") { Status() };

    private static CliCommand Status() => new("status", "Show the health of the cluster in one sentence, and the facts behind it.")
    {
        Examples =
        [
            ("cluster status", "is all well?"),
            ("cluster status -o json | jq .healthy", "for scripts"),
        ],
        Run = async (context, ct) =>
        {
            await using LogBrokerClient client = context.CreateClient();
            context.Output.Single(ToRecord(await client.Cluster.GetStatusAsync(ct)));
            return ExitCode.Ok;
        },
    };

    internal static OutputRecord ToRecord(ClusterStatus status) => new()
    {
        { "summary", status.Summary },
        { "healthy", status.IsHealthy, status.IsHealthy ? "yes" : "NO" },
        { "clusterId", status.ClusterId },
        { "nodeId", status.NodeId },
        { "version", status.Version },
        { "uptimeMs", (long)status.Uptime.TotalMilliseconds, HumanSize.Duration(status.Uptime) },
        { "topics", status.Topics },
        { "partitions", status.Partitions },
        { "partitionsLeaderless", status.PartitionsLeaderless },
        { "partitionsQuarantined", status.PartitionsQuarantined },
        { "diskFreeBytes", status.DiskFreeBytes, HumanSize.Bytes(status.DiskFreeBytes) },
        { "diskTotalBytes", status.DiskTotalBytes, HumanSize.Bytes(status.DiskTotalBytes) },
        { "logBytes", status.LogBytes, HumanSize.Bytes(status.LogBytes) },
        {
            "nodes",
            status.Nodes.Select(n => new OutputRecord { { "nodeId", n.NodeId }, { "grpcAddress", n.Address }, { "rack", n.Rack } })
                .ToArray()
        },
        {
            "problems",
            status.Problems.Select(p => new OutputRecord { { "sentence", p.Sentence }, { "command", p.Command } }).ToArray()
        },
    };
}
