namespace LogBroker.Chaos;

/// <summary>Rows 1, 19, 20, 30, 32 and 38: processes that end, stop or starve.</summary>
internal static class ProcessFaults
{
    public static IReadOnlyList<FaultKind> All { get; } =
    [
        new("kill -9 of a leader", 6, (scene, random) => Kill(scene, Leader(scene, random))),
        new("kill -9 of any node", 3, (scene, random) => Kill(scene, Any(random))),
        new("kill -9 of two nodes", 2, (scene, random) => Kill(scene, ChaosScene.Others(Any(random)))),
        new("kill -9 of all nodes", 1, (scene, random) => Kill(scene, 1, 2, 3)),
        new("SIGTERM of a leader", 3, (scene, random) => Stop(scene, Leader(scene, random))),
        new("SIGSTOP of a leader", 5, (scene, random) => Pause(scene, 19, Leader(scene, random))),
        new("SIGSTOP of any node", 3, (scene, random) => Pause(scene, 20, Any(random))),
        new("a client crashes", 3, (scene, random) => CrashClients(scene, random)),
        new("a consumer takes nothing", 2, (scene, random) => HoldReader(scene, random)),
        new("a node has no file descriptors", 2, (scene, random) => Starvation.Descriptors(scene, Any(random))),
        new("a node has little CPU", 2, (scene, random) => Starvation.Cpu(scene, Leader(scene, random))),
        new("a second process on a directory", 1, (scene, random) => SecondProcess(scene, Any(random))),
    ];

    public static int Any(Random random) => random.Next(1, NodeNetwork.NodesCount + 1);

    /// <summary>The leader of some partition; any node while none is known.</summary>
    public static int Leader(ChaosScene scene, Random random)
    {
        int leader = scene.Leaders.LeaderOf(random.Next(scene.Load.PartitionsCount));
        return leader == 0 ? Any(random) : leader;
    }

    public static Fault Kill(ChaosScene scene, params int[] nodes) => new(
        1,
        $"kill -9 of {Names(nodes)}",
        () => Task.WhenAll(nodes.Select(scene.Cluster.KillAsync)),
        () => Task.WhenAll(nodes.Select(scene.Cluster.StartAsync)));

    public static Fault Stop(ChaosScene scene, int node) => new(
        1,
        $"SIGTERM of {Names(node)}",
        async () =>
        {
            int code = await scene.Cluster.StopAsync(node);
            if (code != 0)
                scene.Load.AddProblem($"node {node} ended with {code} after SIGTERM");
        },
        () => scene.Cluster.StartAsync(node));

    public static Fault Pause(ChaosScene scene, int row, int node) => new(
        row,
        $"SIGSTOP of {Names(node)}",
        () =>
        {
            scene.Cluster.Pause(node);
            return Task.CompletedTask;
        },
        () =>
        {
            scene.Cluster.Resume(node);
            return Task.CompletedTask;
        })
    {
        HoldMin = TimeSpan.FromSeconds(1),
        HoldMax = TimeSpan.FromSeconds(12),
    };

    public static Fault HoldReader(ChaosScene scene, Random random)
    {
        var reader = scene.Readers[random.Next(scene.Readers.Count)];
        return new Fault(
            20,
            $"{reader.Name} takes nothing",
            () =>
            {
                reader.Hold();
                return Task.CompletedTask;
            },
            () =>
            {
                reader.Release();
                return Task.CompletedTask;
            });
    }

    public static Fault SecondProcess(ChaosScene scene, int node) => new(
        38,
        $"a second process on the directory of {Names(node)}",
        async () =>
        {
            string[] words = [.. scene.Cluster.Words(node)];
            // Free addresses, so that it is the directory that refuses.
            Replace(words, "--grpc", "127.0.0.1:0");
            Replace(words, "--peer", "127.0.0.1:0");
            var (code, _, error) = await Shell.TryRunAsync(words[0], words[1..]);
            if (code == 0 || !error.Contains("LOCK", StringComparison.OrdinalIgnoreCase))
                scene.Load.AddProblem($"a second process on the directory of node {node} ended with {code}: {error}");
        },
        Fault.Nothing)
    {
        HoldMax = TimeSpan.FromSeconds(0.5),
    };

    public static string Names(params int[] nodes) => nodes.Length == 1 ? $"node {nodes[0]}" : $"nodes {string.Join(", ", nodes)}";

    private static Fault CrashClients(ChaosScene scene, Random random)
    {
        var writer = scene.Writers[random.Next(scene.Writers.Count)];
        var reader = scene.Readers[random.Next(scene.Readers.Count)];
        long[] places = [.. Enumerable.Range(0, scene.Load.PartitionsCount).Select(p => random.NextInt64(reader.NextOf(p) + 1))];
        return new Fault(
            20,
            $"writer {writer.Settings.Id} crashes, {reader.Name} starts anew at {string.Join(' ', places)}",
            () =>
            {
                writer.Crash();
                reader.RestartAt(places);
                return Task.CompletedTask;
            },
            Fault.Nothing);
    }

    private static void Replace(string[] words, string flag, string value) => words[Array.IndexOf(words, flag) + 1] = value;
}
