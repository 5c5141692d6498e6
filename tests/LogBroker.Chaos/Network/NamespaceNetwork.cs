namespace LogBroker.Chaos;

/// <summary>
/// A network namespace for each node, joined by a bridge on which clients have an address too. One direction is cut by a wrong hardware
/// address of the neighbour: the sender gets no error. Two nodes are separated by isolating their ports of the bridge, one is cut off by
/// taking its port down, for clients too. Needs root.
/// </summary>
internal sealed class NamespaceNetwork : NodeNetwork
{
    private const string NobodysAddress = "02:00:00:00:00:ff";
    private const int ClientPort = 7070;
    private const int PeerPort = 7071;

    private static int _made;

    private readonly string _name = $"lb{Environment.ProcessId % 100_000}x{Interlocked.Increment(ref _made) % 100}";
    private readonly string _prefix = $"10.{200 + (Environment.ProcessId % 50)}.{Environment.ProcessId / 50 % 250}";

    private NamespaceNetwork()
    {
    }

    public override string[] Flags => ["--insecure"];

    /// <exception cref="FaultUnavailableException">There is no root, or the kernel lacks a part.</exception>
    public static async Task<NamespaceNetwork> MakeAsync()
    {
        Shell.RequireRoot("Making network namespaces");
        var network = new NamespaceNetwork();
        try
        {
            await network.BuildAsync();
            return network;
        }
        catch (Exception)
        {
            await network.DisposeAsync();
            throw;
        }
    }

    public override string PeerListen(int node) => $"{Host(node)}:{PeerPort}";

    public override string PeerAddress(int from, int to) => PeerListen(to);

    public override string ClientListen(int node) => $"{Host(node)}:{ClientPort}";

    public override string ClientAddress(int node) => ClientListen(node);

    public override string[] Wrapper(int node) => [Shell.Find("ip"), "netns", "exec", Space(node)];

    public override async Task CutAsync(int from, int to) =>
        await In(from, "ip", "neigh", "replace", Host(to), "lladdr", NobodysAddress, "dev", "eth0", "nud", "permanent");

    public override async Task IsolateAsync(int node) => await Shell.RunAsync("ip", "link", "set", Port(node), "down");

    public override async Task SeparateAsync(int one, int other)
    {
        await Shell.RunAsync("bridge", "link", "set", "dev", Port(one), "isolated", "on");
        await Shell.RunAsync("bridge", "link", "set", "dev", Port(other), "isolated", "on");
    }

    public override async Task HealAsync(bool isLate)
    {
        for (int node = 1; node <= NodesCount; node++)
        {
            await Shell.RunAsync("ip", "link", "set", Port(node), "up");
            await Shell.RunAsync("bridge", "link", "set", "dev", Port(node), "isolated", "off");
            for (int other = 1; other <= NodesCount; other++)
            {
                if (other != node)
                    await Shell.TryRunAsync("ip", "netns", "exec", Space(node), "ip", "neigh", "del", Host(other), "dev", "eth0");
            }
        }
    }

    /// <summary>Narrows what a node can send.</summary>
    public async Task LimitRateAsync(int node, int kilobitsPerSecond) => await In(
        node, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf",
        "rate", $"{kilobitsPerSecond}kbit", "burst", "32kbit", "latency", "400ms");

    /// <summary>Takes the limit away.</summary>
    public async Task LiftRateAsync(int node) => await In(node, "tc", "qdisc", "del", "dev", "eth0", "root");

    public override async ValueTask DisposeAsync()
    {
        for (int node = 1; node <= NodesCount; node++)
        {
            await Shell.TryRunAsync("ip", "link", "del", Port(node));
            await Shell.TryRunAsync("ip", "netns", "del", Space(node));
        }

        await Shell.TryRunAsync("ip", "link", "del", _name);
    }

    private string Space(int node) => $"{_name}n{node}";

    private string Port(int node) => $"{_name}p{node}";

    private string Host(int node) => $"{_prefix}.{node}";

    private Task<string> In(int node, params string[] words) => Shell.RunAsync("ip", ["netns", "exec", Space(node), .. words]);

    private async Task BuildAsync()
    {
        await Shell.RunAsync("ip", "link", "add", _name, "type", "bridge");
        await Shell.RunAsync("ip", "addr", "add", $"{_prefix}.254/24", "dev", _name);
        await Shell.RunAsync("ip", "link", "set", _name, "up");
        for (int node = 1; node <= NodesCount; node++)
        {
            await Shell.RunAsync("ip", "netns", "add", Space(node));
            await Shell.RunAsync("ip", "link", "add", Port(node), "type", "veth", "peer", "name", "eth0", "netns", Space(node));
            await Shell.RunAsync("ip", "link", "set", Port(node), "master", _name, "up");
            await In(node, "ip", "link", "set", "lo", "up");
            await In(node, "ip", "addr", "add", $"{Host(node)}/24", "dev", "eth0");
            await In(node, "ip", "link", "set", "eth0", "up");
        }
    }
}
