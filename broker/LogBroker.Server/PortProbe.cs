using System.Net;
using System.Net.Sockets;

namespace LogBroker.Server;

/// <summary>Looks whether addresses can be bound, before anything is created on the disk.</summary>
internal static class PortProbe
{
    /// <summary>Null when all can be bound, else why not, naming key and remedy.</summary>
    public static ConfigFault? Check(BrokerOptions options) =>
        Check(options, ConfigTable.ListenGrpc, options.GrpcEndPoints)
        ?? Check(options, ConfigTable.ListenHttp, options.HttpEndPoints)
        ?? (options.Cluster is { } cluster ? Check(options, cluster.EndPointsKey, cluster.EndPoints) : null);

    /// <summary>What to say when binding failed.</summary>
    public static ConfigFault Fault(BrokerOptions options, ConfigKey key, Exception e)
    {
        var cause = (e as SocketException) ?? (e.InnerException as SocketException) ?? e.InnerException?.InnerException as SocketException;
        string problem = cause?.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => "is in use by another process",
            SocketError.AddressNotAvailable => "is no address of this machine",
            SocketError.AccessDenied => "may not be bound by this user",
            _ => $"cannot be bound: {(cause ?? e).Message}",
        };
        if (key == ConfigTable.ClusterPeers)
            problem = "gives this node a peer address that " + problem;
        return new ConfigFault(options.Config[key].Place, key.Name, options.Config.Text(key), problem,
            $"stop the other process or choose another address with {key.ShortFlag}");
    }

    private static ConfigFault? Check(BrokerOptions options, ConfigKey key, IReadOnlyList<IPEndPoint> endPoints)
    {
        foreach (var endPoint in endPoints.Where(endPoint => endPoint.Port != 0))
        {
            try
            {
                using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                if (endPoint.Address.Equals(IPAddress.IPv6Any))
                    socket.DualMode = true;
                socket.Bind(endPoint);
                socket.Listen();
            }
            catch (SocketException e)
            {
                return Fault(options, key, e);
            }
        }

        return null;
    }
}
