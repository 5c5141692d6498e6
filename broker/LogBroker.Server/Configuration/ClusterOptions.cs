using System.Globalization;
using System.Net;
using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>What the configuration says of the cluster, checked. Immutable.</summary>
internal sealed record ClusterOptions
{
    /// <summary>The port of peers where none is given.</summary>
    public const int DefaultPeerPort = 7071;

    /// <summary>Most nodes of a cluster.</summary>
    public const int NodesMax = 9;

    /// <summary>All nodes in order of id.</summary>
    public required IReadOnlyList<ClusterNode> Nodes { get; init; }

    /// <summary>Where peers are accepted.</summary>
    public required IReadOnlyList<IPEndPoint> EndPoints { get; init; }

    /// <summary>The key that says where peers are accepted: <c>Listen:Peer</c>, or <c>Cluster:Peers</c> with the own entry.</summary>
    public required ConfigKey EndPointsKey { get; init; }

    /// <summary>What peers prove to each other, or null.</summary>
    public PeerSecret? Secret { get; init; }

    /// <summary>Lines to say at the start: what is allowed and hardly meant.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reads and checks; null for a node alone, and when a fault was added.</summary>
    public static ClusterOptions? From(EffectiveConfig config, List<ConfigFault> faults)
    {
        if (config.Text(ConfigTable.ClusterPeers).Length == 0)
        {
            foreach (var key in (ConfigKey[])[ConfigTable.ListenPeer, ConfigTable.ClusterPeerSecretFile])
            {
                if (config.Text(key).Length > 0)
                    faults.Add(Fault(config, key, "means nothing to a node alone", "name all nodes with --cluster, or leave it away"));
            }

            return null;
        }

        int before = faults.Count;
        var nodes = NodesOf(config, faults);
        var secret = SecretOf(config, faults);
        if (faults.Count > before)
            return null;
        var self = nodes.SingleOrDefault(n => n.Node.Value == config.Number(ConfigTable.NodeId));
        if (self.PeerAddress is null)
        {
            faults.Add(Fault(config, ConfigTable.ClusterPeers, $"does not name this node, {config.Text(ConfigTable.NodeId)}",
                "add it, or say with --node-id which of them this is"));
            return null;
        }

        var endPointsKey = config.Text(ConfigTable.ListenPeer).Length > 0 ? ConfigTable.ListenPeer : ConfigTable.ClusterPeers;
        string listen = endPointsKey == ConfigTable.ListenPeer ? config.Text(ConfigTable.ListenPeer) : self.PeerAddress;
        var endPoints = EndPointsOf(config, endPointsKey, listen, faults);
        if (secret is null)
            DemandLoopback(config, nodes, endPointsKey, endPoints, faults);
        return faults.Count > before ? null : new ClusterOptions
        {
            Nodes = nodes,
            EndPoints = endPoints,
            EndPointsKey = endPointsKey,
            Secret = secret,
            Warnings = [.. WarningsOf(config, nodes, endPoints, secret)],
        };
    }

    private static List<ClusterNode> NodesOf(EffectiveConfig config, List<ConfigFault> faults)
    {
        var nodes = new List<ClusterNode>();
        foreach (string entry in config.Text(ConfigTable.ClusterPeers).Split(',', StringSplitOptions.TrimEntries))
        {
            if (Parse(entry, out var node) is not { } problem)
            {
                nodes.Add(node);
                continue;
            }

            faults.Add(Fault(
                config, ConfigTable.ClusterPeers, $"has an entry {ShownValue.Of(entry)} that {problem}", "give ID@HOST:PEERPORT"));
        }

        foreach (var twice in nodes.GroupBy(n => n.Node).Where(g => g.Count() > 1))
            faults.Add(Fault(config, ConfigTable.ClusterPeers, $"names node {twice.Key} twice", "give each node an id of its own"));
        foreach (var twice in nodes.GroupBy(n => n.PeerAddress, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1))
            faults.Add(Fault(config, ConfigTable.ClusterPeers, $"names {twice.Key} twice", "give each node an address of its own"));
        if (nodes.Count > NodesMax)
            faults.Add(Fault(config, ConfigTable.ClusterPeers, $"names {nodes.Count} nodes, at most {NodesMax} are allowed", "name fewer"));
        nodes.Sort((a, b) => a.Node.Value.CompareTo(b.Node.Value));
        return nodes;
    }

