using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Nodes;
using LogBroker.Client;

namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>A logbrokerd alone, or several that form a cluster, and what they say of the load's topic.</summary>
internal sealed class LogBrokerNodes : INodes, IAsyncDisposable
{
    /// <summary>The topic of all loads.</summary>
    public const string Topic = "bench";

    private static readonly TimeSpan SettleLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly Func<int, string?, CancellationToken, Task<BrokerProcess>> _startAsync;
    private readonly BrokerProcess?[] _nodes;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly string[] _addresses;
    private LogBrokerClient? _client;

    private LogBrokerNodes(int count, Func<int, string?, CancellationToken, Task<BrokerProcess>> startAsync)
    {
        _startAsync = startAsync;
        _nodes = new BrokerProcess?[count];
        _addresses = new string[count];
    }

    public int Count => _nodes.Length;

    /// <summary>Where clients begin.</summary>
    public string Servers => string.Join(',', _addresses);

    public IReadOnlyList<int> ProcessIds => [.. _nodes.OfType<BrokerProcess>().Select(n => n.Id)];

    /// <summary>Until all of them had answered, and knew each other.</summary>
    public TimeSpan StartTime { get; private set; }

    public string Version { get; private set; } = "";

    /// <exception cref="BenchException">One did not start; the message carries the end of its output.</exception>
    public static async Task<LogBrokerNodes> StartAsync(
        string serverFile, string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        IReadOnlyList<IReadOnlyList<string>> arguments = scenario.Nodes == 1
            ? [["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]]
            : ClusterArguments(scenario.Nodes, FreePorts.Take(3 * scenario.Nodes), SecretFile(dataDirectory));
        var nodes = new LogBrokerNodes(scenario.Nodes, (node, topic, cancel) =>
        {
            string data = Path.Combine(dataDirectory, scenario.Nodes == 1 ? "data" : $"data{node + 1}");
            return BrokerProcess.StartAsync(serverFile, data, arguments[node], topic, processes, cancel);
        });
        try
        {
            long begin = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, scenario.Nodes).Select(i => nodes.StartNodeAsync(i, null, cancellationToken)));
            nodes.StartTime = nodes._nodes[0]!.StartTime;
            if (scenario.Nodes > 1)
            {
                await nodes.WaitFormedAsync(cancellationToken);
                nodes.StartTime = Stopwatch.GetElapsedTime(begin);
            }

            nodes.Version = nodes._nodes[0]!.Ready.Version;
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the only node and starts it again, until every partition answers.</summary>
    public async Task<TimeSpan> RestartAsync(bool isKilled, CancellationToken cancellationToken)
    {
        await EndAsync(0, isKilled, cancellationToken);
        return await StartNodeAsync(0, Topic, cancellationToken);
    }

    /// <summary>Of all nodes together; null when one does not tell.</summary>
    public async Task<long?> SyncsAsync(CancellationToken cancellationToken)
    {
        try
        {
            long? sum = 0;
            foreach (BrokerProcess node in _nodes.OfType<BrokerProcess>())
            {
                sum += MetricsText.Syncs(await _http.GetStringAsync(new Uri($"http://{node.Ready.Http}/metrics"), cancellationToken));
            }

            return sum;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async Task<int> LeaderOfFirstPartitionAsync(CancellationToken cancellationToken)
    {
        int leader = 0;
        await WaitAsync(
            views => views.All(v => LeaderOfFirst(v) is > 0 and var its && its == LeaderOfFirst(views[0]) && (leader = its) > 0),
            "no agreed leader of the first partition",
            cancellationToken);
        return leader - 1;

        static int LeaderOfFirst(IReadOnlyList<ClusterPartition> view) => view.FirstOrDefault(p => p.Partition == 0)?.LeaderNodeId ?? 0;
    }

    public Task WaitForLeadersWithoutAsync(int node, CancellationToken cancellationToken) => WaitAsync(
        views => views.All(v => v.Count > 0 && v.All(p => p.LeaderNodeId > 0 && p.LeaderNodeId != node + 1)),
        $"partitions without another leader than node {node + 1}",
        cancellationToken);

    public Task WaitInSyncAsync(CancellationToken cancellationToken) => WaitAsync(
        views => views.Count == Count && views[0].Count > 0 && AreInSync(views),
        "replicas that are not in sync",
        cancellationToken);

    public async Task EndAsync(int node, bool isKilled, CancellationToken cancellationToken)
    {
        BrokerProcess process = _nodes[node] ?? throw new BenchException($"node {node + 1} is not running");
        _nodes[node] = null;
        await process.EndAsync(isKilled);
        await process.DisposeAsync();
    }

    public Task<TimeSpan> StartAsync(int node, CancellationToken cancellationToken) => StartNodeAsync(node, null, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }

        await Task.WhenAll(_nodes.OfType<BrokerProcess>().Select(async node =>
        {
            await node.EndAsync(isKilled: false);
            await node.DisposeAsync();
        }));
    }

    /// <summary>The command lines of all nodes but for their data.</summary>
    internal static IReadOnlyList<IReadOnlyList<string>> ClusterArguments(int nodes, IReadOnlyList<int> ports, string secretFile)
    {
        string cluster = string.Join(',', Enumerable.Range(0, nodes).Select(i => $"{i + 1}@{Loopback(ports[(2 * nodes) + i])}"));
        return
        [
            .. Enumerable.Range(0, nodes).Select(i => (string[])
            [
                "--node-id", (i + 1).ToString(CultureInfo.InvariantCulture), "--cluster", cluster, "--peer-secret-file", secretFile,
                "--grpc", Loopback(ports[i]), "--http", Loopback(ports[nodes + i]),
            ]),
        ];

        static string Loopback(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
    }

    /// <summary>Whether the leader of each partition says so; nobody else knows.</summary>
    internal static bool AreInSync(IReadOnlyList<IReadOnlyList<ClusterPartition>> views)
    {
        HashSet<int> inSync =
        [
            .. views.SelectMany(v => v).Where(p => p.Replicas.Count > 0 && p.Replicas.All(r => r.IsInSync)).Select(p => p.Partition),
        ];
        return views[0].All(p => inSync.Contains(p.Partition));
    }

    private static string SecretFile(string directory)
    {
        string file = Path.Combine(directory, "peer-secret");
        if (!OperatingSystem.IsWindows())
        {
            // Nobody else is to read it, also not in between.
            new FileStream(file, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        }

        File.WriteAllText(file, Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));
        return file;
    }

    private async Task<TimeSpan> StartNodeAsync(int node, string? topic, CancellationToken cancellationToken)
    {
        BrokerProcess process = await _startAsync(node, topic, cancellationToken);
        _nodes[node] = process;
        _addresses[node] = process.Ready.Grpc;
        return process.StartTime;
    }

    /// <summary>Topics with replicas on all nodes can be made when all have registered.</summary>
    private Task WaitFormedAsync(CancellationToken cancellationToken) => WaitAsync(
        (client, address, cancel) => client.Cluster.ListNodesAsync(address, cancel),
        views => views.All(v => v.ControllerNodeId > 0 && v.Nodes.Count(n => n.Address.Length > 0) == Count),
        "nodes that do not know all others",
        cancellationToken);

    private Task WaitAsync(
        Func<IReadOnlyList<IReadOnlyList<ClusterPartition>>, bool> isThere, string what, CancellationToken cancellationToken) => WaitAsync(
        (client, address, cancel) => client.Cluster.ListPartitionsAsync(Topic, address, cancel), isThere, what, cancellationToken);

    /// <summary>Asks every running node until what all of them say is as it should be.</summary>
    private async Task WaitAsync<T>(
        Func<LogBrokerClient, string, CancellationToken, Task<T>> askAsync,
        Func<IReadOnlyList<T>, bool> isThere,
        string what,
        CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (await ViewsAsync(askAsync, cancellationToken) is not { Count: > 0 } views || !isThere(views))
        {
            if (clock.Elapsed > SettleLimit)
            {
                throw new BenchException($"there are {what} after {SettleLimit.TotalSeconds:0} s");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    /// <summary>What each running node says; none when one of them does not answer.</summary>
    private async Task<IReadOnlyList<T>> ViewsAsync<T>(
        Func<LogBrokerClient, string, CancellationToken, Task<T>> askAsync, CancellationToken cancellationToken)
    {
        _client ??= new LogBrokerClient(new LogBrokerClientOptions { Servers = Servers, ConnectTimeout = AskLimit });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AskLimit);
        string[] running = [.. Enumerable.Range(0, Count).Where(i => _nodes[i] is not null).Select(i => _addresses[i])];
        try
        {
            return await Task.WhenAll(running.Select(a => askAsync(_client, a, limit.Token)));
        }
        catch (Exception e) when (e is LogBrokerException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return [];
        }
    }
}
