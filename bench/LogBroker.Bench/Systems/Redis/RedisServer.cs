using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Redis;

/// <summary>The redis-server process on its directory: started, restarted, stopped.</summary>
internal sealed partial class RedisServer(string program, string dataDirectory, DurabilityClass durability, IProcessStarter processes)
    : IAsyncDisposable
{
    // A start with much data loads all of it before it serves.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(2);
    private IRunningProcess? _process;

    public int Port { get; private set; }

    public string Version { get; private set; } = "";

    public IReadOnlyList<int> ProcessIds => _process is { HasExited: false } ? [_process.Id] : [];

    public string Configuration => $"appendonly yes, appendfsync {AppendFsync(durability)}, no snapshots, no rewriting of the file";

    /// <summary>Starts it, and returns the time from process start until it served.</summary>
    /// <exception cref="BenchException">It did not come up.</exception>
    public async Task<TimeSpan> StartAsync(CancellationToken cancellationToken)
    {
        FinishedProcess version = await processes.RunAsync(program, ["--version"], null, cancellationToken);
        Version = ParseVersion(version.StandardOutput);
        Port = FreePort();
        string configFile = Path.Combine(dataDirectory, "redis.conf");
        await File.WriteAllTextAsync(configFile, ConfigurationFile(dataDirectory, Port, durability), cancellationToken);
        long start = Stopwatch.GetTimestamp();
        _process = processes.Start(program, [configFile]);
        while (!await IsServingAsync(cancellationToken))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > StartTimeout)
            {
                throw new BenchException("redis-server did not start: " + _process.OutputTail);
            }

            await Task.Delay(StartPoll, cancellationToken);
        }

        return Stopwatch.GetElapsedTime(start);
    }

    public async Task EndAsync(bool isKilled)
    {
        if (_process is null)
        {
            return;
        }

        await (isKilled ? _process.KillAsync() : _process.StopAsync());
        await _process.DisposeAsync();
        _process = null;
    }

    public async ValueTask DisposeAsync() => await EndAsync(isKilled: false);

    /// <summary>
    /// Its configuration file. The append-only file is not rewritten: with streams that only grow there is nothing to win by it.
    /// </summary>
    internal static string ConfigurationFile(string directory, int port, DurabilityClass durability)
    {
        string quoted = directory.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            bind 127.0.0.1
            port {port}
            dir "{quoted}"
            save ""
            appendonly yes
            appendfsync {AppendFsync(durability)}
            auto-aof-rewrite-percentage 0

            """);
    }

    /// <summary>Of the answer to <c>--version</c>, such as 7.0.15.</summary>
    internal static string ParseVersion(string output) =>
        VersionField().Match(output) is { Success: true } match ? match.Groups[1].Value : "";

    private static string AppendFsync(DurabilityClass durability) => durability == DurabilityClass.B ? "always" : "everysec";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> IsServingAsync(CancellationToken cancellationToken)
    {
        try
        {
            using RedisConnection connection = await RedisConnection.OpenAsync(Port, cancellationToken);
            return await connection.PingAsync(cancellationToken);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\bv=(\S+)")]
    private static partial Regex VersionField();
}
