using System.Diagnostics;
using System.Globalization;
using LogBroker.Bench.Machine;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>Started servers and what was written to it.</summary>
internal sealed class NatsRun(NatsCluster cluster, NatsBench bench, TimeSpan startTime, IProcessStarter processes) : IRunningSystem
{
    private const int WarmupReadShare = 4;
    private readonly List<NatsStreams> _written = [];
    private NatsConnection? _idleConsumer;

    public IReadOnlyList<int> ProcessIds => cluster.ProcessIds;

    public TimeSpan StartTime => startTime;

    public string Version => cluster.Version;

    public string Configuration => cluster.Configuration;

    public async Task<ClientResult?> PrepareAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        if (scenario.Kind == LoadKind.Tail)
        {
            // Its streams are made for each run: readers of a run read from the start of theirs.
            return null;
        }

        NatsStreams streams = await CreateAsync("b", client, scenario, cancellationToken);
        if (scenario is { Kind: LoadKind.Idle, Consumers: > 0 })
        {
            _idleConsumer = await NatsConnection.OpenAsync(cluster.Port, cancellationToken);
            await streams.AttachAsync(_idleConsumer, cancellationToken);
        }

        if (scenario.Nodes > 1)
        {
            cluster.Watch(streams);
            await cluster.WaitInSyncAsync(cancellationToken);
            await Task.Delay(scenario.Kind == LoadKind.Idle ? scenario.Warmup : TimeSpan.Zero, cancellationToken);
        }

        if (scenario.PreloadBytes == 0 || scenario.Kind == LoadKind.Rejoin)
        {
            return null;
        }

