using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>cluster status</c> and <c>cluster health</c>; the group that holds the others.</summary>
internal static class ClusterCommands
{
    /// <summary>The group.</summary>
    public static CliCommand Create() => new("cluster", "Look at the cluster, move leaders, take nodes out.")
    {
        Status(),
        Health(),
        ClusterListCommands.Nodes(),
        ClusterListCommands.Partitions(),
        ClusterMoveCommands.TransferLeader(),
        ClusterMoveCommands.Drain(),
        ClusterMoveCommands.Undrain(),
    };

    private static CliCommand Status()
    {
        var watch = new ClusterWatch();
        return new CliCommand("status", "Show the health of the cluster in one sentence, and the facts behind it.")
        {
            Options = { watch.Watch, watch.WaitHealthy },
            Examples =
            [
                ("cluster status", "is all well, and if not, which command shows more?"),
                ("cluster status --watch", "again whenever something changes"),
                ("cluster status -o json | jq .healthy", "for scripts"),
            ],
            Details = "Every node that can be found is asked; about a partition its leader's word counts.\n"
                + "Exit code 0 whatever the health is: scripts ask logbroker cluster health.",
            Run = (context, ct) => watch.RunAsync(
                context,
                (view, health, at) =>
                {
                    if (at is not null && context.Format == OutputFormat.Table)
                    {
                        context.Host.Stdout.Write(System.Text.Encoding.UTF8.GetBytes($"\n{at}\n"));
                    }

                    context.Output.Single(ClusterRecords.Status(view, health));
                    return ExitCode.Ok;
                },
                ct),
        };
    }

    private static CliCommand Health()
    {
        var watch = new ClusterWatch();
        return new CliCommand("health", "Say in one line, and by the exit code, whether the cluster is healthy.")
        {
            Options = { watch.Watch, watch.WaitHealthy },
            Examples =
            [
                ("cluster health", "exit code 0 when it is"),
                ("cluster health --wait-healthy --timeout 2m", "behind a restart, before the next one"),
                ("cluster health --watch", "a line whenever it changes"),
            ],
            Details = "Exit codes: 0 healthy; 10 everything works, but would not after the next failure (a node is silent, a partition is\n"
                + "under-replicated, a disk is nearly full); 11 something does not work (no leader, no controller, damage, a full disk);\n"
                + "6 nobody answers; 7 --wait-healthy was in vain.",
            Run = (context, ct) => watch.RunAsync(
                context,
                (_, health, at) =>
                {
                    WriteHealth(context, health, at);
                    return health.Exit;
                },
                ct),
        };
    }

    private static void WriteHealth(CommandContext context, ClusterHealth health, string? at)
    {
        if (context.HasOutputFormat)
        {
            context.Output.Single(ClusterRecords.Health(health));
            return;
        }

        string word = health.Worst switch
        {
            Severity.Critical => "CRITICAL: ",
            Severity.Warning => "WARNING: ",
            _ => "",
        };
        string line = $"{(at is null ? "" : at + " ")}{word}{OutputText.Visible(health.Summary)}\n";
        context.Host.Stdout.Write(System.Text.Encoding.UTF8.GetBytes(line));
    }
}