    private static string? Parse(string entry, out ClusterNode node)
    {
        node = default;
        int at = entry.IndexOf('@', StringComparison.Ordinal);
        if (at < 0 || !int.TryParse(entry.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id < 1)
            return "does not begin with a node id and @";
        string address = entry[(at + 1)..];
        if (!HostPort.TryParse(address, out var parsed)
            && !HostPort.TryParse(address + ":" + DefaultPeerPort.ToString(CultureInfo.InvariantCulture), out parsed))
            return "does not end with HOST:PORT";
        if (parsed.IsWildcard || parsed.Port == 0)
            return "cannot be dialed";
        node = new ClusterNode(new NodeId(id), parsed.ToString());
        return null;
    }

    private static PeerSecret? SecretOf(EffectiveConfig config, List<ConfigFault> faults)
    {
        string path = config.Text(ConfigTable.ClusterPeerSecretFile);
        if (path.Length == 0)
            return null;
        var (secret, problem) = PeerSecret.Read(path);
        if (problem is not null)
        {
            faults.Add(Fault(config, ConfigTable.ClusterPeerSecretFile, problem,
                $"name a file with a secret of at least {PeerSecret.BytesMin} bytes, the same on every node"));
        }

        return secret;
    }

    private static IReadOnlyList<IPEndPoint> EndPointsOf(EffectiveConfig config, ConfigKey key, string listen, List<ConfigFault> faults)
    {
        HostPort.TryParse(listen, out var at);
        var endPoints = at.Resolve();
        if (endPoints.Count == 0)
            faults.Add(Fault(config, key, $"names a host that this machine cannot resolve: {ShownValue.Of(at.Host)}",
                "give an address of this machine, or say with --peer where to listen"));
        return endPoints;
    }

    private static void DemandLoopback(
        EffectiveConfig config,
        List<ClusterNode> nodes,
        ConfigKey endPointsKey,
        IReadOnlyList<IPEndPoint> endPoints,
        List<ConfigFault> faults)
    {
        const string Remedy = "give every node the same secret with --peer-secret-file";
        foreach (var node in nodes)
        {
            HostPort.TryParse(node.PeerAddress, out var at);
            var resolved = at.Resolve();
            if (resolved.Count == 0 || !resolved.All(e => IPAddress.IsLoopback(e.Address)))
            {
                faults.Add(Fault(config, ConfigTable.ClusterPeers,
                    $"has node {node.Node} on another machine, {node.PeerAddress}, and peers prove nothing without a secret", Remedy));
                return;
            }
        }

        if (!endPoints.All(e => IPAddress.IsLoopback(e.Address)))
            faults.Add(Fault(config, endPointsKey, "is reachable from other machines, and peers prove nothing without a secret", Remedy));
    }

    private static IEnumerable<string> WarningsOf(
        EffectiveConfig config, List<ClusterNode> nodes, IReadOnlyList<IPEndPoint> endPoints, PeerSecret? secret)
    {
        if (nodes.Count % 2 == 0)
            yield return $"{nodes.Count} nodes survive no more failures than {nodes.Count - 1}: an odd number is better";
        if (secret is { IsReadableByOthers: true })
            yield return $"{config.Text(ConfigTable.ClusterPeerSecretFile)} can be read by others than its owner: chmod 600 it";
        foreach (var endPoint in endPoints.Where(e => !IPAddress.IsLoopback(e.Address)))
            yield return $"Peers on {endPoint} prove the secret, but what they send is not encrypted";
    }

    private static ConfigFault Fault(EffectiveConfig config, ConfigKey key, string problem, string remedy) =>
        new(config[key].Place, key.Name, config.Text(key), problem, remedy);
}
