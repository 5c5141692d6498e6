using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>The log lines of links between nodes; event ids 1050 to 1069 never change their meaning.</summary>
internal static partial class PeerLog
{
    private const int TextCharsMax = 400;

    /// <summary>A text that the other end may have written, fit for a line: printable ASCII, bounded.</summary>
    public static string Plain(string text)
    {
        bool isCut = text.Length > TextCharsMax;
        return string.Create(isCut ? TextCharsMax : text.Length, text, static (plain, given) =>
        {
            for (int i = 0; i < plain.Length; i++)
                plain[i] = given[i] is >= ' ' and <= '~' ? given[i] : '?';
        }) + (isCut ? "…" : "");
    }

    [LoggerMessage(1050, LogLevel.Information, "Accepting peers on {Address}; dialing {Peers}")]
    public static partial void Started(ILogger logger, string address, string peers);

    [LoggerMessage(1051, LogLevel.Information, "Link to node {Node} at {Address} is up")]
    public static partial void Dialed(ILogger logger, int node, string address);

    [LoggerMessage(1052, LogLevel.Information, "Link from node {Node} at {Remote} is up")]
    public static partial void Accepted(ILogger logger, int node, string remote);

    [LoggerMessage(1053, LogLevel.Information, "Link {Direction} node {Node} is down: {Why}")]
    public static partial void Down(ILogger logger, string direction, int node, string why);

    [LoggerMessage(1054, LogLevel.Warning,
        "Link {Direction} node {Node} is down and its process is gone, {Address} refuses connections: {Why}")]
    public static partial void Gone(ILogger logger, string direction, int node, string address, string why);

    [LoggerMessage(1055, LogLevel.Information,
        "Node {Node} at {Address} cannot be reached: {Why} ({Suppressed} more attempts since the last such line)")]
    public static partial void Unreachable(ILogger logger, int node, string address, string why, long suppressed);

    [LoggerMessage(1056, LogLevel.Warning,
        "Node {Node} at {Address}: no link, {Why} ({Suppressed} more attempts since the last such line)")]
    public static partial void DialRefused(ILogger logger, int node, string address, string why, long suppressed);

    [LoggerMessage(1057, LogLevel.Warning, "Refused a peer at {Remote}: {Why} ({Suppressed} more since the last such line)")]
    public static partial void Refused(ILogger logger, string remote, string why, long suppressed);

    [LoggerMessage(1058, LogLevel.Warning,
        "Node {Node} at {Address} sent nonsense and was cut off: {What} ({Suppressed} more times since the last such line)")]
    public static partial void Nonsense(ILogger logger, int node, string address, string what, long suppressed);

    [LoggerMessage(1059, LogLevel.Warning,
        "Items of partition {Partition} could not be read to send them to a replica ({Suppressed} more since the last such line)")]
    public static partial void Unreadable(ILogger logger, string partition, long suppressed, Exception exception);

    [LoggerMessage(1060, LogLevel.Error, "Dialing node {Node} failed in a way nobody foresaw; going on")]
    public static partial void DialFailed(ILogger logger, int node, Exception exception);

    [LoggerMessage(1061, LogLevel.Warning, "Node {Node} joined cluster {Theirs}, this one belongs to {Ours}: its links are cut")]
    public static partial void OtherCluster(ILogger logger, int node, string theirs, string ours);
}
