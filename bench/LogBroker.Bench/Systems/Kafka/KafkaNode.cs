using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>One Kafka node on a directory: its process, which can be ended and started again on the same data.</summary>
/// <param name="home">The distribution.</param>
/// <param name="directory">Its own; made when it does not exist.</param>
/// <param name="port">Of its clients.</param>
/// <param name="heapMegabytes">Of its JVM.</param>
/// <param name="processes">Starts it.</param>
internal sealed class KafkaNode(string home, string directory, int port, int heapMegabytes, IProcessStarter processes) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly Dictionary<string, string> _environment = new()
    {
        ["KAFKA_HEAP_OPTS"] = string.Create(CultureInfo.InvariantCulture, $"-Xms{heapMegabytes}m -Xmx{heapMegabytes}m"),
        ["LOG_DIR"] = Path.Combine(directory, "server-logs"),
    };

    private IRunningProcess? _process;

    public int Port => port;

    public string Address => $"127.0.0.1:{port}";

    public bool IsRunning => _process is { HasExited: false };

    public int ProcessId => _process?.Id ?? throw new BenchException("Kafka is not running");

    /// <summary>Where its data is.</summary>
    public string LogDirectory => Path.Combine(directory, "logs");

    private string PropertyFile => Path.Combine(directory, "server.properties");

    /// <summary>Writes its properties and prepares its directory.</summary>
    public async Task FormatAsync(string properties, string clusterId, bool isAlone, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(PropertyFile, properties, cancellationToken);
        await processes.RunAsync(
            Path.Combine(home, "bin", "kafka-storage.sh"),
            ["format", .. isAlone ? (string[])["--standalone"] : [], "-t", clusterId, "-c", PropertyFile],
            new Dictionary<string, string>(_environment) { ["KAFKA_HEAP_OPTS"] = "-Xmx256m" },
            cancellationToken);
    }

    /// <summary>Starts it, and returns the time until it answered as <paramref name="isReady"/> asks for.</summary>
    /// <exception cref="BenchException">It did not.</exception>
    public async Task<TimeSpan> StartAsync(Func<KafkaMetadata, Task<bool>> isReady, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        IRunningProcess process = processes.Start(Path.Combine(home, "bin", "kafka-server-start.sh"), [PropertyFile], _environment);
        _process = process;
        while (!await IsReadyAsync(isReady, cancellationToken))
        {
            if (process.HasExited || clock.Elapsed > StartLimit)
            {
                throw new BenchException($"Kafka did not start: {process.OutputTail}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        return clock.Elapsed;
    }

    /// <exception cref="BenchException">It does not end.</exception>
    public async Task EndAsync(bool isKilled, CancellationToken cancellationToken)
    {
        IRunningProcess process = _process ?? throw new BenchException("Kafka is not running");
        string processId = process.Id.ToString(CultureInfo.InvariantCulture);
        // Not StopAsync: that ends with SIGKILL after ten seconds, and an orderly stop with much data unflushed may take longer.
        await processes.RunAsync("kill", [isKilled ? "-KILL" : "-TERM", processId], cancellationToken: cancellationToken);
        var clock = Stopwatch.StartNew();
        while (!process.HasExited)
        {
            if (clock.Elapsed > StopLimit)
            {
                throw new BenchException($"Kafka did not stop within {StopLimit.TotalSeconds:0} s: {process.OutputTail}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        _process = null;
        await process.DisposeAsync();
    }

    /// <summary>All topics as this node knows them.</summary>
    /// <exception cref="SocketException">Nothing listens.</exception>
    /// <exception cref="IOException">It closed the connection.</exception>
    public async Task<KafkaMetadata> MetadataAsync(CancellationToken cancellationToken) =>
        KafkaMessages.ReadMetadata(await KafkaConnection.AskAsync(port, KafkaMessages.Metadata(), cancellationToken));

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.StopAsync();
            await process.DisposeAsync();
        }
    }

    private async Task<bool> IsReadyAsync(Func<KafkaMetadata, Task<bool>> isReady, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AskLimit);
        try
        {
            return await isReady(await MetadataAsync(limit.Token));
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
