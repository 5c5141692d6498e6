namespace LogBroker.Chaos;

/// <summary>Ports of the loopback with nothing in between; cannot be broken.</summary>
internal sealed class DirectNetwork : NodeNetwork
{
    private readonly int[] _ports = FreePorts.Take(2 * NodesCount);

    public override string PeerListen(int node) => $"127.0.0.1:{_ports[node - 1]}";

    public override string PeerAddress(int from, int to) => PeerListen(to);

    public override string ClientListen(int node) => $"127.0.0.1:{_ports[NodesCount + node - 1]}";

    public override string ClientAddress(int node) => ClientListen(node);
}
