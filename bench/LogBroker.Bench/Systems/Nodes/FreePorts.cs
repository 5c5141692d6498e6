using System.Net;
using System.Net.Sockets;

namespace LogBroker.Bench.Systems.Nodes;

/// <summary>
/// Ports of loopback for nodes that must know each other's before they start, and keep theirs while they are away. They lie below those
/// that the kernel gives to outgoing connections: a client that calls a dead node again and again would in the end be given the node's
/// own port, and reach itself.
/// </summary>
internal static class FreePorts
{
    private const int First = 15_000;
    private const int End = 32_000;
    private const int TriesMax = 1_000;

    /// <summary>So many free ones, all different. Another program may take one before it is used.</summary>
    /// <exception cref="BenchException">There are not so many.</exception>
    public static int[] Take(int count)
    {
        var ports = new HashSet<int>();
        for (int tries = 0; ports.Count < count; tries++)
        {
            int port = Random.Shared.Next(First, End);
            if (IsFree(port))
            {
                ports.Add(port);
            }
            else if (tries > TriesMax)
            {
                throw new BenchException($"no {count} ports from {First} to {End} of loopback are free");
            }
        }

        return [.. ports];
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
