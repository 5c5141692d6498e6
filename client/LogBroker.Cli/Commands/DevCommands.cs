using System.CommandLine;
using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>dev</c>: a cluster of real brokers on this machine, for trying things.</summary>
internal static class DevCommands
{
    /// <summary>The group.</summary>
    public static CliCommand Create() => new("dev", "A local cluster of real brokers, for trying things.")
    {
        DevUpCommand.Create(),
        Status(),
        Signal("kill", "Kill a node's process, as a crash would (SIGKILL).", "node 2 dies at once", KillAsync),
        Signal("pause", "Stop a node's process in its tracks (SIGSTOP).", "node 2 hangs", PauseAsync),
        Signal("resume", "Let a paused node go on (SIGCONT).", "node 2 goes on", ResumeAsync),
        Restart(),
        Down(),
    };

    /// <summary>Where the cluster is.</summary>
    internal static Option<string?> DirectoryOption() => Options.Text(
        "--dir", "-d", "DIR", "Where its data, logs and state are; default: logbroker-dev below XDG_STATE_HOME or ~/.local/state.");

    /// <summary>What <see cref="DirectoryOption"/> says, in full.</summary>
    /// <exception cref="CliException">This system has no /proc.</exception>
    internal static string DirectoryOf(CommandContext context, Option<string?> option)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw CliException.Usage("a local cluster needs Linux, as the broker does");
        }

        return Path.GetFullPath(context.Arguments.GetValue(option) ?? DevCluster.DefaultDirectory(context.Host.Environment));
    }

    private static CliCommand Status()
    {
        Option<string?> directory = DirectoryOption();
        return new CliCommand("status", "Show which nodes run, and what the cluster says of itself.")
        {
            Options = { directory },
            Examples = [("dev status", "processes, ports, logs, health"), ("dev status -o json | jq -r .servers", "what clients need")],
            Run = async (context, ct) =>
            {
                string root = DirectoryOf(context, directory);
                DevState state = DevState.Load(root) ?? throw DevCluster.NoCluster(root);
                string summary = state.Nodes.Any(n => n.Condition == ProcessCondition.Paused)
                    ? "no node runs, but some are paused; let them go on with: logbroker dev resume N"
                    : "no node runs; start them with: logbroker dev up";
                if (state.Nodes.Any(n => n.Condition == ProcessCondition.Running))
                {
                    context.UseServers(state.Servers);
                    summary = await SummaryAsync(context, ct);
                }

                context.Output.Single(DevRecords.Status(root, state, summary));
                return ExitCode.Ok;
            },
        };
    }

    private static async Task<string> SummaryAsync(CommandContext context, CancellationToken ct)
    {
        try
        {
            return ClusterHealth.Of(await ClusterSurvey.TakeAsync(context, topic: null, ct)).Summary;
        }
        catch (Client.LogBrokerException e)
        {
            return ErrorText.Of(e, context);
        }
    }

    private static CliCommand Signal(
        string name, string description, string example, Func<CommandContext, DevCluster, DevNode, CancellationToken, Task<string>> act)
    {
        Option<string?> directory = DirectoryOption();
        Argument<string> node = NodeArgument();
        return new CliCommand(name, description)
        {
            Arguments = { node },
            Options = { directory },
            Examples = [($"dev {name} 2", example)],
            Run = async (context, ct) =>
            {
                using DevCluster cluster = DevCluster.Open(DirectoryOf(context, directory));
                DevNode chosen = cluster.Node(ParseNode(context.Arguments.GetRequiredValue(node)));
                if (chosen.Condition == ProcessCondition.Gone)
                {
                    throw new CliException(
                        ExitCode.Conflict, $"node {chosen.NodeId} does not run", $"start it with: logbroker dev restart {chosen.NodeId}");
                }

                string words = await act(context, cluster, chosen, ct);
                context.Outcome(DevRecords.Node(cluster.Root, cluster.Node(chosen.NodeId)), words);
                return ExitCode.Ok;
            },
        };
    }

    private static async Task<string> KillAsync(CommandContext context, DevCluster cluster, DevNode node, CancellationToken ct)
    {
        await DevCluster.KillAsync(node, context.Host.Time, ct);
        cluster.ForgetEnded();
        return $"killed node {node.NodeId}, process {node.Process!.ProcessId}; bring it back with: logbroker dev restart {node.NodeId}";
    }

    private static Task<string> PauseAsync(CommandContext context, DevCluster cluster, DevNode node, CancellationToken ct)
    {
        node.Process!.Signal(DevProcess.Stop);
        return Task.FromResult(
            $"paused node {node.NodeId}, process {node.Process.ProcessId}; go on with: logbroker dev resume {node.NodeId}");
    }

    private static Task<string> ResumeAsync(CommandContext context, DevCluster cluster, DevNode node, CancellationToken ct)
    {
        node.Process!.Signal(DevProcess.Continue);
        return Task.FromResult($"node {node.NodeId} goes on");
    }

    private static CliCommand Restart()
    {
        Option<string?> directory = DirectoryOption();
        var node = new Argument<string?>("node")
        {
            HelpName = "N",
            Description = "The node; without it all that do not run.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        return new CliCommand("restart", "Start what does not run; a node that is named and runs is stopped first.")
        {
            Arguments = { node },
            Options = { directory },
            Examples = [("dev restart 2", "node 2 comes back"), ("dev restart", "all that do not run")],
            Details = "Returns when the processes are started; see: logbroker cluster health --wait-healthy",
            Run = async (context, ct) =>
            {
                using DevCluster cluster = DevCluster.Open(DirectoryOf(context, directory));
                IReadOnlyList<DevNode> nodes = context.Arguments.GetValue(node) is { } text
                    ? [cluster.Node(ParseNode(text))]
                    : [.. cluster.State.Nodes.Where(n => n.Condition == ProcessCondition.Gone)];
                DevNode[] running = [.. nodes.Where(n => n.Condition != ProcessCondition.Gone)];
                await DevCluster.StopAsync(running, DevCluster.StopTimeMax, context.Host.Time, ct);
                foreach (DevNode one in nodes)
                {
                    cluster.Start(one);
                }

                string words = nodes.Count == 0 ? "all nodes run"
                    : $"started node {string.Join(" and ", nodes.Select(n => n.NodeId))}";
                OutputRecord[] started = [.. nodes.Select(n => DevRecords.Node(cluster.Root, cluster.Node(n.NodeId)))];
                context.Outcome(new OutputRecord { { "nodes", started } }, words);
                return ExitCode.Ok;
            },
        };
    }

    private static CliCommand Down()
    {
        Option<string?> directory = DirectoryOption();
        Option<bool> wipe = Options.Switch("--wipe", null, "Remove its data, logs and state as well.");
        return new CliCommand("down", "Stop all nodes (SIGTERM, and SIGKILL for one that has not ended after --timeout, default 15s).")
        {
            Options = { directory, wipe },
            Examples = [("dev down", "logbroker dev up goes on with its data"), ("dev down --wipe", "as if it had never been")],
            Run = async (context, ct) =>
            {
                using DevCluster cluster = DevCluster.Open(DirectoryOf(context, directory));
                DevNode[] running = [.. cluster.State.Nodes.Where(n => n.Condition != ProcessCondition.Gone)];
                IReadOnlyList<int> killed = await DevCluster.StopAsync(
                    running, context.Timeout ?? DevCluster.StopTimeMax, context.Host.Time, ct);
                cluster.ForgetEnded();
                bool isWiped = context.Arguments.GetValue(wipe);
                if (isWiped)
                {
                    cluster.Wipe();
                }

                string words = $"stopped {HumanSize.Counted(running.Length, "node")}"
                    + (killed.Count == 0 ? "" : $", node {string.Join(" and ", killed)} by force")
                    + (isWiped ? ", and removed its data" : $"; the data stays in {cluster.Root}");
                context.Outcome(
                    new OutputRecord
                    {
                        { "dir", cluster.Root },
                        { "stoppedNodeIds", running.Select(n => n.NodeId).ToArray() },
                        { "killedNodeIds", killed },
                        { "wiped", isWiped },
                    },
                    words);
                return ExitCode.Ok;
            },
        };
    }

    private static Argument<string> NodeArgument() => new("node") { HelpName = "N", Description = "The number of the node, from 1." };

    private static int ParseNode(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id >= 1
        ? id
        : throw CliException.Usage($"'{text}' is no number of a node", "they are in: logbroker dev status");
}
