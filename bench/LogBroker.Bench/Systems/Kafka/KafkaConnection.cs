using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>Sends a single request to a broker on loopback and returns its answer, on a connection of its own.</summary>
internal static class KafkaConnection
{
    private const int ResponseBytesMax = 64 << 20;

    /// <summary>The answer from its correlation id on.</summary>
    /// <exception cref="SocketException">Nothing listens.</exception>
    /// <exception cref="IOException">The broker closed the connection without an answer.</exception>
    public static async Task<byte[]> AskAsync(int port, byte[] request, CancellationToken cancellationToken)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(request, cancellationToken);
        byte[] length = new byte[sizeof(int)];
        await stream.ReadExactlyAsync(length, cancellationToken);
        int bytes = BinaryPrimitives.ReadInt32BigEndian(length);
        if (bytes is < sizeof(int) or > ResponseBytesMax)
        {
            throw new IOException($"A response of {bytes} bytes is not one of Kafka's");
        }

        byte[] response = new byte[bytes];
        await stream.ReadExactlyAsync(response, cancellationToken);
        return response;
    }
}
