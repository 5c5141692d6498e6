namespace LogBroker.Chaos;

/// <summary>Rows 3 to 5, 16 and 17: disks that lose what was not synced, or everything, or are older than they should be.</summary>
internal static class DiskFaults
{
    private const int RecordsBetween = 300;

    public static IReadOnlyList<FaultKind> All { get; } =
    [
        new("power cut of one node", 4, (scene, random) => CutPower(scene, 3, ProcessFaults.Leader(scene, random))),
        new("power cut of all nodes", 2, (scene, random) => CutPower(scene, 4, 1, 2, 3)),
        new("pause and power cut", 2, PauseAndPowerCut),
        new("a disk is wiped", 2, (scene, random) => Wipe(scene, ProcessFaults.Any(random))),
        new("a disk is rolled back", 1, (scene, random) => RollBack(scene, ProcessFaults.Any(random))),
    ];

    public static Fault CutPower(ChaosScene scene, int row, params int[] nodes) => new(
        row,
        $"power cut of {ProcessFaults.Names(nodes)}",
        () => scene.Cluster.CutPowerAsync(nodes),
        () => Task.WhenAll(nodes.Select(scene.Cluster.StartAsync)))
    {
        HoldMax = TimeSpan.FromSeconds(3),
        IsAlone = nodes.Length > 1,
    };

    /// <summary>
    /// The schedule that split another system (NATS#7567): pause A, write through B and C, cut B's power, pause C, resume A, start B: A
    /// and B may elect, and nothing acknowledged may be missing; then resume C.
    /// </summary>
    public static Fault PauseAndPowerCut(ChaosScene scene, int a, int b, int c) => new(
        5,
        $"pause node {a}, power cut of node {b}, pause node {c}, resume {a}, start {b}",
        async () =>
        {
            scene.Cluster.Pause(a);
            await scene.ProgressAsync(RecordsBetween);
            await scene.Cluster.CutPowerAsync(b);
            scene.Cluster.Pause(c);
            scene.Cluster.Resume(a);
            await scene.Cluster.StartAsync(b);
        },
        () =>
        {
            scene.Cluster.Resume(c);
            return Task.CompletedTask;
        })
    {
        HoldMin = TimeSpan.FromSeconds(4),
        HoldMax = TimeSpan.FromSeconds(8),
        IsAlone = true,
    };

    /// <summary>
    /// The disk of a node is gone and the node comes back on an empty one: it has no vote until it was readmitted, so the next disk may be
    /// lost only after that.
    /// </summary>
    public static Fault Wipe(ChaosScene scene, int node) => new(
        16,
        $"the disk of {ProcessFaults.Names(node)} is wiped",
        async () =>
        {
            await scene.AllInSyncAsync();
            await scene.Cluster.WipeAsync(node);
            await scene.ProgressAsync(RecordsBetween);
        },
        async () =>
        {
            await scene.Cluster.StartAsync(node);
            await scene.AllInSyncAsync();
        })
    {
        HoldMax = TimeSpan.FromSeconds(3),
        IsAlone = true,
    };

    /// <summary>A node comes back on a copy of its disk from some time ago: nothing may be lost.</summary>
    public static Fault RollBack(ChaosScene scene, int node) => new(
        17,
        $"the disk of {ProcessFaults.Names(node)} is rolled back",
        async () =>
        {
            await scene.AllInSyncAsync();
            await scene.Cluster.KillAsync(node);
            await scene.Cluster.Disks.SaveAsync(node);
            await scene.Cluster.StartAsync(node);
            await scene.ProgressAsync(RecordsBetween);
            await scene.AllInSyncAsync();
            await scene.Cluster.RollBackAsync(node);
        },
        async () =>
        {
            await scene.Cluster.StartAsync(node);
            await scene.AllInSyncAsync();
        })
    {
        HoldMax = TimeSpan.FromSeconds(2),
        IsAlone = true,
    };

    private static Fault PauseAndPowerCut(ChaosScene scene, Random random)
    {
        int[] nodes = [1, 2, 3];
        random.Shuffle(nodes);
        return PauseAndPowerCut(scene, nodes[0], nodes[1], nodes[2]);
    }
}
