using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.Server;

/// <summary>What needs attention, as this node alone sees it, each in a sentence with the command that shows more. Pure.</summary>
internal static class ClusterProblems
{
    private const string NodesCommand = "logbroker cluster nodes";

    /// <summary>The problems, those that matter most first.</summary>
    public static List<Problem> Of(BrokerStatus status, ClusterDescription cluster, long diskLowPercent)
    {
        var problems = new List<Problem>();
        AddCluster(problems, status, cluster);
        if (status.PartitionsQuarantined > 0)
        {
            Add(problems, Problem.Types.Scope.Cluster, true, "logbroker cluster partitions",
                $"{status.PartitionsQuarantined} partitions are quarantined: damaged records were found");
        }

        long freePercent = status.DiskTotalBytes == 0 ? 100 : (long)(100.0 * status.DiskFreeBytes / status.DiskTotalBytes);
        if (status.DiskFull)
        {
            Add(problems, Problem.Types.Scope.Node, true, NodesCommand,
                $"the disk is full ({freePercent} % free): producers are refused until space returns");
        }
        else if (freePercent < diskLowPercent)
        {
            Add(problems, Problem.Types.Scope.Node, false, NodesCommand, $"the disk is nearly full: {freePercent} % free");
        }

        return [.. problems.OrderByDescending(problem => problem.Critical)];
    }

    /// <summary>All of them in one sentence, or that there are none.</summary>
    public static string Summary(IReadOnlyList<Problem> problems, BrokerStatus status) => problems.Count switch
    {
        0 => FormattableString.Invariant($"healthy: {status.Topics} topics, {status.Partitions} partitions, all online"),
        1 => problems[0].Sentence,
        _ => $"{problems.Count} problems: {problems[0].Sentence}",
    };

    private static void AddCluster(List<Problem> problems, BrokerStatus status, ClusterDescription cluster)
    {
        const Problem.Types.Scope Scope = Problem.Types.Scope.Cluster;
        NodeId[] unheard = [.. cluster.Nodes.Where(node => !node.IsHeard).Select(node => node.Node)];
        if (cluster.Cluster is null)
        {
            Add(problems, Scope, true, NodesCommand, unheard.Length == 0
                ? (FormattableString)$"the cluster is not formed yet"
                : $"the cluster is not formed: no word from node {string.Join(", ", unheard)}");
            return;
        }

        if (cluster.Controller == NodeId.None)
            Add(problems, Scope, true, NodesCommand, $"the cluster has no controller: topics cannot be changed");
        if (status.PartitionsLeaderless > 0)
        {
            Add(problems, Scope, true, "logbroker cluster partitions --leaderless",
                $"{status.PartitionsLeaderless} partitions have no leader");
        }

        if (unheard.Length > 0)
        {
            Add(problems, Scope, false, NodesCommand,
                $"{(unheard.Length == 1 ? "node" : "nodes")} {string.Join(", ", unheard)} cannot be heard from node {cluster.Self}");
        }

        int lagging = cluster.Partitions.Count(ClusterMessages.IsUnderReplicated);
        if (lagging > 0)
        {
            Add(problems, Scope, false, "logbroker cluster partitions --under-replicated",
                $"{lagging} partitions led by node {cluster.Self} have a replica that is not in sync");
        }
    }

    private static void Add(
        List<Problem> problems, Problem.Types.Scope scope, bool isCritical, string command, FormattableString sentence) =>
        problems.Add(new Problem
        {
            Sentence = FormattableString.Invariant(sentence),
            Command = command,
            Scope = scope,
            Critical = isCritical,
        });
}
