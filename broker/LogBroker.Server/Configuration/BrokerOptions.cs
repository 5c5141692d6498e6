using System.Net;
using LogBroker.Cluster;
using LogBroker.Storage;

namespace LogBroker.Server;

/// <summary>
/// What the wiring needs, in its own types, checked once: after this nothing of the configuration can be wrong by itself, only by
/// what the machine says (a port in use, a directory that cannot be written). Immutable.
/// </summary>
internal sealed record BrokerOptions
{
    /// <summary>Every value with its origin, for ListConfig.</summary>
    public required EffectiveConfig Config { get; init; }

    /// <summary>Where gRPC listens.</summary>
    public required IReadOnlyList<IPEndPoint> GrpcEndPoints { get; init; }

    /// <summary>Where HTTP listens.</summary>
    public required IReadOnlyList<IPEndPoint> HttpEndPoints { get; init; }

    /// <summary>What clients are told, or null for the bound gRPC address.</summary>
    public HostPort? Advertised { get; init; }

    /// <summary>Absolute path of the data directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Configuration of topics where they do not override it.</summary>
    public required TopicConfig TopicDefaults { get; init; }

    /// <summary>The cluster, or null for a node alone.</summary>
    public ClusterOptions? Cluster { get; init; }

    /// <summary>Where OTLP goes, or null.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Checks what concerns several keys or the machine's names; null when there is at least one fault.</summary>
    public static BrokerOptions? From(EffectiveConfig config, string? otlpEndpointFromEnvironment, out IReadOnlyList<ConfigFault> faults)
    {
        var found = new List<ConfigFault>();
        faults = found;
        var grpc = Listen(config, ConfigTable.ListenGrpc, found);
        var http = Listen(config, ConfigTable.ListenHttp, found);
        if (grpc.Any(g => g.Port != 0 && http.Contains(g)))
            found.Add(Fault(config, ConfigTable.ListenHttp, "is the address of Listen:Grpc as well", "give each a port of its own"));
        var cluster = ClusterOptions.From(config, found);
        if (cluster is not null && cluster.EndPoints.Any(p => p.Port != 0 && (grpc.Contains(p) || http.Contains(p))))
        {
            found.Add(Fault(config, cluster.EndPointsKey, "gives peers the address of Listen:Grpc or Listen:Http as well",
                "give each a port of its own"));
        }

        var advertised = Advertise(config, grpc, found);
        var topics = TopicConfigKeys.Resolve(
            new TopicConfig(), ConfigTable.All.Where(key => key.TopicKey is not null).ToDictionary(key => key.TopicKey!, config.Text));
        if (!topics.IsOk)
            found.Add(Fault(config, ConfigTable.TopicMaxBatchBytes, topics.Error.Message, "change one of them"));
        else if (config.Number(ConfigTable.MaxRequestBytes) < topics.Value.BatchBytesMax + (64L << 10))
        {
            found.Add(Fault(config, ConfigTable.MaxRequestBytes, "leaves no room for a batch of TopicDefaults:MaxBatchBytes",
                "give at least 64KiB more than that"));
        }

        string otlp = config.Text(ConfigTable.OtlpEndpoint);
        if (otlp.Length == 0)
            otlp = otlpEndpointFromEnvironment ?? "";
        if (otlp.Length > 0 && !Uri.TryCreate(otlp, UriKind.Absolute, out _))
        {
            found.Add(new ConfigFault("environment variable OTEL_EXPORTER_OTLP_ENDPOINT", "Telemetry:OtlpEndpoint", otlp,
                "is not an absolute address", "give http://HOST:PORT"));
        }

        return found.Count > 0 ? null : new BrokerOptions
        {
            Config = config,
            GrpcEndPoints = grpc,
            HttpEndPoints = http,
            Advertised = advertised,
            DataDirectory = Path.GetFullPath(config.Text(ConfigTable.DataDirectory)),
            TopicDefaults = topics.Value,
            Cluster = cluster,
            OtlpEndpoint = otlp.Length > 0 ? new Uri(otlp) : null,
        };
    }

    private static IReadOnlyList<IPEndPoint> Listen(EffectiveConfig config, ConfigKey key, List<ConfigFault> faults)
    {
        HostPort.TryParse(config.Text(key), out var at);
        var endPoints = at.Resolve();
        if (endPoints.Count == 0)
        {
            faults.Add(Fault(config, key, "names a host that this machine cannot resolve", "give an address of this machine"));
            return [];
        }

        bool isLoopback = endPoints.All(endPoint => IPAddress.IsLoopback(endPoint.Address));
        if (!isLoopback && config.Number(ConfigTable.ListenInsecure) == 0)
        {
            faults.Add(Fault(config, key, "is reachable from other machines, and there is no authentication yet",
                "listen on 127.0.0.1, or say --insecure to serve everybody who can connect"));
        }

        return endPoints;
    }

    private static HostPort? Advertise(EffectiveConfig config, IReadOnlyList<IPEndPoint> grpc, List<ConfigFault> faults)
    {
        string text = config.Text(ConfigTable.NodeAdvertisedGrpc);
        if (text.Length > 0)
        {
            HostPort.TryParse(text, out var advertised);
            if (advertised.IsWildcard)
                faults.Add(Fault(config, ConfigTable.NodeAdvertisedGrpc, "is a wildcard: clients cannot connect to it", "give HOST:PORT"));
            if (advertised.Port == 0)
                faults.Add(Fault(config, ConfigTable.NodeAdvertisedGrpc, "has port 0: clients cannot connect to it", "give HOST:PORT"));
            return advertised;
        }

        if (grpc.Any(e => e.Address.Equals(IPAddress.Any) || e.Address.Equals(IPAddress.IPv6Any)))
        {
            faults.Add(Fault(config, ConfigTable.ListenGrpc, "is a wildcard, which cannot be told to clients",
                "say with --advertise HOST:PORT what they shall connect to"));
        }

        return null;
    }

    private static ConfigFault Fault(EffectiveConfig config, ConfigKey key, string problem, string remedy) =>
        new(config[key].Place, key.Name, config.Text(key), problem, remedy);
}
