namespace LogBroker.Chaos;

/// <summary>Rows 21 to 27: a network that is cut, late, or loses what was asked or answered.</summary>
internal static class NetworkFaults
{
    public static IReadOnlyList<FaultKind> All { get; } =
    [
        new("one node is isolated", 5, (scene, random) => Isolate(scene, ProcessFaults.Leader(scene, random), random)),
        new("one direction is cut", 4, CutOneWay),
        new("a leader is not heard", 3, (scene, random) => Mute(scene, ProcessFaults.Leader(scene, random), random)),
        new("a leader does not hear", 3, (scene, random) => Deafen(scene, ProcessFaults.Leader(scene, random), random)),
        new("two nodes do not hear each other", 4, Separate),
        new("links flap", 3, Flap),
        new("swizzle-clog", 3, Swizzle),
        new("everything is late", 3, Delay),
        new("connections are reset", 3, Reset),
        new("a link is narrow", 2, (scene, random) => Narrow(scene, ProcessFaults.Leader(scene, random))),
        new("answers are lost", 4, (scene, random) => LoseAnswers(scene, ProcessFaults.Leader(scene, random))),
        new("requests come very late", 3, (scene, random) => HoldRequests(scene, ProcessFaults.Leader(scene, random))),
    ];

    public static Fault Isolate(ChaosScene scene, int node, Random random) =>
        Of(scene, random, 21, $"{ProcessFaults.Names(node)} isolated", network => network.IsolateAsync(node));

    /// <summary>What a node says does not arrive; it hears the others.</summary>
    public static Fault Mute(ChaosScene scene, int node, Random random) =>
        Of(scene, random, 22, $"{ProcessFaults.Names(node)} is not heard", async network =>
        {
            foreach (int other in ChaosScene.Others(node))
                await network.CutAsync(node, other);
        });

    /// <summary>A node hears nothing; the others hear it.</summary>
    public static Fault Deafen(ChaosScene scene, int node, Random random) =>
        Of(scene, random, 22, $"{ProcessFaults.Names(node)} does not hear", async network =>
        {
            foreach (int other in ChaosScene.Others(node))
                await network.CutAsync(other, node);
        });

    public static Fault Separate(ChaosScene scene, int one, int other, Random random) =>
        Of(scene, random, 23, $"nodes {one} and {other} do not hear each other", network => network.SeparateAsync(one, other));

    /// <summary>A node can send hardly more than a modem.</summary>
    public static Fault Narrow(ChaosScene scene, int node)
    {
        const int KilobitsPerSecond = 256;
        return new Fault(
            25,
            $"{ProcessFaults.Names(node)} can send {KilobitsPerSecond} kbit/s",
            () => Namespaces().LimitRateAsync(node, KilobitsPerSecond),
            () => Namespaces().LiftRateAsync(node));

        NamespaceNetwork Namespaces() => scene.Cluster.Network as NamespaceNetwork
            ?? throw new FaultUnavailableException("A narrow link needs network namespaces.");
    }

    /// <summary>Answers of a node to clients are lost, then its connections are reset: what was committed comes again.</summary>
    public static Fault LoseAnswers(ChaosScene scene, int node) => new(
        26,
        $"answers of {ProcessFaults.Names(node)} to clients are lost",
        () => scene.Cluster.Network.LoseAnswersAsync(node),
        () => scene.Cluster.Network.HealAsync(isLate: false))
    {
        HoldMax = TimeSpan.FromSeconds(2),
    };

    /// <summary>Requests to a node wait until others lead; then they come, to a node that led when they were sent.</summary>
    public static Fault HoldRequests(ChaosScene scene, int node) => new(
        27,
        $"requests to {ProcessFaults.Names(node)} come after it was isolated and back",
        async () =>
        {
            await scene.Cluster.Network.HoldRequestsAsync(node);
            await scene.Cluster.Network.IsolateAsync(node);
        },
        () => scene.Cluster.Network.HealAsync(isLate: true))
    {
        HoldMin = TimeSpan.FromSeconds(3),
        HoldMax = TimeSpan.FromSeconds(6),
    };

    private static Fault CutOneWay(ChaosScene scene, Random random)
    {
        int from = ProcessFaults.Any(random);
        int to = ChaosScene.Others(from)[random.Next(2)];
        return Of(scene, random, 22, $"nothing of node {from} reaches node {to}", network => network.CutAsync(from, to));
    }

    private static Fault Separate(ChaosScene scene, Random random)
    {
        int[] pair = ChaosScene.Others(ProcessFaults.Any(random));
        return Separate(scene, pair[0], pair[1], random);
    }

    private static Fault Flap(ChaosScene scene, Random random) => Of(scene, random, 24, "a link flaps", async network =>
    {
        int[] pair = ChaosScene.Others(ProcessFaults.Any(random));
        for (int i = 0; i < 8; i++)
        {
            await network.SeparateAsync(pair[0], pair[1]);
            await Wait.ForAsync(TimeSpan.FromMilliseconds(random.Next(20, 400)));
            await network.HealAsync(isLate: random.Next(2) == 0);
            await Wait.ForAsync(TimeSpan.FromMilliseconds(random.Next(20, 400)));
        }
    });

    // All directions are cut one by one, in some order, and come back together.
    private static Fault Swizzle(ChaosScene scene, Random random) => Of(scene, random, 24, "swizzle-clog", async network =>
    {
        (int From, int To)[] directions = [(1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2)];
        random.Shuffle(directions);
        foreach (var (from, to) in directions.AsSpan(0, random.Next(3, 7)).ToArray())
        {
            await network.CutAsync(from, to);
            await Wait.ForAsync(TimeSpan.FromMilliseconds(random.Next(20, 500)));
        }
    });

    private static Fault Delay(ChaosScene scene, Random random)
    {
        var time = TimeSpan.FromMilliseconds(random.Next(5, 250));
        return Of(scene, random, 25, $"everything is late by {time.TotalMilliseconds} ms", network => network.DelayAsync(time));
    }

    private static Fault Reset(ChaosScene scene, Random random) =>
        Of(scene, random, 25, "connections between nodes are reset", async network =>
        {
            for (int i = 0; i < 5; i++)
            {
                await network.ResetAsync();
                await Wait.ForAsync(TimeSpan.FromMilliseconds(random.Next(10, 300)));
            }
        });

    private static Fault Of(ChaosScene scene, Random random, int row, string name, Func<NodeNetwork, Task> begin)
    {
        bool isLate = random.Next(2) == 0;
        return new Fault(
            row,
            name + (isLate ? ", what waited comes late" : ", what waited is lost"),
            () => begin(scene.Cluster.Network),
            () => scene.Cluster.Network.HealAsync(isLate));
    }
}
