using System.Net;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc.Server;
using LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>What an <see cref="EmbeddedNode"/> is made with. Immutable.</summary>
internal sealed record EmbeddedNodeSettings
{
    /// <summary>Configuration by the names of <see cref="ConfigTable"/>; nothing is read from files and the environment.</summary>
    public required IReadOnlyDictionary<string, string> Configuration { get; init; }

    /// <summary>Where logs are written.</summary>
    public required IDisk Disk { get; init; }

    /// <summary>Votes, log starts and checkpoints; stays the caller's.</summary>
    public required IStateStore State { get; init; }

    /// <summary>Where failed writes and syncs go.</summary>
    public required IFatalFailure Fatal { get; init; }

    /// <summary>The clock of records and retention, and of the broker's waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Takes the log.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>Milliseconds between two ticks of a node of several.</summary>
    public int TickMs { get; init; } = 20;
}

/// <summary>
/// The broker with its gRPC port and its peers inside another program: the wiring of <see cref="ServerNode"/> without signals, console,
/// HTTP and telemetry. Members that start and stop are called one at a time.
/// </summary>
internal sealed class EmbeddedNode : IAsyncDisposable
{
    private readonly BrokerOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ServerMetrics _metrics = new(TimeProvider.System);
    private readonly HealthService _grpcHealth = new();
    private readonly NodeHealth _health;
    private GrpcPeerTransport? _peers;
    private GrpcServer? _grpc;
    private string _advertised = "";
    private bool _hasEnded;

    private EmbeddedNode(BrokerOptions options, ILoggerFactory loggers)
    {
        _options = options;
        _loggers = loggers;
        _health = new NodeHealth(_grpcHealth);
    }

    /// <summary>The broker.</summary>
    public Broker Broker { get; private set; } = null!;

    /// <summary>Where gRPC listens, or listened last.</summary>
    public IPEndPoint EndPoint { get; private set; } = null!;

    /// <summary>Starts a node; a node alone serves when this returns.</summary>
    /// <returns>The node, or what keeps it from starting, with nothing left behind.</returns>
    public static async Task<Result<EmbeddedNode>> StartAsync(EmbeddedNodeSettings settings, CancellationToken cancellation)
    {
        var written = settings.Configuration.Select(c => new WrittenValue(c.Key, c.Value, ConfigOrigin.Flag, "the embedding program"));
        if (ConfigLoader.Load(null, new Dictionary<string, string>(), written, out var faults) is not { } config
            || BrokerOptions.From(config, null, out faults) is not { } options)
            return new BrokerError(ErrorCode.InvalidConfig, string.Join("; ", faults));
        var node = new EmbeddedNode(options, settings.Loggers);
        bool isStarted = false;
        try
        {
            var error = await node.OpenAsync(settings, cancellation);
            isStarted = error is null;
            return error is null ? node : error;
        }
        finally
        {
            if (!isStarted)
                await node.KillAsync();
        }
    }

    /// <summary>Serves clients again after <see cref="CloseDoorAsync"/>, on the same port.</summary>
    /// <exception cref="IOException">The port was taken meanwhile.</exception>
    public async Task OpenDoorAsync()
    {
        if (_grpc is not null)
            return;
        var facts = new NodeFacts(_options.Config, () => Volatile.Read(ref _advertised), () => _metrics.Uptime);
        var services = ServerNode.Services(Broker, facts, _options, _metrics, _grpcHealth);
        var grpc = new GrpcServer(
            ServerNode.GrpcOptions(_options, _metrics) with { EndPoints = EndPoint is null ? _options.GrpcEndPoints : [EndPoint] },
            services,
            _loggers);
        try
        {
            await grpc.StartAsync();
        }
        catch (IOException)
        {
            await grpc.DisposeAsync();
            throw;
        }

        _grpc = grpc;
        EndPoint = grpc.BoundEndPoints[0];
        Volatile.Write(ref _advertised, EndPoint.ToString());
    }

    /// <summary>Breaks all connections of clients and accepts none; the broker and its peers go on.</summary>
    public async Task CloseDoorAsync()
    {
        if (_grpc is { } grpc)
        {
            _grpc = null;
            await grpc.StopAsync(TimeSpan.Zero);
        }
    }

    /// <summary>Ends in good order, as at SIGTERM.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_hasEnded)
            return;
        _hasEnded = true;
        _health.Draining();
        var stopTime = _options.Config.Duration(ConfigTable.NodeStopTimeout);
        using (var timeout = new CancellationTokenSource(stopTime))
        {
            try
            {
                await Broker.LeaveOfficeAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                // The others elect a leader when they miss this one.
            }
        }

        if (_grpc is { } grpc)
            await grpc.StopAsync(stopTime);
        await Broker.StopAsync(CancellationToken.None);
        await EndAsync();
    }

    /// <summary>Ends with nothing done in good order. The disk and the state store must refuse whatever still comes.</summary>
    public async Task KillAsync()
    {
        if (_hasEnded)
            return;
        _hasEnded = true;
        await CloseDoorAsync();
        try
        {
            if (Broker is not null)
                await Broker.StopAsync(new CancellationToken(canceled: true));
        }
        catch (Exception e) when (e is IOException or AggregateException)
        {
            // The disk is gone: nothing of it could be closed.
        }

        await EndAsync();
    }

    private async Task<BrokerError?> OpenAsync(EmbeddedNodeSettings settings, CancellationToken cancellation)
    {
        var log = _loggers.CreateLogger("LogBroker.Server");
        _health.Starting();
        var cluster = PeerWiring.ClusterOf(_options, () => Volatile.Read(ref _advertised));
        cluster = cluster is null ? null : cluster with { TickMs = settings.TickMs };
        var (peers, fault) = await PeerWiring.ListenAsync(_options, cluster, _loggers, log);
        _peers = peers;
        if (fault is not null)
            return new BrokerError(ErrorCode.Internal, fault.ToString());
        var opened = await Broker.OpenAsync(
            ServerNode.SettingsOf(_options, cluster), settings.Disk, settings.State, settings.Time, _loggers, settings.Fatal, peers,
            cancellation: cancellation);
        if (!opened.IsOk)
            return opened.Error;
        Broker = opened.Value;
        _metrics.Observe(Broker);
        await OpenDoorAsync();
        _health.Serving(Broker);
        return null;
    }

    private async Task EndAsync()
    {
        if (_peers is { } peers)
            await peers.DisposeAsync();
        _metrics.Dispose();
    }
}
