using System.Collections.Concurrent;

namespace LogBroker.Client;

/// <summary>
/// Which servers there are and in which order to ask them: those of the options, and every node that metadata named. One that could
/// not be reached is left alone for a while, so that a dead node costs its connect timeout once and not at every call. Nodes are never
/// forgotten, and when none of them answers the servers of the options are asked again. Thread-safe: state under one lock, except for
/// the addresses of nodes, which are read without it.
/// </summary>
internal sealed class ServerBook
{
    private const int NodesMax = 64;

    private static readonly TimeSpan CoolDownFirst = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CoolDownMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DoubtTime = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _clock;
    private readonly string[] _bootstrap;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<int, NodePlace> _nodes = new();
    private readonly Dictionary<string, Trouble> _troubles = new(StringComparer.OrdinalIgnoreCase);
    private string? _answeredLast;
    private int _turn;

    public ServerBook(IReadOnlyList<string> bootstrap, TimeProvider clock)
    {
        _bootstrap = [.. bootstrap];
        _clock = clock;
    }

    /// <summary>The servers of the options.</summary>
    public IReadOnlyList<string> Bootstrap => _bootstrap;

    /// <summary>True when there is somebody else to ask.</summary>
    public bool HasSeveral => _nodes.Count > 1 || _bootstrap.Length > 1;

    /// <summary>
    /// Where a node is reached: the address at which it answered, else the one it advertises; null when it is not known.
    /// </summary>
    public string? AddressOf(int nodeId) => _nodes.TryGetValue(nodeId, out NodePlace? place) ? place.Address : null;

    /// <summary>The rack of a node, or empty.</summary>
    public string RackOf(int nodeId) => _nodes.TryGetValue(nodeId, out NodePlace? place) ? place.Rack : string.Empty;

    /// <summary>
    /// Takes over the nodes of an answer. What a broker is told to advertise may not be reachable from here, the address that just
    /// answered is: it stands for that node until the node advertises something else.
    /// </summary>
    public void Learn(int answeringNode, string answeredAt, IReadOnlyList<BrokerNode> nodes)
    {
        lock (_lock)
        {
            foreach (BrokerNode node in nodes)
            {
                _nodes.TryGetValue(node.NodeId, out NodePlace? known);
                string? advertised = ServerList.TryParseOne(node.Address) ?? known?.Advertised;
                string? proven = node.NodeId == answeringNode ? answeredAt
                    : known is not null && known.Advertised == advertised ? known.Proven
                    : null;
                Put(node.NodeId, new NodePlace(advertised, proven, node.Rack));
            }
        }
    }

    /// <summary>Takes over the address of one node, as another one named it.</summary>
    public void Learn(int nodeId, string address)
    {
        if (ServerList.TryParseOne(address) is not { } parsed)
        {
            return;
        }

        lock (_lock)
        {
            _nodes.TryGetValue(nodeId, out NodePlace? known);
            if (known?.Advertised != parsed)
            {
                Put(nodeId, new NodePlace(parsed, null, known?.Rack ?? string.Empty));
            }
        }
    }

    /// <summary>All servers in the order to ask them: those in trouble last.</summary>
    /// <param name="isElsewhere">True to begin with another one than the last time: its answer did not help.</param>
    public List<string> InOrder(bool isElsewhere = false)
    {
        lock (_lock)
        {
            var nodes = _nodes.OrderBy(static n => n.Key).Select(static n => n.Value.Address).OfType<string>().ToList();
            if (isElsewhere && nodes.Count > 1)
            {
                int first = (int)((uint)++_turn % (uint)nodes.Count);
                nodes = [.. nodes[first..], .. nodes[..first]];
            }
            else if (_answeredLast is not null)
            {
                nodes.Insert(0, _answeredLast);
            }

            long now = _clock.GetTimestamp();
            return [.. nodes.Concat(_bootstrap).Distinct(StringComparer.OrdinalIgnoreCase).OrderBy(s => TroubledUntil(s, now))];
        }
    }

    /// <summary>True while a server is left alone.</summary>
    public bool IsTroubled(string server)
    {
        lock (_lock)
        {
            return TroubledUntil(server, _clock.GetTimestamp()) != 0;
        }
    }

    /// <summary>A server answered.</summary>
    public void Answered(string server)
    {
        lock (_lock)
        {
            _troubles.Remove(server);
            _answeredLast = server;
        }
    }

    /// <summary>A server cannot be reached: it is left alone for a while, each time longer.</summary>
    public void Failed(string server)
    {
        lock (_lock)
        {
            int failures = _troubles.TryGetValue(server, out Trouble trouble) ? trouble.Failures + 1 : 1;
            double seconds = CoolDownFirst.TotalSeconds * (1 << Math.Min(failures - 1, 10));
            SetTrouble(server, failures, TimeSpan.FromSeconds(Math.Min(seconds, CoolDownMax.TotalSeconds)));
        }
    }

    /// <summary>A server does not answer, or a connection to it broke: others are asked first.</summary>
    public void Doubt(string server)
    {
        lock (_lock)
        {
            int failures = _troubles.TryGetValue(server, out Trouble trouble) ? trouble.Failures : 0;
            SetTrouble(server, failures, DoubtTime);
        }
    }

    private void Put(int nodeId, NodePlace place)
    {
        if (nodeId > 0 && (_nodes.ContainsKey(nodeId) || _nodes.Count < NodesMax))
        {
            _nodes[nodeId] = place;
        }
    }

    private void SetTrouble(string server, int failures, TimeSpan time)
    {
        if (_troubles.ContainsKey(server) || _troubles.Count < 2 * NodesMax)
        {
            _troubles[server] = new Trouble(failures, _clock.GetTimestamp() + (long)(time.TotalSeconds * _clock.TimestampFrequency));
        }
    }

    private long TroubledUntil(string server, long now) =>
        _troubles.TryGetValue(server, out Trouble trouble) && trouble.Until > now ? trouble.Until : 0;

    private sealed record NodePlace(string? Advertised, string? Proven, string Rack)
    {
        public string? Address => Proven ?? Advertised;
    }

    private readonly record struct Trouble(int Failures, long Until);
}
