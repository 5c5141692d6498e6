using System.Net;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc.Server;
using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>
/// Peers over gRPC on a port of their own. Each node dials each other node; on the stream that a node dialed it says everything but
/// answers, and its answers go down the stream on which they were asked for. What cannot go at once is dropped.
/// Life: <see cref="ListenAsync"/> binds the port, and refuses everybody; <see cref="Start"/> begins to accept and to dial;
/// <see cref="DisposeAsync"/> cuts everything, and nothing is called afterwards. Failure policy: no failure of a peer or of the network
/// is more than the end of a link. Thread-safe.
/// </summary>
internal sealed class GrpcPeerTransport : IPeerTransport
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    private readonly PeerTransportSettings _settings;
    private readonly ILogger _log;
    private readonly PeerFrameMarshaller _marshaller;
    private readonly PeerService _service;
    private readonly GrpcServer _server;
    private readonly CancellationTokenSource _stop = new();
    private volatile PeerSwitchboard? _board;
    private Task _dialing = Task.CompletedTask;

    /// <summary>Prepares a transport; nothing listens yet.</summary>
    public GrpcPeerTransport(PeerTransportSettings settings, ILoggerFactory loggers)
    {
        _settings = settings;
        _log = loggers.CreateLogger("LogBroker.Peers");
        _marshaller = new PeerFrameMarshaller { ItemsUnreadable = SayUnreadable };
        _service = new PeerService(settings, _marshaller, _log);
        var services = new GrpcServices();
        _service.AddTo(services);
        _server = new GrpcServer(ServerOptions(settings), services, loggers);
    }

    /// <summary>Where peers are accepted; empty before <see cref="ListenAsync"/>.</summary>
    public IReadOnlyList<IPEndPoint> BoundEndPoints => _server.BoundEndPoints;

    /// <summary>Binds the port. Peers that come before <see cref="Start"/> are told to come again.</summary>
    /// <exception cref="IOException">The address cannot be bound.</exception>
    public Task ListenAsync(CancellationToken cancellationToken = default) => _server.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public void Start(PeerIdentity self, ClusterId? cluster, IPeerReceiver receiver)
    {
        Invariant.Require(_board is null && self.Node == _settings.Self);
        PeerNode[] nodes = [.. _settings.Nodes.Where(n => n.Node != self.Node).Select(n => new PeerNode(n, _settings))];
        var board = new PeerSwitchboard(_settings, nodes, self, cluster, receiver, _log, _stop.Token);
        _board = board;
        PeerLog.Started(
            _log, string.Join(", ", BoundEndPoints), string.Join(", ", nodes.Select(n => $"node {n.Node} at {n.Address}")));
        _service.Open(board);
        var method = PeerMethods.Link(_marshaller);
        _dialing = Task.WhenAll(nodes.Select(n => Task.Run(() => new PeerClient(n, board, method, _settings, _log).RunAsync(_stop.Token))));
    }

    /// <inheritdoc/>
    public void Joined(ClusterId cluster) => _board?.Joined(cluster);

    /// <inheritdoc/>
    public void Send(NodeId to, PeerMessage message)
    {
        var frame = PeerFrame.Of(message);
        if (_board?.NodeOf(to)?.LinkOf(frame.IsAnswer ? LinkSide.Accepted : LinkSide.Dialed) is { } link)
            link.Post(frame);
        else
            frame.Release();
    }

    /// <inheritdoc/>
    public long QueuedBytes(NodeId to) => _board?.NodeOf(to)?.LinkOf(LinkSide.Accepted)?.ItemsBytes ?? 0;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var node in _board?.Nodes ?? [])
            node.Stop();
        await _dialing;
        // All links are cut: their calls end by themselves.
        await _server.StopAsync(StopTime);
    }

    private static GrpcServerOptions ServerOptions(PeerTransportSettings settings) => new()
    {
        EndPoints = settings.EndPoints,
        ReceiveBytesMax = settings.RequestBytesMax,
        SendBytesMax = settings.AnswerBytesMax,
        CallsMax = 256,
        ConnectionsMax = 256,
        Descriptors = DescriptorBudget.Preferred,
        StreamsPerConnectionMax = 4,
        HandshakeTimeout = settings.HandshakeTime,
        ConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        KeepAlivePingDelay = settings.PingDelay,
        KeepAlivePingTimeout = settings.PingTimeout,
        MessageWriteTimeout = TimeSpan.FromSeconds(30),
    };

    private void SayUnreadable(PartitionMessage message, Exception cause) =>
        _board?.SayUnreadable(message.Partition, cause);
}
