using System.Net;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.RocksDb;
using LogBroker.Rpc.Server;
using LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>
/// The wiring of the process, by hand, top to bottom: probe the ports, serve health, open the broker, serve gRPC, wait for a signal,
/// drain, close. Nothing is created on the disk before the ports are known to be free. In a cluster the port of peers is bound before the
/// broker opens, and so before it dials: who finds it refusing connections knows that no process is there.
/// </summary>
internal static class ServerNode
{
    private static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(2);

    /// <summary>Runs until a signal; the exit code.</summary>
    public static async Task<int> RunAsync(BrokerOptions options)
    {
        using var signals = new StopSignals();
        using var loggers = ServerLogging.Create(options.Config);
        var log = loggers.CreateLogger("LogBroker.Server");
        if (PortProbe.Check(options) is { } fault)
            return Refuse(ServerExit.Failed, fault.ToString());
        Log.Starting(log, ServerVersion.Text, options.DataDirectory, Environment.ProcessId);
        SayFewDescriptors(options, log);
        using var metrics = new ServerMetrics(TimeProvider.System);
        using var collector = new MetricsCollector();
        using var telemetry = new Telemetry(options, log);
        var grpcHealth = new HealthService();
        var health = new NodeHealth(grpcHealth);
        health.Starting();

        await using var http = new HttpServer(options, loggers);
        AddPages(http, health, new MetricsPages(collector));
        try
        {
            await http.StartAsync();
        }
        catch (IOException e)
        {
            return Refuse(ServerExit.Failed, PortProbe.Fault(options, ConfigTable.ListenHttp, e).ToString());
        }

        string advertised = "";
        var cluster = PeerWiring.ClusterOf(options, () => Volatile.Read(ref advertised));
        var (peers, peersFault) = await PeerWiring.ListenAsync(options, cluster, loggers, log);
        await using var peersEnd = peers;
        if (peersFault is not null)
            return Refuse(ServerExit.Failed, peersFault.ToString());
        var fatal = new ServerFatalFailure(options.Config.Duration(ConfigTable.FailureBackoff), signals.Asked, log);
        var opened = await OpenAsync(options, cluster, peers, loggers, fatal, health, signals.Asked);
        if (!opened.IsOk)
            return Refuse(opened.Error, signals.Asked);
        await using var broker = opened.Value;
        metrics.Observe(broker);
        fatal.Started();

        var facts = new NodeFacts(options.Config, () => Volatile.Read(ref advertised), () => metrics.Uptime);
        var services = Services(broker, facts, options, metrics, grpcHealth);
        await using var grpc = new GrpcServer(GrpcOptions(options, metrics), services, loggers);
        try
        {
            await grpc.StartAsync();
        }
        catch (IOException e)
        {
            return Refuse(ServerExit.Failed, PortProbe.Fault(options, ConfigTable.ListenGrpc, e).ToString());
        }

        Volatile.Write(ref advertised, (options.Advertised ?? HostPortOf(grpc.BoundEndPoints[0])).ToString());
        SayReady(options, log, broker, grpc, http, peers, advertised);
        health.Serving(broker);
        SystemdNotify.Ready($"serving gRPC on {grpc.BoundEndPoints[0]}");

        await WaitAsync(signals.Asked);
        long stoppedAt = TimeProvider.System.GetTimestamp();
        Log.Stopping(log, signals.Name);
        SystemdNotify.Stopping("finishing what is in flight");
        health.Draining();
        await LeaveOfficeAsync(broker, options.Config.Duration(ConfigTable.NodeStopTimeout), log);
        await grpc.StopAsync(options.Config.Duration(ConfigTable.NodeStopTimeout));
        await broker.StopAsync(CancellationToken.None);
        Log.Stopped(log, TimeProvider.System.GetElapsedTime(stoppedAt).TotalSeconds);
        return ServerExit.Ok;
    }

