using LogBroker.Bench.Load;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>A started broker and the loads against it, each a process of its own. Used by one caller at a time.</summary>
internal sealed class RunningLogBroker : IRunningSystem
{
    private const string Topic = "bench";

    private readonly string _directory;
    private readonly IProcessStarter _processes;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private BrokerProcess _broker;

    public RunningLogBroker(BrokerProcess broker, string directory, Scenario scenario, IProcessStarter processes)
    {
        _broker = broker;
        _directory = directory;
        _processes = processes;
        StartTime = broker.StartTime;
        IReadOnlyDictionary<string, string> config = LoadTarget.TopicConfig(scenario.Class);
        string shown = config.Count == 0 ? "durability=fsync (default)" : string.Join(' ', config.Select(c => $"{c.Key}={c.Value}"));
        Configuration = FormattableString.Invariant(
            $"topic: {shown}, {scenario.Partitions} partitions; producer: batch {scenario.BatchBytesMax} B, linger ")
            + FormattableString.Invariant(
                $"{scenario.Linger.TotalMilliseconds} ms, in flight {scenario.InFlightBytesMax} B; all else default");
    }

    public required string ServerFile { get; init; }

    public required string LoadFile { get; init; }

    public required Func<CancellationToken, Task> DropPageCache { get; init; }

    public IReadOnlyList<int> ProcessIds => [_broker.Id];

    public TimeSpan StartTime { get; }

    public string Version => _broker.Ready.Version;

    public string Configuration { get; }

    public async Task<ClientResult?> PrepareAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        await CreateTopicAsync(scenario, cancellationToken);
        return scenario.PreloadBytes == 0
            ? null
            : await LoadAsync<ClientResult>(LoadPhase.Prepare, scenario, null, cancellationToken);
    }

    public async Task<ClientResult> RunAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        if (scenario.ColdCache)
        {
            await DropPageCache(cancellationToken);
        }

        ClientResult result = await LoadAsync<ClientResult>(LoadPhase.Run, scenario, null, cancellationToken);
        return result with { CommandLine = $"LogBroker.Bench load --topic {Topic} --scenario-file {scenario.Name}.json --phase run" };
    }

    public async Task<VerifyResult?> VerifyAsync(
        string client, Scenario scenario, ClientResult written, CancellationToken cancellationToken)
    {
        string expected = Path.Combine(_directory, "expected.json");
        await File.WriteAllTextAsync(expected, LoadJson.Write(written), cancellationToken);
        return await LoadAsync<VerifyResult>(LoadPhase.Verify, scenario, expected, cancellationToken);
    }

    public async Task<TimeSpan> RestartAsync(bool isKilled, Scenario scenario, CancellationToken cancellationToken)
    {
        await _broker.EndAsync(isKilled);
        await _broker.DisposeAsync();
        _broker = await BrokerProcess.StartAsync(
            ServerFile, Path.Combine(_directory, "data"), Topic, _processes, cancellationToken);
        return _broker.StartTime;
    }

    public async Task<long?> SyncsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return MetricsText.Syncs(await _http.GetStringAsync(new Uri($"http://{_broker.Ready.Http}/metrics"), cancellationToken));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _broker.EndAsync(isKilled: false);
        await _broker.DisposeAsync();
    }

    private async Task CreateTopicAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        await using var client = new LogBrokerClient(_broker.Ready.Grpc);
        try
        {
            await client.Topics.CreateAsync(
                Topic,
                topic =>
                {
                    topic.Partitions = scenario.Partitions;
                    foreach ((string key, string value) in LoadTarget.TopicConfig(scenario.Class))
                    {
                        topic.Config[key] = value;
                    }
                },
                cancellationToken: cancellationToken);
        }
        catch (LogBrokerException e)
        {
            throw new BenchException($"{scenario.Name}: the topic could not be created: {e.Message}", e);
        }
    }

    private async Task<T> LoadAsync<T>(
        LoadPhase phase, Scenario scenario, string? expectedFile, CancellationToken cancellationToken)
    {
        string scenarioFile = Path.Combine(_directory, "scenario.json");
        await File.WriteAllTextAsync(scenarioFile, LoadJson.Write(scenario), cancellationToken);
        List<string> arguments =
        [
            "load", "--servers", _broker.Ready.Grpc, "--topic", Topic, "--scenario-file", scenarioFile,
            "--phase", phase.ToString().ToLowerInvariant(),
        ];
        if (expectedFile is not null)
        {
            arguments.AddRange(["--expect-file", expectedFile]);
        }

        FinishedProcess finished = await _processes.RunAsync(LoadFile, arguments, cancellationToken: cancellationToken);
        return LoadJson.ReadLastLine<T>(finished.StandardOutput);
    }
}
