using System.CommandLine;
using System.Globalization;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>cluster transfer-leader</c>, <c>cluster drain</c> and <c>cluster undrain</c>: leaders move, records do not.</summary>
internal static class ClusterMoveCommands
{
    /// <summary>One partition gets another leader.</summary>
    public static CliCommand TransferLeader()
    {
        var partition = new Argument<string>("partition")
        {
            HelpName = "TOPIC/PARTITION",
            Description = "The partition, such as orders/0.",
        };
        Option<long?> to = Options.Number("--to", null, "N", "The node that shall lead; default: the preferred one.", 1, int.MaxValue);
        return new CliCommand("transfer-leader", "Hand the leadership of a partition to another of its replicas.")
        {
            Arguments = { partition },
            Options = { to },
            Examples =
            [
                ("cluster transfer-leader orders/0 --to 2", "node 2 leads it when this returns"),
                ("cluster transfer-leader orders/0", "back to the preferred node"),
            ],
            Details = "Nothing is lost: producers and readers follow. The preferred node of a partition is the first of its replicas.",
            Run = async (context, ct) =>
            {
                (string topic, int number) = ParsePartition(context.Arguments.GetRequiredValue(partition));
                await using LogBrokerClient client = context.CreateClient();
                int leader = await client.Cluster.TransferLeaderAsync(
                    topic, number, (int)(context.Arguments.GetValue(to) ?? 0), ct);
                context.Outcome(
                    new OutputRecord { { "topic", topic }, { "partition", number }, { "leaderNodeId", leader } },
                    $"node {leader} leads {topic}/{number}");
                return ExitCode.Ok;
            },
        };
    }

    /// <summary>A node gives all leaders away.</summary>
    public static CliCommand Drain()
    {
        Argument<string> node = NodeArgument();
        Option<bool> wait = Options.Switch("--wait", null, "Return when it leads nothing, at most after --timeout (default 60s).");
        return new CliCommand("drain", "Have a node lead nothing, before it is taken away.")
        {
            Arguments = { node },
            Options = { wait },
            Examples =
            [
                ("cluster drain 2 --wait", "node 2 leads nothing when this returns"),
                ("cluster undrain 2", "it may lead again"),
            ],
            Details = "It goes on following and counts for majorities. It stays drained through restarts until it is undrained.\n"
                + "A partition with one replica has nowhere to go: it stays, and --wait does not wait for it.",
            Run = async (context, ct) =>
            {
                int id = ParseNode(context.Arguments.GetRequiredValue(node));
                await using LogBrokerClient client = context.CreateClient();
                await client.Cluster.SetDrainingAsync(id, isDraining: true, ct);
                int? leads = null;
                string words = $"node {id} is draining; see: logbroker cluster nodes";
                if (context.Arguments.GetValue(wait))
                {
                    (ClusterView drained, _) = await ClusterWatch.UntilAsync(
                        context, $"lets node {id} lead", (view, _) => ToMove(view, id).Count == 0, (view, _) => LeadsStill(view, id), ct);
                    string[] stuck = [.. drained.Partitions.Where(p => p.LeaderNodeId == id).Select(p => p.Name)];
                    leads = stuck.Length;
                    words = $"node {id} leads nothing"
                        + (stuck.Length == 0 ? "" : $" that another node could: no other replica have {ClusterHealth.Names(stuck)}");
                }

                context.Outcome(new OutputRecord { { "nodeId", id }, { "draining", true }, { "leads", leads } }, words);
                return ExitCode.Ok;
            },
        };
    }

    /// <summary>A node may lead again.</summary>
    public static CliCommand Undrain()
    {
        Argument<string> node = NodeArgument();
        return new CliCommand("undrain", "Let a drained node lead again.")
        {
            Arguments = { node },
            Examples = [("cluster undrain 2", "it gets its partitions back by and by")],
            Run = async (context, ct) =>
            {
                int id = ParseNode(context.Arguments.GetRequiredValue(node));
                await using LogBrokerClient client = context.CreateClient();
                await client.Cluster.SetDrainingAsync(id, isDraining: false, ct);
                context.Outcome(new OutputRecord { { "nodeId", id }, { "draining", false } }, $"node {id} may lead again");
                return ExitCode.Ok;
            },
        };
    }

    /// <summary>Splits <c>orders/0</c>.</summary>
    /// <exception cref="CliException">It is no partition.</exception>
    internal static (string Topic, int Partition) ParsePartition(string text)
    {
        int slash = text.LastIndexOf('/');
        return slash > 0 && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
            ? (text[..slash], partition)
            : throw CliException.Usage($"'{text}' is no TOPIC/PARTITION", "for example orders/0");
    }

    private static Argument<string> NodeArgument() => new("node") { HelpName = "N", Description = "The number of the node." };

    private static int ParseNode(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id >= 1
            ? id
            : throw CliException.Usage($"'{text}' is no number of a node", "they are in: logbroker cluster nodes");

    /// <summary>What a node leads and another one could lead: a partition with one replica stays where it is.</summary>
    internal static IReadOnlyList<PartitionView> ToMove(ClusterView view, int node) =>
        [.. view.Partitions.Where(p => p.LeaderNodeId == node && p.ReplicaNodeIds.Count > 1)];

    private static string LeadsStill(ClusterView view, int node)
    {
        string[] led = [.. ToMove(view, node).Select(p => p.Name)];
        return $"node {node} leads {HumanSize.Counted(led.Length, "partition")} still: {ClusterHealth.Names(led)}";
    }
}