    private static void SayFewDescriptors(BrokerOptions options, ILogger log)
    {
        long connections = options.Config.Number(ConfigTable.MaxConnections);
        var descriptors = DescriptorBudget.Ordinary;
        if (descriptors.Limit - descriptors.Reserve < connections)
            Log.FewDescriptors(log, descriptors.Limit, descriptors.Reserve, connections);
    }

    /// <summary>Leaderships go to others first, while clients can still be told where.</summary>
    private static async Task LeaveOfficeAsync(Broker broker, TimeSpan timeMax, ILogger log)
    {
        using var timeout = new CancellationTokenSource(timeMax);
        try
        {
            await broker.LeaveOfficeAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Log.OfficeNotLeft(log, timeMax.TotalSeconds);
        }
    }

    private static async Task<Result<Broker>> OpenAsync(
        BrokerOptions options,
        ClusterSettings? cluster,
        IPeerTransport? peers,
        ILoggerFactory loggers,
        ServerFatalFailure fatal,
        NodeHealth health,
        CancellationToken stopAsked)
    {
        try
        {
            return await Broker.OpenAsync(
                SettingsOf(options, cluster), TimeProvider.System, loggers, fatal, peers, new StartProgress(health), stopAsked);
        }
        catch (OperationCanceledException) when (stopAsked.IsCancellationRequested)
        {
            return new BrokerError(ErrorCode.ShuttingDown, "stopped while starting");
        }
        catch (RocksDbNotFoundException e)
        {
            // Another start on the same machine finds no library either: the code that is not restarted.
            return new BrokerError(ErrorCode.InvalidConfig, e.Message);
        }
        catch (DiskException e)
        {
            fatal.Fail($"the data directory {options.DataDirectory} cannot be opened", e);
            throw;
        }
    }

    /// <summary>What the configuration means for the broker.</summary>
    internal static BrokerSettings SettingsOf(BrokerOptions options, ClusterSettings? cluster) => new()
    {
        DataDirectory = options.DataDirectory,
        NodeId = new NodeId((int)options.Config.Number(ConfigTable.NodeId)),
        PartitionsDefault = (int)options.Config.Number(ConfigTable.TopicPartitions),
        TopicDefaults = options.TopicDefaults,
        PartitionLoops = (int)options.Config.Number(ConfigTable.PartitionLoops),
        DiskHeadroomBytes = options.Config.Number(ConfigTable.DiskHeadroom) is > 0 and var bytes ? bytes : null,
        ProduceBytesMax = options.Config.Number(ConfigTable.MaxBytesInFlightTotal),
        FetchWaitersMax = (int)options.Config.Number(ConfigTable.MaxFetchWaiters),
        Groups = new GroupSettings
        {
            OffsetsPartitions = (int)options.Config.Number(ConfigTable.GroupsOffsetsPartitions),
            OffsetsRetentionMs = options.Config.Number(ConfigTable.GroupsOffsetsRetention),
            MembersMax = (int)options.Config.Number(ConfigTable.GroupsMaxMembers),
        },
        ProducerExpiryMs = options.Config.Number(ConfigTable.ProducerExpiry),
        RetentionCheckMs = (int)options.Config.Number(ConfigTable.RetentionCheckInterval),
        CleanerIntervalMs = (int)options.Config.Number(ConfigTable.CleanerInterval),
        CleanerMapBytes = options.Config.Number(ConfigTable.CleanerMemory),
        CleanerBytesPerSecond = options.Config.Number(ConfigTable.CleanerRate),
        Cluster = cluster,
    };

    /// <summary>The port of clients, and every limit of it.</summary>
    internal static GrpcServerOptions GrpcOptions(BrokerOptions options, ServerMetrics metrics) => new()
    {
        EndPoints = options.GrpcEndPoints,
        ReceiveBytesMax = (int)options.Config.Number(ConfigTable.MaxRequestBytes),
        CallsMax = (int)options.Config.Number(ConfigTable.MaxCalls),
        ConnectionsMax = (int)options.Config.Number(ConfigTable.MaxConnections),
        StreamsPerConnectionMax = (int)options.Config.Number(ConfigTable.MaxStreamsPerConnection),
        HandshakeTimeout = options.Config.Duration(ConfigTable.HandshakeTimeout),
        MessageReadTimeout = options.Config.Duration(ConfigTable.MessageReadTimeout),
        StreamIdleTimeout = options.Config.Duration(ConfigTable.StreamIdleTimeout),
        Observer = metrics,
    };

