using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LogBroker.Server;

/// <summary>HOST:PORT as a person writes it; an IPv6 address stands in brackets. Immutable.</summary>
/// <param name="Host">A name or an address, without brackets.</param>
/// <param name="Port">0 to 65535; 0 lets the system choose.</param>
internal readonly record struct HostPort(string Host, int Port)
{
    /// <summary>True for an address that means "every interface".</summary>
    public bool IsWildcard => Host is "*" or "+" || (IPAddress.TryParse(Host, out var address)
        && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));

    /// <summary>Reads it; false when a part is missing or the port is no port.</summary>
    public static bool TryParse(string text, out HostPort value)
    {
        value = default;
        int colon = text.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            || port > 65535)
            return false;
        string host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']') && IPAddress.TryParse(host[1..^1], out var v6)
            && v6.AddressFamily == AddressFamily.InterNetworkV6)
        {
            value = new HostPort(host[1..^1], port);
            return true;
        }

        bool isName = host is "*" or "+" || Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
        if (!isName)
            return false;
        value = new HostPort(host, port);
        return true;
    }

    /// <summary>The addresses to listen on; names are asked of the system's resolver. Empty when the name is unknown.</summary>
    public IReadOnlyList<IPEndPoint> Resolve()
    {
        int port = Port;
        if (Host is "*" or "+")
            return [new IPEndPoint(IPAddress.IPv6Any, port)];
        if (IPAddress.TryParse(Host, out var literal))
            return [new IPEndPoint(literal, port)];
        if (Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return [new IPEndPoint(IPAddress.Loopback, port)];
        try
        {
            return [.. Dns.GetHostAddresses(Host).Select(address => new IPEndPoint(address, port))];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        (Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host) + ":" + Port.ToString(CultureInfo.InvariantCulture);
}
