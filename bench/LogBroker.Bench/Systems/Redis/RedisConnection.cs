using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LogBroker.Bench.Systems.Redis;

/// <summary>As much of the Redis protocol as it takes for commands with a one-line answer. Not thread-safe.</summary>
internal sealed class RedisConnection : IDisposable
{
    private readonly TcpClient _tcp = new() { NoDelay = true };
    private StreamReader? _reader;

    /// <exception cref="SocketException">Nobody listens yet.</exception>
    public static async Task<RedisConnection> OpenAsync(int port, CancellationToken cancellationToken)
    {
        var connection = new RedisConnection();
        try
        {
            await connection._tcp.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            connection._reader = new StreamReader(connection._tcp.GetStream(), Encoding.ASCII);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Whether it serves; false while it loads its data.</summary>
    /// <exception cref="BenchException">It answers with another error.</exception>
    public async Task<bool> PingAsync(CancellationToken cancellationToken)
    {
        string answer = await AskAsync("PING", cancellationToken);
        return answer == "+PONG" || (answer.StartsWith("-LOADING", StringComparison.Ordinal) ? false : throw Refused("PING", answer));
    }

    /// <summary>Entries of a stream; 0 when it does not exist.</summary>
    /// <exception cref="BenchException">It answers with an error.</exception>
    public async Task<long> StreamLengthAsync(string key, CancellationToken cancellationToken)
    {
        string command = "XLEN " + key;
        string answer = await AskAsync(command, cancellationToken);
        return answer.StartsWith(':') ? long.Parse(answer.AsSpan(1), CultureInfo.InvariantCulture) : throw Refused(command, answer);
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _tcp.Dispose();
    }

    private static BenchException Refused(string command, string answer) => new($"redis-server answers {command} with {answer}");

    private async Task<string> AskAsync(string command, CancellationToken cancellationToken)
    {
        await _tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), cancellationToken);
        return await _reader!.ReadLineAsync(cancellationToken) ?? throw new BenchException("redis-server closed the connection");
    }
}
