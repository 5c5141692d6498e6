using LogBroker.Bench.Load;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;
using LogBroker.Client;

namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>A started broker, or several, and the loads against it, each a process of its own. Used by one caller at a time.</summary>
internal sealed class RunningLogBroker : IRunningSystem, ISteadyLoads
{
    private const string Topic = LogBrokerNodes.Topic;

    private readonly string _directory;
    private readonly IProcessStarter _processes;
    private readonly LogBrokerNodes _nodes;

    public RunningLogBroker(LogBrokerNodes nodes, string directory, Scenario scenario, IProcessStarter processes)
    {
        _nodes = nodes;
        _directory = directory;
        _processes = processes;
        IReadOnlyDictionary<string, string> config = LoadTarget.TopicConfig(scenario.Class);
        string shown = config.Count == 0 ? "durability=fsync (default)" : string.Join(' ', config.Select(c => $"{c.Key}={c.Value}"));
        string cluster = scenario.Nodes == 1 ? "" : $"{scenario.Nodes} nodes, {scenario.Nodes} replicas; ";
        Configuration = cluster + FormattableString.Invariant(
            $"topic: {shown}, {scenario.Partitions} partitions; producer: batch {scenario.BatchBytesMax} B, linger ")
            + FormattableString.Invariant(
                $"{scenario.Linger.TotalMilliseconds} ms, in flight {scenario.InFlightBytesMax} B; all else default");
    }

    public required string LoadFile { get; init; }

    public required Func<CancellationToken, Task> DropPageCache { get; init; }

    public IReadOnlyList<int> ProcessIds => _nodes.ProcessIds;

    public TimeSpan StartTime => _nodes.StartTime;

    public string Version => _nodes.Version;

    public string Configuration { get; }

    public async Task<ClientResult?> PrepareAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        await CreateTopicAsync(scenario, cancellationToken);
        if (scenario is { Kind: LoadKind.Idle, Nodes: > 1 })
        {
            await _nodes.WaitInSyncAsync(cancellationToken);
            await Task.Delay(scenario.Warmup, cancellationToken);
        }

        return scenario.PreloadBytes == 0 || scenario.Kind == LoadKind.Rejoin
            ? null
            : await LoadAsync<ClientResult>(LoadPhase.Prepare, scenario, null, cancellationToken);
    }

    public async Task<ClientResult> RunAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        if (scenario.ColdCache)
        {
            await DropPageCache(cancellationToken);
        }

        switch (scenario.Kind)
        {
            case LoadKind.Failover:
                return await NodeLoads.FailoverAsync(_nodes, this, scenario, scenario.NodeEnds, cancellationToken);
            case LoadKind.Rejoin:
                return await NodeLoads.RejoinAsync(_nodes, this, scenario, _processes, cancellationToken);
            case LoadKind.Idle when scenario.Consumers == 0:
                await Task.Delay(scenario.Duration, cancellationToken);
                return new ClientResult { Client = client };
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

    public Task<TimeSpan> RestartAsync(bool isKilled, Scenario scenario, CancellationToken cancellationToken) => scenario.Nodes == 1
        ? _nodes.RestartAsync(isKilled, cancellationToken)
        : NodeLoads.LoseNodeAsync(_nodes, isKilled, cancellationToken);

    public Task<long?> SyncsAsync(CancellationToken cancellationToken) => _nodes.SyncsAsync(cancellationToken);

    public async Task<ISteadyLoad> StartAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        string acksFile = Path.Combine(_directory, "acks");
        IReadOnlyList<string> arguments = [.. await ArgumentsAsync(LoadPhase.Run, scenario, cancellationToken), "--acks-file", acksFile];
        return await SdkSteadyLoad.StartAsync(LoadFile, arguments, acksFile, _processes, cancellationToken);
    }

    public Task<ClientResult> WriteAsync(Scenario scenario, CancellationToken cancellationToken) =>
        LoadAsync<ClientResult>(LoadPhase.Prepare, scenario, null, cancellationToken);

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();

    private async Task CreateTopicAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        await using var client = new LogBrokerClient(_nodes.Servers);
        try
        {
            await client.Topics.CreateAsync(
                Topic,
                topic =>
                {
                    topic.Partitions = scenario.Partitions;
                    topic.ReplicationFactor = scenario.Nodes;
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
        List<string> arguments = await ArgumentsAsync(phase, scenario, cancellationToken);
        if (expectedFile is not null)
        {
            arguments.AddRange(["--expect-file", expectedFile]);
        }

        FinishedProcess finished = await _processes.RunAsync(LoadFile, arguments, cancellationToken: cancellationToken);
        return LoadJson.ReadLastLine<T>(finished.StandardOutput);
    }

    private async Task<List<string>> ArgumentsAsync(LoadPhase phase, Scenario scenario, CancellationToken cancellationToken)
    {
        string scenarioFile = Path.Combine(_directory, "scenario.json");
        await File.WriteAllTextAsync(scenarioFile, LoadJson.Write(scenario), cancellationToken);
        return
        [
            "load", "--servers", _nodes.Servers, "--topic", Topic, "--scenario-file", scenarioFile,
            "--phase", phase.ToString().ToLowerInvariant(),
        ];
    }
}