        long records = RoundUp(scenario.PreloadBytes / scenario.ValueBytes, Multiple(scenario));
        NatsBenchRun run = await bench.PublishAsync(cluster.Address, streams, scenario, isFast: false, records, cancellationToken);
        return new ClientResult { Client = client, RecordsAcknowledged = run.Records, CommandLine = run.CommandLine };
    }

    public Task<ClientResult> RunAsync(string client, Scenario scenario, CancellationToken cancellationToken) => scenario.Kind switch
    {
        LoadKind.Ingest or LoadKind.Singles => PublishAsync(client, scenario, cancellationToken),
        LoadKind.CatchUp => CatchUpAsync(client, scenario, cancellationToken),
        LoadKind.Tail => TailAsync(client, scenario, cancellationToken),
        LoadKind.Idle => IdleAsync(client, scenario, cancellationToken),
        LoadKind.FixedRate => Steady(scenario).FixedRateAsync(scenario, cancellationToken),
        LoadKind.Failover => NodeLoads.FailoverAsync(cluster, Steady(scenario), scenario, scenario.NodeEndsOfRivals, cancellationToken),
        LoadKind.Rejoin => NodeLoads.RejoinAsync(cluster, Steady(scenario), scenario, processes, cancellationToken),
        _ => throw new BenchException($"nats bench has nothing comparable to {scenario.Kind}"),
    };

    public async Task<VerifyResult?> VerifyAsync(
        string client, Scenario scenario, ClientResult written, CancellationToken cancellationToken) =>
        written.RecordsAcknowledged is { } expected ? new VerifyResult(expected, await CountAsync(cancellationToken), null) : null;

    public async Task<TimeSpan> RestartAsync(bool isKilled, Scenario scenario, CancellationToken cancellationToken)
    {
        if (scenario.Nodes > 1)
        {
            return await NodeLoads.LoseNodeAsync(cluster, isKilled, cancellationToken);
        }

        await cluster.EndAsync(0, isKilled, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        await cluster.StartAsync(0, cancellationToken);
        await CountAsync(cancellationToken);
        return Stopwatch.GetElapsedTime(start);
    }

    public Task<long?> SyncsAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public ValueTask DisposeAsync()
    {
        _idleConsumer?.Dispose();
        return cluster.DisposeAsync();
    }

    private NatsSteadyLoads Steady(Scenario scenario) => new(cluster, bench, _written[0], Multiple(scenario));

    private static int Multiple(Scenario scenario) =>
        (scenario.Kind == LoadKind.Singles ? scenario.RecordsInFlight : scenario.Producers) * scenario.Partitions;

    private static CountedLoad Load(Scenario scenario)
    {
        long firstRecords = (scenario.Kind, scenario.Class) switch
        {
            (LoadKind.Singles, _) => 1_000,
            (_, DurabilityClass.B) => 2_000,
            _ => 40_000,
        };
        return new CountedLoad(scenario, firstRecords, Multiple(scenario));
    }

    internal static long RoundUp(long number, int multiple) => (number + multiple - 1) / multiple * multiple;

    private static Throughput ToThroughput(CountedRun run, Scenario scenario) =>
        new(run.Records, run.Records * scenario.ValueBytes, run.Seconds);

    private async Task<ClientResult> PublishAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        bool isFast = client == NatsSystem.FastClient;
        CountedLoad load = Load(scenario);
        NatsBenchRun run = await load.RunAsync(
            records => bench.PublishAsync(cluster.Address, _written[0], scenario, isFast, records, cancellationToken));
        return new ClientResult
        {
            Client = client,
            Produced = ToThroughput(run, scenario),
            Ack = scenario.Kind == LoadKind.Singles ? run.Ack : null,
            CpuSeconds = load.CpuSeconds,
            CpuBytes = load.Records * scenario.ValueBytes,
            RecordsAcknowledged = load.Records,
            CommandLine = run.CommandLine,
            Remark = PublishRemark(scenario, isFast),
        };
    }

    private static string PublishRemark(Scenario scenario, bool isFast)
    {
        const string Value = "every record has the same value";
        string streams = scenario.Partitions > 1 ? "; a stream for each partition" : "";
        int batch = NatsBench.BatchRecords(scenario, isFast);
        return scenario.Kind == LoadKind.Singles ? $"{Value}; connections with one record in flight each: {scenario.RecordsInFlight}"
            : isFast ? $"{Value}; fast batch publish, at most 2 × {batch} records unacknowledged"
            : $"{Value}; each producer sends {batch} records and waits until all are acknowledged{streams}";
    }

    private async Task<ClientResult> CatchUpAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        NatsStreams streams = _written[0];
        long records = await CountAsync(cancellationToken);
        long readRecords = 0;
        double cpuSeconds = 0;
        if (scenario.Warmup > TimeSpan.Zero)
        {
            await ReadAsync(records / WarmupReadShare);
        }

        if (scenario.ColdCache)
        {
            await PageCache.DropAsync(cancellationToken);
        }

        (Throughput consumed, NatsBenchRun last) = await ReadAsync(records);
        return new ClientResult
        {
            Client = client,
            Consumed = consumed,
            CpuSeconds = cpuSeconds,
            CpuBytes = readRecords * scenario.ValueBytes,
            CommandLine = last.CommandLine,
            Remark = ReadRemark(streams),
        };

        async Task<(Throughput Consumed, NatsBenchRun Last)> ReadAsync(long all)
        {
            NatsBenchRun[] runs = await Task.WhenAll(StartReaders(streams, scenario, all, cancellationToken));
            readRecords += runs.Sum(r => r.Records);
            cpuSeconds += runs.Sum(r => r.CpuSeconds);
            return (Together(runs, scenario), runs[^1]);
        }
    }

    private static string ReadRemark(NatsStreams streams) => string.Create(
        CultureInfo.InvariantCulture,
        $"partitions are {streams.Subjects} subjects in {streams.Streams} streams, one for each reader; ordered consumers, a process each");

    private IEnumerable<Task<NatsBenchRun>> StartReaders(
        NatsStreams streams, Scenario scenario, long records, CancellationToken cancellationToken) =>
        Enumerable.Range(0, streams.Streams)
            .Select(s => bench.ReadAsync(cluster.Address, streams.Name(s), scenario, streams.RecordsOf(s, records), cancellationToken));

    private static Throughput Together(NatsBenchRun[] runs, Scenario scenario)
    {
        long records = runs.Sum(r => r.Records);
        return new Throughput(records, records * scenario.ValueBytes, runs.Max(r => r.Seconds));
    }

    private async Task<ClientResult> TailAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        CountedLoad load = Load(scenario);
        double readersCpuSeconds = 0;
        Throughput? consumed = null;
        NatsStreams? streams = null;
        NatsBenchRun produced = await load.RunAsync(async records =>
        {
            streams = await CreateAsync($"t{_written.Count}-", client, scenario, cancellationToken);
            (NatsBenchRun run, NatsBenchRun[] read) = await PublishAndReadAsync(streams, scenario, records, cancellationToken);
            readersCpuSeconds += read.Sum(r => r.CpuSeconds);
            consumed = Together(read, scenario);
            return run;
        });
        return new ClientResult
        {
            Client = client,
            Produced = ToThroughput(produced, scenario),
            Consumed = consumed,
            CpuSeconds = load.CpuSeconds + readersCpuSeconds,
            CpuBytes = 2 * load.Records * scenario.ValueBytes,
            RecordsAcknowledged = load.Records,
            CommandLine = produced.CommandLine,
            Remark = PublishRemark(scenario with { Partitions = 1 }, isFast: false) + "; " + ReadRemark(streams!),
        };
    }

    private async Task<(NatsBenchRun Published, NatsBenchRun[] Read)> PublishAndReadAsync(
        NatsStreams streams, Scenario scenario, long records, CancellationToken cancellationToken)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var readers = Task.WhenAll(StartReaders(streams, scenario, records, failed.Token));
        try
        {
            return (await bench.PublishAsync(cluster.Address, streams, scenario, isFast: false, records, failed.Token), await readers);
        }
        catch
        {
            await failed.CancelAsync();
            throw;
        }
    }

    private async Task<ClientResult> IdleAsync(string client, Scenario scenario, CancellationToken cancellationToken)
    {
        await Task.Delay(scenario.Duration, cancellationToken);
        return new ClientResult
        {
            Client = client,
            Remark = scenario.Consumers > 0 ? "a stream for each partition, a push consumer on each, all on one connection" : null,
        };
    }

    private async Task<NatsStreams> CreateAsync(string prefix, string client, Scenario scenario, CancellationToken cancellationToken)
    {
        var streams = NatsStreams.For(scenario, prefix);
        using NatsConnection connection = await NatsConnection.OpenAsync(cluster.Port, cancellationToken);
        await streams.CreateAsync(connection, client == NatsSystem.FastClient, cancellationToken);
        _written.Add(streams);
        return streams;
    }

    private async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        using NatsConnection connection = await NatsConnection.OpenAsync(cluster.Port, cancellationToken);
        long records = 0;
        foreach (NatsStreams streams in _written)
        {
            records += await streams.CountAsync(connection, cancellationToken);
        }

        return records;
    }
}
