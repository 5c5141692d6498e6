using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// The loads with <c>kgo-bench</c>, which drives the franz-go client. Without a rate it produces and then reads all of it back, so
/// both parts are reported, and the broker's work of both is in its usage.
/// </summary>
internal sealed class KgoLoads(KafkaBroker broker, string file, IProcessStarter processes)
{
    public const string Client = "franz-go";

    private const long CalibrationBytes = 16 << 20;
    private const long SinglesAtFirst = 200;
    private const int RepeatsMax = 3;
    private const string BothParts =
        "kgo-bench produces and then reads all of it back: broker's and client's CPU are of both; CPU over its whole life";

    /// <summary>It has one reader, that reads what the same run has just written.</summary>
    public static bool CanRun(Scenario scenario) => scenario.Kind switch
    {
        LoadKind.Ingest => true,
        LoadKind.FixedRate => scenario.Consumers == 1,
        LoadKind.Singles or LoadKind.Failover => true,
        LoadKind.CatchUp => scenario is { Consumers: 1, ColdCache: false },
        _ => false,
    };

    /// <summary>Writes <see cref="Scenario.PreloadBytes"/> into a topic that it makes.</summary>
    public async Task<ClientResult> PreloadAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> arguments =
            KgoCommands.Throughput(broker.Address, scenario, scenario.PreloadBytes / scenario.ValueBytes);
        FinishedProcess finished = await RunAsync(arguments, cancellationToken);
        return new ClientResult
        {
            Client = Client,
            RecordsAcknowledged = KgoBenchOutput.Throughput(finished.StandardOutput).Acknowledged,
            CommandLine = CommandLine(arguments),
        };
    }

    public async Task<ClientResult> ProduceAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        (double rate, long before) = await WarmUpAsync(scenario, cancellationToken);
        ClientResult result = await MeasureForAsync(scenario, rate, before, cancellationToken);
        for (int repeats = 0; repeats < RepeatsMax && IsMuchTooShort(result.Produced!, scenario, before); repeats++)
        {
            before += result.Produced!.Records;
            result = await MeasureForAsync(scenario, result.Produced.RecordsPerSecond, before, cancellationToken);
        }

        return result with
        {
            RecordsAcknowledged = result.RecordsAcknowledged + before,
            Remark = scenario.Kind == LoadKind.Singles
                ? $"up to {scenario.RecordsInFlight} records in flight, the client puts into a batch what waits; no latencies; {BothParts}"
                : BothParts,
        };
    }

    /// <summary>Reads what the same run has just written, so the page cache is warm.</summary>
    public async Task<ClientResult> CatchUpAsync(Scenario scenario, CancellationToken cancellationToken) =>
        await MeasureAsync(scenario, scenario.PreloadBytes / scenario.ValueBytes, cancellationToken) with { Remark = BothParts };

    public Task<ClientResult> FixedRateAsync(Scenario scenario, CancellationToken cancellationToken) =>
        FixedRateAsync(scenario, KgoCommands.FixedRate(broker.Address, scenario), cancellationToken);

    /// <summary>As a fixed rate, and no failure when the rate was not reached.</summary>
    public Task<ClientResult> AnyRateAsync(Scenario scenario, CancellationToken cancellationToken) =>
        FixedRateAsync(
            scenario, [.. KgoCommands.FixedRate(broker.Address, scenario), "-min-rate-share", "0"], cancellationToken);

    private async Task<ClientResult> FixedRateAsync(
        Scenario scenario, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        FinishedProcess finished = await RunAsync(arguments, cancellationToken);
        KgoLatency latency = KgoBenchOutput.Latency(
            finished.StandardOutput, (long)(scenario.RecordsPerSecond * scenario.Duration.TotalSeconds));
        var all = new Throughput(latency.Records, latency.Records * scenario.ValueBytes, latency.Records / latency.RecordsPerSecond);
        return new ClientResult
        {
            Client = Client,
            Produced = all,
            Consumed = all,
            PublishDelay = latency.PublishDelay,
            Ack = latency.Ack,
            EndToEnd = latency.EndToEnd,
            CpuSeconds = finished.CpuSeconds,
            CpuBytes = 2 * all.Bytes,
            RecordsAcknowledged = latency.Records,
            CommandLine = CommandLine(arguments),
            Remark = "records and CPU with the warm-up, latencies without; the number of latencies is rate times seconds",
        };
    }

    private static long RecordsLeft(Scenario scenario, long before) =>
        Math.Max(1, (scenario.BytesWrittenMax / scenario.ValueBytes) - before);

    /// <summary>A short warm-up told too low a rate; then that run is one more warm-up, unless the bytes are used up.</summary>
    private static bool IsMuchTooShort(Throughput produced, Scenario scenario, long before) =>
        produced.Seconds < scenario.Duration.TotalSeconds / 2 && produced.Records < RecordsLeft(scenario, before) / 2;

    private Task<ClientResult> MeasureForAsync(Scenario scenario, double rate, long before, CancellationToken cancellationToken)
    {
        long records = Math.Clamp((long)(rate * scenario.Duration.TotalSeconds), 1, RecordsLeft(scenario, before));
        return MeasureAsync(scenario, records, cancellationToken);
    }

    /// <summary>Runs of growing length until the warm-up's time is used; the last one tells the rate.</summary>
    private async Task<(double RecordsPerSecond, long Acknowledged)> WarmUpAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        long most = Math.Max(1, scenario.BytesWrittenMax / scenario.ValueBytes / 4);
        long records = scenario.Kind == LoadKind.Singles ? SinglesAtFirst : CalibrationBytes / scenario.ValueBytes;
        long acknowledged = 0;
        var clock = Stopwatch.StartNew();
        while (true)
        {
            records = Math.Clamp(records, 1, most);
            FinishedProcess finished = await RunAsync(KgoCommands.Throughput(broker.Address, scenario, records), cancellationToken);
            KgoThroughput run = KgoBenchOutput.Throughput(finished.StandardOutput);
            acknowledged += run.Acknowledged;
            double rate = run.Acknowledged / run.ProduceSeconds;
            double secondsLeft = (scenario.Warmup - clock.Elapsed).TotalSeconds;
            most = Math.Max(0, most - records);
            if (secondsLeft < 0.5 || most == 0)
            {
                return (rate, acknowledged);
            }

            records = (long)(rate * secondsLeft);
        }
    }

    private async Task<ClientResult> MeasureAsync(Scenario scenario, long records, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> arguments = KgoCommands.Throughput(broker.Address, scenario, records);
        FinishedProcess finished = await RunAsync(arguments, cancellationToken);
        KgoThroughput run = KgoBenchOutput.Throughput(finished.StandardOutput);
        var produced = new Throughput(run.Acknowledged, run.Acknowledged * scenario.ValueBytes, run.ProduceSeconds);
        var consumed = new Throughput(run.Consumed, run.Consumed * scenario.ValueBytes, run.ConsumeSeconds);
        return new ClientResult
        {
            Client = Client,
            Produced = produced,
            Consumed = consumed,
            CpuSeconds = finished.CpuSeconds,
            CpuBytes = produced.Bytes + consumed.Bytes,
            RecordsAcknowledged = run.Acknowledged,
            CommandLine = CommandLine(arguments),
        };
    }

    private Task<FinishedProcess> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        processes.RunAsync(file, arguments, cancellationToken: cancellationToken);

    private static string CommandLine(IReadOnlyList<string> arguments) => $"kgo-bench {string.Join(' ', arguments)}";
}
