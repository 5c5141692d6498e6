using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Features;

namespace LogBroker.Rpc.Server;

/// <summary>Names a peer as gRPC does (source: grpc/doc/naming.md).</summary>
internal static class PeerAddress
{
    public static string Of(IHttpConnectionFeature? connection)
    {
        var address = connection?.RemoteIpAddress;
        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        return address?.AddressFamily switch
        {
            AddressFamily.InterNetwork => $"ipv4:{address}:{connection!.RemotePort}",
            AddressFamily.InterNetworkV6 => $"ipv6:[{address}]:{connection!.RemotePort}",
            _ => "unknown",
        };
    }
}
