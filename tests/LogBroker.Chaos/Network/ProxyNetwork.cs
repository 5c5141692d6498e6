namespace LogBroker.Chaos;

/// <summary>
/// A proxy for each direction in which a node dials another, and one in front of each node for clients. On the connection that A dials to B
/// travels what A asks up and what B answers down, so that one direction between two nodes is a valve in each of two proxies.
/// </summary>
internal sealed class ProxyNetwork : NodeNetwork
{
    private readonly int[] _ports = FreePorts.Take(2 * NodesCount);
    private readonly Dictionary<(int From, int To), TcpProxy> _peers = [];
    private readonly Dictionary<int, TcpProxy> _clients = [];

    public ProxyNetwork()
    {
        var ports = new Queue<int>(FreePorts.Take(NodesCount * NodesCount));
        for (int to = 1; to <= NodesCount; to++)
        {
            _clients[to] = new TcpProxy(ports.Dequeue(), _ports[NodesCount + to - 1]);
            for (int from = 1; from <= NodesCount; from++)
            {
                if (from != to)
                    _peers[(from, to)] = new TcpProxy(ports.Dequeue(), _ports[to - 1]);
            }
        }
    }

    private IEnumerable<TcpProxy> All => [.. _peers.Values, .. _clients.Values];

    public override string PeerListen(int node) => $"127.0.0.1:{_ports[node - 1]}";

    public override string PeerAddress(int from, int to) => from == to ? PeerListen(to) : _peers[(from, to)].Address;

    public override string ClientListen(int node) => $"127.0.0.1:{_ports[NodesCount + node - 1]}";

    public override string ClientAddress(int node) => _clients[node].Address;

    public override void Closing(int node)
    {
        foreach (var proxy in To(node))
            proxy.Refuse();
    }

    public override void Opening(int node)
    {
        foreach (var proxy in To(node))
            proxy.Listen();
    }

    public override Task CutAsync(int from, int to)
    {
        _peers[(from, to)].Up.Close();
        _peers[(to, from)].Down.Close();
        return Task.CompletedTask;
    }

    public override Task DelayAsync(TimeSpan time)
    {
        foreach (var proxy in _peers.Values)
            proxy.Up.Delay = proxy.Down.Delay = time;
        return Task.CompletedTask;
    }

    public override Task ResetAsync()
    {
        foreach (var proxy in _peers.Values)
            proxy.Reset();
        return Task.CompletedTask;
    }

    public override Task LoseAnswersAsync(int node)
    {
        _clients[node].Down.Close();
        return Task.CompletedTask;
    }

    public override Task HoldRequestsAsync(int node)
    {
        _clients[node].Up.Close();
        return Task.CompletedTask;
    }

    public override Task HealAsync(bool isLate)
    {
        foreach (var proxy in All)
        {
            if (!isLate)
                proxy.Reset();
            proxy.Up.Open();
            proxy.Down.Open();
        }

        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var proxy in All)
            await proxy.DisposeAsync();
    }

    private IEnumerable<TcpProxy> To(int node) => _peers.Where(p => p.Key.To == node).Select(p => p.Value).Append(_clients[node]);
}