    /// <summary>The public API.</summary>
    internal static GrpcServices Services(
        IBroker broker, NodeFacts facts, BrokerOptions options, ServerMetrics metrics, HealthService health)
    {
        var stop = options.Config.Duration(ConfigTable.NodeStopTimeout);
        var limits = new StreamLimits(
            (int)options.Config.Number(ConfigTable.MaxBatchesInFlight),
            options.Config.Number(ConfigTable.MaxBytesInFlight),
            options.Config.Duration(ConfigTable.HeartbeatInterval),
            stop / 2 < DrainTimeMax ? stop / 2 : DrainTimeMax,
            TimeProvider.System);
        var services = new GrpcServices();
        var table = new ServiceTable(services, metrics);
        new ProducerService(broker, limits).AddTo(table);
        new ConsumerService(broker, limits).AddTo(table);
        new TopicsService(broker).AddTo(table);
        new TablesService(broker).AddTo(table);
        new ClusterService(broker, facts).AddTo(table);
        new GroupsService(broker, facts).AddTo(table);
        services.AddHealth(health);
        services.AddReflection();
        return services;
    }

    private static void AddPages(HttpServer http, NodeHealth health, MetricsPages pages)
    {
        http.AddProbe("/healthz/live", health.Live);
        http.AddProbe("/healthz/ready", health.Ready);
        http.AddProbe("/healthz/startup", health.Startup);
        http.Add("/metrics", pages.Overview);
        http.Add("/metrics/detail", pages.Detail);
    }

    private static void SayReady(
        BrokerOptions options, ILogger log, IBroker broker, GrpcServer grpc, HttpServer http, GrpcPeerTransport? peers, string advertised)
    {
        foreach (var endPoint in grpc.BoundEndPoints.Concat(http.BoundEndPoints).Where(e => !IPAddress.IsLoopback(e.Address)))
            Log.Insecure(log, endPoint.ToString());
        Log.Serving(log, string.Join(", ", grpc.BoundEndPoints), advertised, string.Join(", ", http.BoundEndPoints));
        string peer = peers is null ? "" : $"peer={peers.BoundEndPoints[0]} ";
        Console.Out.WriteLine($"LogBroker ready: grpc={grpc.BoundEndPoints[0]} http={http.BoundEndPoints[0]} {peer}"
            + $"data={options.DataDirectory} node={broker.NodeId} version={ServerVersion.Text}");
        Console.Out.Flush();
    }

    private static HostPort HostPortOf(IPEndPoint endPoint) => new(endPoint.Address.ToString(), endPoint.Port);

    private static async Task WaitAsync(CancellationToken asked)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (asked.Register(stop.SetResult))
            await stop.Task;
    }

    private static int Refuse(BrokerError error, CancellationToken stopAsked)
    {
        if (stopAsked.IsCancellationRequested)
            return ServerExit.Ok;
        return Refuse(error.Code is ErrorCode.Internal ? ServerExit.Failed : ServerExit.Configuration, error.Message);
    }

    private static int Refuse(int code, string line)
    {
        Console.Error.WriteLine("logbrokerd: " + line.ReplaceLineEndings(" "));
        return code;
    }

    private sealed class StartProgress(NodeHealth health) : IProgress<RecoveryProgress>
    {
        private static readonly TimeSpan Extension = TimeSpan.FromSeconds(60);

        public void Report(RecoveryProgress value)
        {
            int percent = value.Partitions == 0 ? 0 : (int)(100L * value.PartitionsOpened / value.Partitions);
            health.RecoveredPercent = percent;
            SystemdNotify.ExtendTimeout(Extension, $"recovering, {percent} % of the log");
        }
    }
}
