using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Parses the list of servers to ask first.</summary>
internal static class ServerList
{
    /// <summary>Splits <c>host:port,host:port</c>; IPv6 addresses stand in brackets.</summary>
    /// <exception cref="FormatException">The list is empty or an entry is no <c>host:port</c>.</exception>
    public static IReadOnlyList<string> Parse(string servers)
    {
        ArgumentNullException.ThrowIfNull(servers);
        var found = new List<string>();
        foreach (string part in servers.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string address = ParseOne(part);
            if (!found.Contains(address, StringComparer.OrdinalIgnoreCase))
            {
                found.Add(address);
            }
        }

        return found.Count > 0
            ? found
            : throw new FormatException("the list of servers is empty; expected HOST:PORT, for example localhost:7070");
    }

    /// <summary>One <c>host:port</c> in its usual form, or null when it is none.</summary>
    public static string? TryParseOne(string text)
    {
        try
        {
            return text.Length == 0 ? null : ParseOne(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string ParseOne(string text)
    {
        string rest = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? text[7..].TrimEnd('/') : text;
        int colon = rest.LastIndexOf(':');
        bool hasPort = colon >= 0 && !rest.EndsWith(']') && rest.IndexOf(':') == colon || colon > 0 && rest[colon - 1] == ']';
        string host = hasPort ? rest[..colon] : rest;
        int port = LogBrokerClientOptions.PortDefault;
        bool portIsGood = !hasPort || (int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is >= 1 and <= 65_535);
        if (!portIsGood || Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            throw new FormatException($"server {ShownValue.Of(text)} is not HOST:PORT");
        }

        return Uri.CheckHostName(host) == UriHostNameType.IPv6 && !host.StartsWith('[') ? $"[{host}]:{port}" : $"{host}:{port}";
    }
}
