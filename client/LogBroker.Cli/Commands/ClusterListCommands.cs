using System.CommandLine;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>cluster nodes</c> and <c>cluster partitions</c>.</summary>
internal static class ClusterListCommands
{
    /// <summary>The nodes.</summary>
    public static CliCommand Nodes() => new("nodes", "List the nodes: who is there, who leads how much.")
    {
        Examples =
        [
            ("cluster nodes", "all of them, silent ones too"),
            ("cluster nodes -o json | jq '.nodes[] | select(.state != \"online\")'", "those that need a look"),
        ],
        Details = "States: online; partial (it answers, but another node does not hear it); unreachable (it does not answer here, but\n"
            + "another node hears it); silent (nobody hears it); joining (it answers, and the cluster does not know it yet).",
        Run = async (context, ct) =>
        {
            ClusterView view = await ClusterSurvey.TakeAsync(context, topic: null, ct);
            context.Output.List("nodes", view.Nodes.Select(ClusterRecords.Node));
            return ExitCode.Ok;
        },
    };

    /// <summary>The partitions.</summary>
    public static CliCommand Partitions()
    {
        Option<bool> underReplicated =
            Options.Switch("--under-replicated", "-u", "Only those with a replica that is known not to be in sync.");
        Option<bool> leaderless = Options.Switch("--leaderless", "-l", "Only those without a leader.");
        Option<string?> topic = Options.Text("--topic", "-t", "TOPIC", "Only those of this topic.");
        return new CliCommand("partitions", "List the partitions: leader, replicas, and how far behind they are.")
        {
            Options = { underReplicated, leaderless, topic },
            Examples =
            [
                ("cluster partitions", "all of them, the broker's own too"),
                ("cluster partitions --leaderless --under-replicated", "those that need a look"),
                ("cluster partitions -t orders -o json", "with the progress of each replica"),
            ],
            Details = "Both filters together list what matches one of them.\n"
                + "A '?' says that the leader did not answer: nobody else knows how far its replicas are.",
            Run = async (context, ct) =>
            {
                string? name = context.Arguments.GetValue(topic);
                ClusterView view = await ClusterSurvey.TakeAsync(context, name, ct);
                if (name is not null && view.Partitions.Count == 0)
                {
                    throw new CliException(ExitCode.NotFound, $"topic {ShownValue.Of(name)} does not exist", "see: logbroker topic list");
                }

                bool onlyLagging = context.Arguments.GetValue(underReplicated);
                bool onlyLeaderless = context.Arguments.GetValue(leaderless);
                PartitionView[] shown =
                [
                    .. view.Partitions.Where(p => (!onlyLagging && !onlyLeaderless)
                        || (onlyLagging && p.IsUnderReplicated) || (onlyLeaderless && p.IsLeaderless)),
                ];
                context.Output.List("partitions", shown.Select(ClusterRecords.Partition));
                if (shown.Length == 0 && context.Format == OutputFormat.Table)
                {
                    context.Note("no such partitions");
                }

                NodeView[] missing = [.. view.Nodes.Where(n => n.Status is null)];
                if (missing.Length > 0)
                {
                    context.Note("no answer from " + string.Join(", ", missing.Select(Missing)));
                }

                return ExitCode.Ok;
            },
        };
    }

    private static string Missing(NodeView node) =>
        $"node {node.NodeId}" + (node.Failure is null ? "" : $" ({node.Described.Address}: {node.Failure})");
}
