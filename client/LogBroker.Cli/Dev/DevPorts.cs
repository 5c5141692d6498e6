using System.Net;
using System.Net.Sockets;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// Ports of a local cluster on the loopback: ten numbers for each node, of which gRPC, peers and HTTP take the first three. Not from the
/// range that outgoing connections get: a node that dials the port of a dead one could else be given that very port, and reach itself.
/// </summary>
internal static class DevPorts
{
    private const int First = 17_070;
    private const int Last = 29_900;
    private const int PerNode = 10;
    private const int Step = 100;

    /// <summary>Takes ports that are free now; the search begins at a place that depends on the directory.</summary>
    /// <exception cref="CliException">A port of <paramref name="basePort"/> is taken, or none are free.</exception>
    public static IReadOnlyList<DevNode> Choose(int nodes, int? basePort, string directory)
    {
        if (basePort is { } chosen)
        {
            IReadOnlyList<DevNode> asked = From(chosen, nodes);
            return asked.SelectMany(Ports).Where(p => !IsFree(p)).Cast<int?>().FirstOrDefault() is { } taken
                ? throw new CliException(ExitCode.Conflict, $"port {taken} is taken", "choose others with --base-port")
                : asked;
        }

        int places = (Last - First) / Step;
        int begin = (int)(HashOf(directory) % (uint)places);
        for (int i = 0; i < places; i++)
        {
            IReadOnlyList<DevNode> block = From(First + (Step * ((begin + i) % places)), nodes);
            if (block.SelectMany(Ports).All(IsFree))
            {
                return block;
            }
        }

        throw new CliException(ExitCode.Conflict, $"no free ports between {First} and {Last}", "choose some with --base-port");
    }

    private static IReadOnlyList<DevNode> From(int basePort, int nodes) =>
        [.. Enumerable.Range(0, nodes).Select(i =>
            new DevNode(i + 1, basePort + (PerNode * i), basePort + (PerNode * i) + 1, basePort + (PerNode * i) + 2, null))];

    private static IEnumerable<int> Ports(DevNode node) => [node.GrpcPort, node.PeerPort, node.HttpPort];

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A number that is the same in every run.</summary>
    private static uint HashOf(string text) => text.Aggregate(2_166_136_261u, (hash, c) => (hash ^ c) * 16_777_619u);
}
