using System.Net;
using System.Net.Sockets;
using LogBroker.Client;

namespace LogBroker.Testing;

/// <summary>
/// The real broker in this process, one node or three, on free ports of the loopback: the code of <c>logbrokerd</c> without its process.
/// What it keeps goes with <see cref="DisposeAsync"/>. Thread-safe, but for faults of one node, which are asked for one at a time.
/// </summary>
/// <example><code>
/// await using var broker = await LogBrokerTestServer.StartAsync();
/// await using var client = broker.CreateClient();
/// await client.Topics.EnsureAsync("orders", t => t.Partitions = 1);
/// </code></example>
public sealed class LogBrokerTestServer : IAsyncDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(2);

    private readonly LogBrokerTestServerOptions _options;
    private readonly string? _directory;

    private LogBrokerTestServer(LogBrokerTestServerOptions options)
    {
        _options = options;
        _directory = options.InMemory ? null : Directory.CreateTempSubdirectory("logbroker-test-").FullName;
        IReadOnlyList<int> peerPorts = options.Nodes == 1 ? [] : FreePorts(options.Nodes);
        string peers = string.Join(',', peerPorts.Select((port, i) => $"{i + 1}@127.0.0.1:{port}"));
        Nodes = [.. Enumerable.Range(1, options.Nodes).Select(id => new LogBrokerTestNode(id, options, _directory, peers))];
    }

    /// <summary>The nodes, in order of id; the first has id 1.</summary>
    public IReadOnlyList<LogBrokerTestNode> Nodes { get; }

    /// <summary>What clients connect to: HOST:PORT of each node, separated by commas.</summary>
    public string Servers => string.Join(',', Nodes.Select(n => n.Server));

    /// <summary>The temporary directory, or null in memory.</summary>
    public string? DirectoryPath => _directory;

    /// <summary>Starts one node in memory, which serves when this returns.</summary>
    /// <param name="timeProvider">See <see cref="LogBrokerTestServerOptions.TimeProvider"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Task<LogBrokerTestServer> StartAsync(TimeProvider? timeProvider = null, CancellationToken cancellationToken = default) =>
        StartAsync(new LogBrokerTestServerOptions { TimeProvider = timeProvider ?? TimeProvider.System }, cancellationToken);

    /// <summary>Starts nodes; they serve, and three have found each other, when this returns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Neither one node nor three were asked for.</exception>
    /// <exception cref="LogBrokerException">A node cannot start: a bad configuration, say.</exception>
    /// <exception cref="TimeoutException">They did not serve within <see cref="LogBrokerTestServerOptions.StartTimeout"/>.</exception>
    public static async Task<LogBrokerTestServer> StartAsync(
        LogBrokerTestServerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Nodes is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Nodes, "Nodes must be 1 or 3");
        }

        var server = new LogBrokerTestServer(options);
        try
        {
            await Task.WhenAll(server.Nodes.Select(n => n.StartAsync(cancellationToken))).ConfigureAwait(false);
            await server.UntilReadyAsync(cancellationToken).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A client of all nodes; dispose it before the server.</summary>
    public LogBrokerClient CreateClient() => new(Servers);

    /// <summary>Waits until every node that runs takes part in the cluster and every partition has a leader.</summary>
    /// <exception cref="TimeoutException">That was not so within <see cref="LogBrokerTestServerOptions.StartTimeout"/>.</exception>
    public async Task UntilReadyAsync(CancellationToken cancellationToken = default)
    {
        using var timeout = new CancellationTokenSource(_options.StartTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var timer = new PeriodicTimer(LookInterval);
        try
        {
            while (Nodes.Any(n => n.IsRunning && !n.IsReady))
            {
                await timer.WaitForNextTickAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"the test server was not ready within {_options.StartTimeout.TotalSeconds} s: "
                + string.Join("; ", Nodes.Select(n => $"node {n.Id} {n.Condition}")));
        }
    }

    /// <summary>Ends all nodes, without waiting for what is in flight, and removes what they kept.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Nodes.Select(n => n.CloseAsync())).ConfigureAwait(false);
        if (_directory is not null && Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private static IReadOnlyList<int> FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        try
        {
            Array.ForEach(listeners, l => l.Start());
            return [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        }
        finally
        {
            Array.ForEach(listeners, l => l.Dispose());
        }
    }
}
