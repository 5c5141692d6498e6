using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>What a server must know of its cluster.</summary>
/// <param name="Index">Its own place, from 0.</param>
/// <param name="Ports">Of clients, by index.</param>
/// <param name="RoutePorts">Of the other servers, by index.</param>
internal sealed record NatsMember(int Index, IReadOnlyList<int> Ports, IReadOnlyList<int> RoutePorts)
{
    /// <summary>What servers are called in answers of the API.</summary>
    public static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"n{index + 1}");
}

/// <summary>
/// A nats-server process on its directory: started, restarted, stopped. Without a member it is alone, on a port of its own choice.
/// </summary>
internal sealed partial class NatsServer(
    string program, string dataDirectory, DurabilityClass durability, NatsMember? member, IProcessStarter processes)
    : IAsyncDisposable
{
    // A start with much data reads through it before the port is opened.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ExitPoll = TimeSpan.FromMilliseconds(50);
    private IRunningProcess? _process;

    public int Port { get; private set; }

    public string Version { get; private set; } = "";

    public IReadOnlyList<int> ProcessIds => _process is { HasExited: false } ? [_process.Id] : [];

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>
    /// Starts it, and returns the time from process start until JetStream's API answered; of a cluster, until it took connections: others
    /// may have to be there first.
    /// </summary>
    /// <exception cref="BenchException">It did not come up.</exception>
    public async Task<TimeSpan> StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(dataDirectory);
        string configFile = Path.Combine(dataDirectory, "nats.conf");
        await File.WriteAllTextAsync(configFile, ConfigurationFile(dataDirectory, durability, member), cancellationToken);
        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        long start = Stopwatch.GetTimestamp();
        _process = processes.Start(program, ["-c", configFile], onLine: line =>
        {
            if (ListeningPort(line) is { } port)
            {
                listening.TrySetResult(port);
            }
        });
        Port = await WaitAsync(listening.Task, _process, cancellationToken);
        using NatsConnection connection = await NatsConnection.OpenAsync(Port, cancellationToken);
        if (member is null)
        {
            await connection.RequestAsync("$JS.API.INFO", "", cancellationToken);
        }

        Version = connection.ServerVersion;
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

    /// <summary>Its configuration file: a free port, and nothing that differs from the defaults but the syncs of class B.</summary>
    internal static string ConfigurationFile(string directory, DurabilityClass durability, NatsMember? member)
    {
        string store = directory.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        string sync = durability == DurabilityClass.B ? "\n  sync_interval: always" : "";
        string port = member is null ? "-1" : member.Ports[member.Index].ToString(CultureInfo.InvariantCulture);
        return $$"""
            listen: "127.0.0.1:{{port}}"
            jetstream {
              store_dir: "{{store}}"{{sync}}
            }
            {{(member is null ? "" : ClusterPart(member))}}
            """;
    }

    private static string ClusterPart(NatsMember member)
    {
        string routes = string.Join(", ", member.RoutePorts.Select(p => $"\"nats://127.0.0.1:{p}\""));
        return $$"""
            server_name: "{{NatsMember.Name(member.Index)}}"
            cluster {
              name: "bench"
              listen: "127.0.0.1:{{member.RoutePorts[member.Index]}}"
              routes: [{{routes}}]
            }

            """;
    }

    /// <summary>The port in the line that the server logs when it listens; null in every other line.</summary>
    internal static int? ListeningPort(string line) =>
        Listening().Match(line) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    private static async Task<int> WaitAsync(Task<int> listening, IRunningProcess process, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (!listening.IsCompleted)
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(start) > StartTimeout)
            {
                throw new BenchException("nats-server did not start: " + process.OutputTail);
            }

            await Task.WhenAny(listening, Task.Delay(ExitPoll, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }

        return await listening;
    }

    [GeneratedRegex(@"Listening for client connections on 127\.0\.0\.1:(\d+)")]
    private static partial Regex Listening();
}
