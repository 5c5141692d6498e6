using System.Globalization;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Redis;

/// <summary>A run of <c>redis-benchmark</c>.</summary>
internal sealed record RedisBenchmarkRun(long Records, double Seconds, double CpuSeconds, Latency? Ack)
    : CountedRun(Records, Seconds, CpuSeconds);

/// <summary>A started redis-server and its streams.</summary>
internal sealed class RedisRun(RedisServer server, string benchmarkProgram, IProcessStarter processes, TimeSpan startTime) : IRunningSystem
{
    // Over one connection an ingest is as fast with everysec and half as fast with always: several share a turn of the event loop,
    // and one sync.
    private const int IngestConnections = 8;
    private const int RandomShare = 2;
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private readonly Dictionary<int, string> _values = [];

    public IReadOnlyList<int> ProcessIds => server.ProcessIds;

    public TimeSpan StartTime => startTime;

    public string Version => server.Version;

    public string Configuration => server.Configuration;

    /// <summary>Nothing: a stream begins with its first record.</summary>
    public Task<ClientResult?> PrepareAsync(string client, Scenario scenario, CancellationToken cancellationToken) =>
        Task.FromResult<ClientResult?>(null);

    public async Task<ClientResult> RunAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        bool isSingles = scenario.Kind == LoadKind.Singles;
        long firstRecords = isSingles ? 2_000 : 40_000;
        (int connections, int pipeline) = Shape(scenario);
        var load = new CountedLoad(scenario, firstRecords, connections * pipeline);
        RedisBenchmarkRun run = await load.RunAsync(records => BenchmarkAsync(scenario, records, cancellationToken));
        string keys = scenario.Partitions > 1 ? $", each to one of {scenario.Partitions} streams at random" : "";
        return new ClientResult
        {
            Client = client,
            Produced = new Throughput(run.Records, run.Records * scenario.ValueBytes, run.Seconds),
            Ack = isSingles ? run.Ack : null,
            CpuSeconds = load.CpuSeconds,
            CpuBytes = load.Records * scenario.ValueBytes,
            RecordsAcknowledged = load.Records,
            CommandLine = "redis-benchmark " + string.Join(' ', Arguments(scenario, run.Records, "VALUE")),
            Remark = $"every record has the same value of letters; connections: {connections}, records in flight on each: {pipeline}{keys};"
                + " the data set stays in memory",
        };
    }

    public async Task<VerifyResult?> VerifyAsync(
        string client, Scenario scenario, ClientResult written, CancellationToken cancellationToken) =>
        written.RecordsAcknowledged is { } expected
            ? new VerifyResult(expected, await CountAsync(scenario, cancellationToken), null)
            : null;

    public async Task<TimeSpan> RestartAsync(bool isKilled, Scenario scenario, CancellationToken cancellationToken)
    {
        await server.EndAsync(isKilled);
        return await server.StartAsync(cancellationToken);
    }

    public Task<long?> SyncsAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    /// <summary>Connections and records in flight on each: together the bytes that the producers may have in flight.</summary>
    internal static (int Connections, int Pipeline) Shape(Scenario scenario)
    {
        if (scenario.Kind == LoadKind.Singles)
        {
            return (scenario.RecordsInFlight, 1);
        }

        long recordsInFlight = (long)scenario.InFlightBytesMax * scenario.Producers / scenario.ValueBytes;
        return (IngestConnections, (int)Math.Max(1, recordsInFlight / IngestConnections));
    }

    /// <summary>The arguments behind the port.</summary>
    internal static List<string> Arguments(Scenario scenario, long records, string value)
    {
        (int connections, int pipeline) = Shape(scenario);
        List<string> arguments = ["-c", Text(connections), "-P", Text(pipeline), "-n", Text(records)];
        if (scenario.Partitions > 1)
        {
            arguments.AddRange(["-r", Text(scenario.Partitions)]);
        }

        arguments.AddRange(["XADD", scenario.Partitions > 1 ? "s:__rand_int__" : "s", "*", "v", value]);
        return arguments;
    }

    /// <summary>The streams that a scenario writes to; redis-benchmark pads its random numbers to twelve digits.</summary>
    internal static IEnumerable<string> Keys(Scenario scenario) => scenario.Partitions == 1
        ? ["s"]
        : Enumerable.Range(0, scenario.Partitions).Select(p => string.Create(CultureInfo.InvariantCulture, $"s:{p:D12}"));

    /// <summary>A value that can be an argument: half random letters, half the same.</summary>
    internal static string Value(int bytes) => string.Create(bytes, Random.Shared, (span, random) =>
    {
        Span<char> randomPart = span[..(bytes / RandomShare)];
        random.GetItems<char>(Letters, randomPart);
        span[randomPart.Length..].Fill('a');
    });

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<RedisBenchmarkRun> BenchmarkAsync(Scenario scenario, long records, CancellationToken cancellationToken)
    {
        if (!_values.TryGetValue(scenario.ValueBytes, out string? value))
        {
            _values[scenario.ValueBytes] = value = Value(scenario.ValueBytes);
        }

        string[] arguments = ["-h", "127.0.0.1", "-p", Text(server.Port), .. Arguments(scenario, records, value)];
        FinishedProcess finished = await processes.RunAsync(benchmarkProgram, arguments, null, cancellationToken);
        var output = RedisBenchmarkOutput.Parse(finished.StandardOutput);
        return new RedisBenchmarkRun(records, records / output.RecordsPerSecond, finished.CpuSeconds, output.Ack);
    }

    private async Task<long> CountAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        using RedisConnection connection = await RedisConnection.OpenAsync(server.Port, cancellationToken);
        long records = 0;
        foreach (string key in Keys(scenario))
        {
            records += await connection.StreamLengthAsync(key, cancellationToken);
        }

        return records;
    }
}
