using LogBroker.Bench.Machine;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>A started Kafka and its two load programs.</summary>
internal sealed class RunningKafka(
    string version, string configuration, KafkaBroker broker, JavaTools tools, KgoLoads? kgo, IProcessStarter processes) : IRunningSystem
{
    private const string JavaTopic = "bench";

    private readonly JavaLoads _java = new(broker, tools);
    private IReadOnlyList<IRunningProcess> _attached = [];
    private string _topic = JavaTopic;

    public IReadOnlyList<int> ProcessIds => broker.ProcessIds;

    public TimeSpan StartTime => broker.StartTime;

    public string Version => version;

    public string Configuration => configuration;

    public async Task<ClientResult?> PrepareAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        if (client == KgoLoads.Client)
        {
            return null; // it makes a topic of its own in each run
        }

        await tools.WritePayloadAsync(scenario, cancellationToken);
        ClientResult? preloaded = null;
        bool isPreloaded = scenario.PreloadBytes > 0 && scenario.Kind != LoadKind.Rejoin;
        if (isPreloaded && kgo != null)
        {
            preloaded = await kgo.PreloadAsync(scenario, cancellationToken);
            _topic = await broker.TopicNamedAsync(KgoCommands.TopicPrefix, cancellationToken);
        }
        else
        {
            await broker.CreateTopicAsync(_topic, scenario, cancellationToken);
            if (isPreloaded)
            {
                preloaded = await _java.PreloadAsync(_topic, scenario, cancellationToken);
            }
        }

        if (scenario.Kind == LoadKind.Idle)
        {
            _attached = await _java.AttachAsync(_topic, scenario.Consumers, cancellationToken);
        }

        if (scenario is { Kind: LoadKind.Idle, Nodes: > 1 })
        {
            await broker.WaitInSyncAsync(cancellationToken);
            await Task.Delay(scenario.Warmup, cancellationToken);
        }

        return preloaded;
    }

    public async Task<ClientResult> RunAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        if (scenario.ColdCache)
        {
            await PageCache.DropAsync(cancellationToken);
        }

        if (client == KgoLoads.Client)
        {
            KgoLoads loads = kgo ?? throw new BenchException("kgo-bench was not given");
            return scenario.Kind switch
            {
                LoadKind.FixedRate => await loads.FixedRateAsync(scenario, cancellationToken),
                LoadKind.Failover => await FailoverAsync(new KgoSteadyLoads(broker, loads), scenario, cancellationToken),
                LoadKind.CatchUp => await loads.CatchUpAsync(scenario, cancellationToken),
                _ => await loads.ProduceAsync(scenario, cancellationToken),
            };
        }

        return scenario.Kind switch
        {
            LoadKind.Ingest => await _java.IngestAsync(_topic, scenario, cancellationToken),
            LoadKind.Tail => await _java.TailAsync(_topic, scenario, cancellationToken),
            LoadKind.FixedRate => await _java.FixedRateAsync(_topic, scenario, cancellationToken),
            LoadKind.Singles => await _java.SinglesAsync(_topic, scenario, cancellationToken),
            LoadKind.CatchUp => await _java.CatchUpAsync(_topic, scenario, cancellationToken),
            LoadKind.Idle => await IdleAsync(scenario, cancellationToken),
            LoadKind.Failover => await FailoverAsync(JavaSteady, scenario, cancellationToken),
            LoadKind.Rejoin => await NodeLoads.RejoinAsync(broker, JavaSteady, scenario, processes, cancellationToken),
            _ => throw new BenchException($"Kafka has no load of the kind {scenario.Kind}"),
        };
    }

    public async Task<VerifyResult?> VerifyAsync(
        string client, Scenario scenario, ClientResult written, CancellationToken cancellationToken) =>
        written.RecordsAcknowledged is { } expected
            ? new VerifyResult(expected, await broker.CountRecordsAsync(cancellationToken), null)
            : null;

    public Task<TimeSpan> RestartAsync(bool isKilled, Scenario scenario, CancellationToken cancellationToken) =>
        scenario.Nodes == 1
            ? broker.RestartAsync(isKilled, cancellationToken)
            : NodeLoads.LoseNodeAsync(broker, isKilled, cancellationToken);

    public Task<long?> SyncsAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public async ValueTask DisposeAsync()
    {
        foreach (IRunningProcess process in _attached)
        {
            await process.StopAsync();
            await process.DisposeAsync();
        }

        await broker.DisposeAsync();
    }

    private JavaSteadyLoads JavaSteady => new(_topic, tools, kgo, _java);

    private Task<ClientResult> FailoverAsync(ISteadyLoads loads, Scenario scenario, CancellationToken cancellationToken) =>
        NodeLoads.FailoverAsync(broker, loads, scenario, scenario.NodeEndsOfRivals, cancellationToken);

    private static async Task<ClientResult> IdleAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        await Task.Delay(scenario.Duration, cancellationToken);
        return new ClientResult { Client = JavaLoads.Client };
    }
}
