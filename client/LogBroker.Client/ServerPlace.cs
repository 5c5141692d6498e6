using System.Collections.Concurrent;
using System.Globalization;

namespace LogBroker.Client;

/// <summary>A broker's address in the two attributes that telemetry has for it, taken apart once each. Safe for all threads.</summary>
/// <param name="Address">The host, an IPv6 address without its brackets.</param>
/// <param name="Port">The port, boxed once; null when the text has none.</param>
internal sealed record ServerPlace(string Address, object? Port)
{
    private const int KnownMax = 1024;

    private static readonly ConcurrentDictionary<string, ServerPlace> Known = new(StringComparer.Ordinal);

    /// <summary>The parts of <c>host:port</c>; what cannot be taken apart is all address.</summary>
    public static ServerPlace Of(string server)
    {
        if (Known.TryGetValue(server, out ServerPlace? place))
        {
            return place;
        }

        place = Parse(server);
        if (Known.Count < KnownMax)
        {
            Known.TryAdd(server, place);
        }

        return place;
    }

    private static ServerPlace Parse(string server)
    {
        int colon = server.LastIndexOf(':');
        return colon > 0 && int.TryParse(server.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            ? new ServerPlace(server[..colon].Trim('[', ']'), port)
            : new ServerPlace(server, null);
    }
}
