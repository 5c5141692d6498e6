using System.Diagnostics;
using System.Text.Json;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>A server alone, or several that form a cluster, and what they say of the streams that are watched.</summary>
internal sealed class NatsCluster : INodes, IAsyncDisposable
{
    private static readonly TimeSpan SettleLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly NatsServer[] _servers;
    private readonly DurabilityClass _durability;
    private NatsStreams? _watched;

    public NatsCluster(string program, string dataDirectory, Scenario scenario, IProcessStarter processes)
    {
        _durability = scenario.Class;
        int[] ports = scenario.Nodes == 1 ? [] : FreePorts.Take(2 * scenario.Nodes);
        _servers = scenario.Nodes == 1
            ? [new NatsServer(program, dataDirectory, scenario.Class, null, processes)]
            :
            [
                .. Enumerable.Range(0, scenario.Nodes).Select(i => new NatsServer(
                    program, Path.Combine(dataDirectory, NatsMember.Name(i)), scenario.Class,
                    new NatsMember(i, ports[..scenario.Nodes], ports[scenario.Nodes..]), processes)),
            ];
    }

    public int Count => _servers.Length;

    public IReadOnlyList<int> ProcessIds => [.. _servers.SelectMany(s => s.ProcessIds)];

    public string Version => _servers[0].Version;

    public string Configuration =>
        $"{(Count == 1 ? "" : $"{Count} servers, ")}file storage, {Count} replica{(Count == 1 ? "" : "s")}, "
        + $"sync_interval {(_durability == DurabilityClass.B ? "always" : "2m (its default)")}";

    /// <summary>Where clients begin.</summary>
    public string Address => string.Join(',', _servers.Select(s => $"nats://127.0.0.1:{s.Port}"));

    /// <summary>Of all servers, those that are away included.</summary>
    public IReadOnlyList<int> Ports => [.. _servers.Select(s => s.Port)];

    /// <summary>Of a server that runs.</summary>
    public int Port => _servers.FirstOrDefault(s => s.IsRunning)?.Port ?? throw new BenchException("no nats-server is running");

    /// <summary>Starts all, and returns the time until JetStream's API answered.</summary>
    public async Task<TimeSpan> StartAllAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan[] times = await Task.WhenAll(_servers.Select(s => s.StartAsync(cancellationToken)));
        if (Count == 1)
        {
            return times[0];
        }

        await WaitAsync(
            async () => (await AskAsync(["$JS.API.INFO"], cancellationToken)).Count == 1, "have no leader", cancellationToken);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>The streams that are meant by partitions from now on.</summary>
    public void Watch(NatsStreams streams) => _watched = streams;

    public async Task<int> LeaderOfFirstPartitionAsync(CancellationToken cancellationToken)
    {
        int leader = -1;
        await WaitAsync(
            async () =>
            {
                IReadOnlyList<JsonElement> answers = await AskAsync([InfoSubject(0)], cancellationToken);
                leader = answers.Count == 0 ? -1 : Leader(answers[0]);
                return leader >= 0;
            },
            "do not tell the leader of a stream",
            cancellationToken);
        return leader;
    }

    public Task WaitForLeadersWithoutAsync(int node, CancellationToken cancellationToken) =>
        WaitForStreamsAsync(info => Leader(info) is var leader && leader >= 0 && leader != node, cancellationToken);

    public Task WaitInSyncAsync(CancellationToken cancellationToken) => WaitForStreamsAsync(
        info => Leader(info) >= 0 && info.GetProperty("cluster").TryGetProperty("replicas", out JsonElement replicas)
            && replicas.GetArrayLength() == Count - 1 && replicas.EnumerateArray().All(IsCurrent),
        cancellationToken);

    public Task EndAsync(int node, bool isKilled, CancellationToken cancellationToken) => _servers[node].EndAsync(isKilled);

    public Task<TimeSpan> StartAsync(int node, CancellationToken cancellationToken) => _servers[node].StartAsync(cancellationToken);

    public async ValueTask DisposeAsync() => await Task.WhenAll(_servers.Select(s => s.DisposeAsync().AsTask()));

    /// <summary>The index of the server that leads a stream, from an answer about it; -1 for none.</summary>
    internal int Leader(JsonElement info)
    {
        string? name = info.TryGetProperty("cluster", out JsonElement cluster) && cluster.TryGetProperty("leader", out JsonElement leader)
            ? leader.GetString()
            : null;
        return Enumerable.Range(0, Count).FirstOrDefault(i => NatsMember.Name(i) == name, -1);
    }

    private static bool IsCurrent(JsonElement replica) =>
        replica.GetProperty("current").GetBoolean() && !(replica.TryGetProperty("offline", out JsonElement off) && off.GetBoolean());

    private string InfoSubject(int stream) => "$JS.API.STREAM.INFO." + _watched!.Name(stream);

    /// <summary>Only its leader answers for a stream, so those that have answered well are not asked again.</summary>
    private async Task WaitForStreamsAsync(Func<JsonElement, bool> isThere, CancellationToken cancellationToken)
    {
        var open = Enumerable.Range(0, _watched!.Streams).ToDictionary(_watched.Name);
        await WaitAsync(
            async () =>
            {
                foreach (JsonElement info in await AskAsync([.. open.Values.Select(InfoSubject)], cancellationToken))
                {
                    if (isThere(info))
                    {
                        open.Remove(info.GetProperty("config").GetProperty("name").GetString()!);
                    }
                }

                return open.Count == 0;
            },
            "do not have their leaders and replicas",
            cancellationToken);
    }

    private async Task<IReadOnlyList<JsonElement>> AskAsync(IReadOnlyList<string> subjects, CancellationToken cancellationToken)
    {
        try
        {
            using NatsConnection connection = await NatsConnection.OpenAsync(Port, cancellationToken);
            return await connection.AskOnceAsync(subjects, AnswerLimit, cancellationToken);
        }
        catch (Exception e) when (e is BenchException or IOException)
        {
            return []; // the server that was asked is going away, or not there yet
        }
    }

    private static async Task WaitAsync(Func<Task<bool>> isThereAsync, string what, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (!await isThereAsync())
        {
            if (clock.Elapsed > SettleLimit)
            {
                throw new BenchException($"the servers {what} after {SettleLimit.TotalSeconds:0} s");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }
}
