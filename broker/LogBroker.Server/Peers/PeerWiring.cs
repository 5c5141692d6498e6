using LogBroker.Cluster;
using LogBroker.Protocol;
using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>What the configuration of a cluster means for the broker and for the transport to its peers. Used while wiring.</summary>
internal static class PeerWiring
{
    /// <summary>How the broker takes part in the cluster, or null for a node alone.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="clientAddress">What clients are told; "" while the port is not bound.</param>
    public static ClusterSettings? ClusterOf(BrokerOptions options, Func<string> clientAddress) => options.Cluster is not { } cluster
        ? null
        : new ClusterSettings
        {
            Nodes = cluster.Nodes,
            ClientAddress = clientAddress,
            Rack = options.Config.Text(ConfigTable.NodeRack),
            Version = ServerVersion.Text,
        };

    /// <summary>The transport, its port bound, or null for a node alone; or why the port cannot be bound.</summary>
    public static async Task<(GrpcPeerTransport? Transport, ConfigFault? Fault)> ListenAsync(
        BrokerOptions options, ClusterSettings? settings, ILoggerFactory loggers, ILogger log)
    {
        if (options.Cluster is not { } cluster || settings is null)
            return (null, null);
        foreach (string warning in cluster.Warnings)
            Log.Unwise(log, warning);
        var transport = new GrpcPeerTransport(
            new PeerTransportSettings
            {
                Self = new NodeId((int)options.Config.Number(ConfigTable.NodeId)),
                Nodes = cluster.Nodes,
                EndPoints = cluster.EndPoints,
                Secret = cluster.Secret,
                ItemsBytesMax = settings.PeerBytesMax,
            },
            loggers);
        try
        {
            await transport.ListenAsync();
            return (transport, null);
        }
        catch (IOException e)
        {
            await transport.DisposeAsync();
            return (null, PortProbe.Fault(options, cluster.EndPointsKey, e));
        }
    }
}
