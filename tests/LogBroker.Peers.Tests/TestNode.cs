using System.Net;
using System.Net.Sockets;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Server;

namespace LogBroker.Peers.Tests;

/// <summary>A node's transport in this process, and what it says.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public static readonly PeerSecret Secret = PeerSecret.Of("a secret of the tests"u8);

    private TestNode(GrpcPeerTransport transport, RecordingLog log, PeerIdentity self)
    {
        Transport = transport;
        Log = log;
        Self = self;
    }

    public GrpcPeerTransport Transport { get; }

    public RecordingReceiver Receiver { get; } = new();

    public RecordingLog Log { get; }

    public PeerIdentity Self { get; }

    public string Address => Transport.BoundEndPoints[0].ToString();

    /// <summary>So many nodes with addresses that were free a moment ago.</summary>
    public static ClusterNode[] Nodes(int count)
    {
        var sockets = new List<Socket>();
        try
        {
            // All at once: a port that is let go may be given again.
            for (int i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            }

            return [.. sockets.Select((s, i) => new ClusterNode(new NodeId(i + 1), s.LocalEndPoint!.ToString()!))];
        }
        finally
        {
            sockets.ForEach(s => s.Dispose());
        }
    }

    public static PeerIdentity Identity(int node) =>
        new(new NodeId(node), new DirectoryId(Guid.NewGuid()), new BootId(Guid.NewGuid()));

    public static PeerTransportSettings Settings(ClusterNode[] nodes, int node) => new()
    {
        Self = new NodeId(node),
        Nodes = nodes,
        EndPoints = [IPEndPoint.Parse(nodes[node - 1].PeerAddress)],
        Secret = Secret,
    };

    /// <summary>Starts one.</summary>
    public static async Task<TestNode> StartAsync(
        ClusterNode[] nodes,
        int node,
        Func<PeerTransportSettings, PeerTransportSettings>? change = null,
        PeerIdentity? self = null,
        ClusterId? cluster = null)
    {
        var settings = Settings(nodes, node);
        var log = new RecordingLog();
        var started = new TestNode(new GrpcPeerTransport(change?.Invoke(settings) ?? settings, log), log, self ?? Identity(node));
        await started.Transport.ListenAsync();
        started.Transport.Start(started.Self, cluster, started.Receiver);
        return started;
    }

    /// <summary>Two nodes with both links up.</summary>
    public static async Task<(TestNode One, TestNode Two)> PairAsync(Func<PeerTransportSettings, PeerTransportSettings>? change = null)
    {
        var nodes = Nodes(2);
        var one = await StartAsync(nodes, 1, change);
        var two = await StartAsync(nodes, 2, change);
        await one.Receiver.WaitAsync<ToldUp>(2);
        await two.Receiver.WaitAsync<ToldUp>(2);
        return (one, two);
    }

    public void Send(int to, PeerMessage message) => Transport.Send(new NodeId(to), message);

    public ValueTask DisposeAsync() => Transport.DisposeAsync();
}
