using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>
/// As much of the NATS protocol as it takes to ask JetStream's API: one request at a time on one connection. Not thread-safe.
/// </summary>
internal sealed class NatsConnection : IDisposable
{
    private const int BufferBytes = 64 * 1024;
    public const string Inbox = "_INBOX.bench";
    private const string Hello = "CONNECT {\"verbose\":false,\"lang\":\"csharp\",\"version\":\"1\",\"headers\":false}\r\n";
    private readonly Socket _socket;
    private readonly BufferedStream _stream;

    private NatsConnection(Socket socket)
    {
        _socket = socket;
        _stream = new BufferedStream(new NetworkStream(socket, ownsSocket: true), BufferBytes);
    }

    /// <summary>As the server says it.</summary>
    public string ServerVersion { get; private set; } = "";

    /// <exception cref="BenchException">Nobody listens, or it is not NATS.</exception>
    public static async Task<NatsConnection> OpenAsync(int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new BenchException($"nats-server does not accept connections: {e.Message}", e);
        }

        var connection = new NatsConnection(socket);
        try
        {
            string line = await connection.ReadLineAsync(cancellationToken);
            if (!line.StartsWith("INFO ", StringComparison.Ordinal))
            {
                throw new BenchException("not a NATS server: " + line);
            }

            using var info = JsonDocument.Parse(line[5..]);
            connection.ServerVersion = info.RootElement.GetProperty("version").GetString() ?? "";
            await connection.WriteAsync($"{Hello}SUB {Inbox} 1\r\n", cancellationToken);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Asks and returns the answer.</summary>
    /// <exception cref="BenchException">JetStream answers with an error, or the connection broke.</exception>
    public async Task<JsonElement> RequestAsync(string subject, string json, CancellationToken cancellationToken)
    {
        int bytes = Encoding.UTF8.GetByteCount(json);
        await WriteAsync(string.Create(CultureInfo.InvariantCulture, $"PUB {subject} {Inbox} {bytes}\r\n{json}\r\n"), cancellationToken);
        using JsonDocument answer = JsonDocument.Parse(await ReadMessageAsync(cancellationToken));
        if (answer.RootElement.TryGetProperty("error", out JsonElement error))
        {
            throw new BenchException($"nats-server refuses {subject}: {error}");
        }

        return answer.RootElement.Clone();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    /// <summary>
    /// Asks many things at once and returns the answers that came within the limit, errors left out. The connection is of no use
    /// afterwards: answers may be on their way.
    /// </summary>
    /// <exception cref="BenchException">The connection broke.</exception>
    public async Task<IReadOnlyList<JsonElement>> AskOnceAsync(
        IReadOnlyList<string> subjects, TimeSpan limit, CancellationToken cancellationToken)
    {
        var request = new StringBuilder();
        foreach (string subject in subjects)
        {
            request.Append(CultureInfo.InvariantCulture, $"PUB {subject} {Inbox} 0\r\n\r\n");
        }

        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);
        var answers = new List<JsonElement>();
        try
        {
            await WriteAsync(request.ToString(), limited.Token);
            for (int i = 0; i < subjects.Count; i++)
            {
                using JsonDocument answer = JsonDocument.Parse(await ReadMessageAsync(limited.Token));
                if (!answer.RootElement.TryGetProperty("error", out _))
                {
                    answers.Add(answer.RootElement.Clone());
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Those who have not answered count as silent.
        }
        catch (IOException e)
        {
            throw new BenchException($"nats-server closed the connection: {e.Message}", e);
        }

        return answers;
    }

    private async Task<byte[]> ReadMessageAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            string line = await ReadLineAsync(cancellationToken);
            switch (line.Split(' ')[0])
            {
                case "MSG":
                    byte[] payload = new byte[int.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture)];
                    await _stream.ReadExactlyAsync(payload, cancellationToken);
                    await ReadLineAsync(cancellationToken);
                    return payload;
                case "PING":
                    await WriteAsync("PONG\r\n", cancellationToken);
                    break;
                case "-ERR":
                    throw new BenchException("nats-server: " + line);
                default:
                    break;
            }
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new List<byte>();
        byte[] one = new byte[1];
        while (true)
        {
            if (await _stream.ReadAsync(one, cancellationToken) == 0)
            {
                throw new BenchException("nats-server closed the connection");
            }

            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(one[0]);
        }
    }

    private async Task WriteAsync(string text, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        await _stream.FlushAsync(cancellationToken);
    }
}
