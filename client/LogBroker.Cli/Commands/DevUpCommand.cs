using System.CommandLine;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>dev up</c>: starts a local cluster and returns when it is whole.</summary>
internal static class DevUpCommand
{
    private const int NodesDefault = 3;
    private const int NodesMax = 9;
    private const int BasePortMax = 65_000;
    private const int LogLinesShown = 5;

    /// <summary>The command.</summary>
    public static CliCommand Create()
    {
        Option<string?> directory = DevCommands.DirectoryOption();
        Option<long?> nodes = Options.Number("--nodes", "-n", "N", $"How many nodes; default {NodesDefault}.", 1, NodesMax);
        Option<long?> basePort = Options.Number(
            "--base-port", null, "PORT", "Node N serves gRPC on PORT + 10 (N - 1), peers and HTTP next to it; default: free ones.", 1024, BasePortMax);
        Option<string?> server = Options.Text(
            "--server-path", null, "FILE", "The logbrokerd to run; default LOGBROKERD, then beside this program, on the PATH, or of a checkout.");
        return new CliCommand("up", "Start a local cluster, and say how to use it.")
        {
            Options = { nodes, directory, basePort, server },
            Examples =
            [
                ("dev up", "three nodes on this machine"),
                ("dev up --nodes 1 --dir /tmp/one", "one node, somewhere else"),
                ("dev kill 2", "and see what happens: logbroker cluster health --watch"),
                ("dev down --wipe", "away with it"),
            ],
            Details = "Returns when all nodes answer and every partition is in sync, at most after --timeout (default 60s).\n"
                + "What is there already is used: the nodes that do not run are started with their data.\n"
                + "The processes outlive this program and its terminal.\n"
                + "stdout is for the shell: eval \"$(logbroker dev up)\"",
            Run = async (context, ct) =>
            {
                string root = DevCommands.DirectoryOf(context, directory);
                int? count = (int?)context.Arguments.GetValue(nodes);
                int? port = (int?)context.Arguments.GetValue(basePort);
                DevState state = Start(context, root, count, port, context.Arguments.GetValue(server), out int started);
                context.UseServers(state.Servers);
                string summary = await WaitAsync(context, root, state, ct);
                Say(context, root, DevState.Load(root) ?? state, summary, started);
                return ExitCode.Ok;
            },
        };
    }

    private static DevState Start(CommandContext context, string root, int? count, int? basePort, string? serverPath, out int started)
    {
        using DevCluster cluster = DevCluster.OpenOrCreate(
            root, () => new DevState(FindServer(context, serverPath), DevPorts.Choose(count ?? NodesDefault, basePort, root)));
        if (count is { } asked && asked != cluster.State.Nodes.Count)
        {
            throw new CliException(
                ExitCode.Conflict,
                $"the cluster in {root} has {HumanSize.Counted(cluster.State.Nodes.Count, "node")}, not {asked}",
                "remove it with logbroker dev down --wipe, or choose another --dir");
        }

        if (basePort is { } port && port != cluster.State.Nodes[0].GrpcPort)
        {
            throw new CliException(
                ExitCode.Conflict,
                $"the cluster in {root} begins at port {cluster.State.Nodes[0].GrpcPort}, not {port}",
                "remove it with logbroker dev down --wipe, or choose another --dir");
        }

        if (serverPath is not null || !File.Exists(cluster.State.ServerCommand[^1]))
        {
            cluster.UseServer(FindServer(context, serverPath));
        }

        DevNode[] missing = [.. cluster.State.Nodes.Where(n => n.Condition == ProcessCondition.Gone)];
        foreach (DevNode node in missing)
        {
            cluster.Start(node);
        }

        started = missing.Length;
        return cluster.State;
    }

    private static IReadOnlyList<string> FindServer(CommandContext context, string? serverPath) =>
        ServerLocator.Find(serverPath, context.Host.Environment, AppContext.BaseDirectory);

    private static async Task<string> WaitAsync(CommandContext context, string root, DevState state, CancellationToken ct)
    {
        (_, ClusterHealth health) = await ClusterWatch.UntilAsync(
            context,
            "is not whole",
            (view, _) => IsWhole(view, state.Nodes.Count),
            (_, h) => h.Summary,
            ct,
            () => RequireRunning(root, state));
        return health.Summary;
    }

    /// <summary>Not the same as healthy: a disk that is nearly full is no reason to wait.</summary>
    internal static bool IsWhole(ClusterView view, int nodes) =>
        view.IsFormed && view.Nodes.Count == nodes && view.Nodes.All(n => n is { Presence: NodePresence.Online, HasJoined: true })
        && view.ControllerNodeId != 0 && view.Partitions.All(p => !p.IsLeaderless && !p.IsUnderReplicated);

    private static void RequireRunning(string root, DevState state)
    {
        foreach (DevNode node in state.Nodes)
        {
            switch (node.Condition)
            {
                case ProcessCondition.Gone:
                    string said = string.Join('\n', DevCluster.LastLines(root, node.NodeId, LogLinesShown).Select(line => "  " + line));
                    throw new CliException(
                        ExitCode.Unexpected,
                        $"node {node.NodeId} ended; the last lines of {DevCluster.LogFile(root, node.NodeId)}:\n{said}",
                        "the other nodes go on; stop them with: logbroker dev down");
                case ProcessCondition.Paused:
                    throw new CliException(
                        ExitCode.Conflict, $"node {node.NodeId} is paused", $"let it go on with: logbroker dev resume {node.NodeId}");
            }
        }
    }

    private static void Say(CommandContext context, string root, DevState state, string summary, int started)
    {
        if (context.HasOutputFormat)
        {
            context.Output.Single(DevRecords.Status(root, state, summary));
            return;
        }

        context.Note($"{summary}; started {HumanSize.Counted(started, "node")} of {state.ServerCommand[^1]}");
        foreach (DevNode node in state.Nodes)
        {
            context.Note($"  node {node.NodeId}  gRPC {node.Address}  HTTP 127.0.0.1:{node.HttpPort}  process {node.Process?.ProcessId}");
        }

        context.Note($"data and logs are in {root}; try: logbroker cluster status, logbroker dev kill 1, logbroker dev down");
        context.Host.Stdout.Write(Encoding.UTF8.GetBytes($"export LOGBROKER_SERVERS={state.Servers}\n"));
    }
}
