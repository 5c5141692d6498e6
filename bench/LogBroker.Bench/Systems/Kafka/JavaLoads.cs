using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>The loads with Kafka's own tools.</summary>
internal sealed class JavaLoads(KafkaBroker broker, JavaTools tools)
{
    public const string Client = "java";
    private const string Group = "bench-readers";
    private const string OneAtATimeTopic = "bench-one";
    private const string WholeLife = "CPU of the tool over its whole life, JVM start included";

    private static readonly TimeSpan CalibrationMin = TimeSpan.FromSeconds(2);

    /// <summary>Those whose figures mean the same as ours; several producers' percentiles cannot be put together.</summary>
    public static bool CanRun(Scenario scenario) => scenario.Kind switch
    {
        LoadKind.FixedRate => scenario.Producers == 1,
        LoadKind.Singles => scenario.Producers == 1 && scenario.Partitions == 1,
        LoadKind.CatchUp => scenario.Consumers > 0 && scenario.Partitions % scenario.Consumers == 0,
        _ => true,
    };

    /// <summary>Writes <see cref="Scenario.PreloadBytes"/>.</summary>
    public async Task<ClientResult> PreloadAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        long records = scenario.PreloadBytes / scenario.ValueBytes / scenario.Producers;
        IReadOnlyList<string> arguments = tools.ProducerArguments(topic, scenario, records);
        FinishedProcess[] finished = await Task.WhenAll(
            Enumerable.Range(0, scenario.Producers).Select(_ => tools.ProduceAsync(arguments, cancellationToken)));
        return new ClientResult
        {
            Client = Client,
            RecordsAcknowledged = finished.Sum(f => ProducerPerfOutput.Summary(f.StandardOutput).Records),
            CommandLine = tools.CommandLine("kafka-producer-perf-test", arguments, scenario.Producers),
        };
    }

    public async Task<ClientResult> IngestAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        long records = scenario.BytesWrittenMax / scenario.ValueBytes / scenario.Producers;
        IReadOnlyList<string> arguments = tools.ProducerArguments(topic, scenario, records);
        WindowedTool[] producers = StartProducers(arguments, scenario.Producers);
        double start;
        try
        {
            start = await RunAsync(producers, scenario.Warmup, scenario.Duration, cancellationToken);
        }
        finally
        {
            await WindowedTool.StopAllAsync(producers);
        }

        (Throughput produced, double? cpu) =
            WindowedTool.Sum(producers, start, scenario.Warmup, scenario.Duration, scenario.ValueBytes);
        return new ClientResult
        {
            Client = Client,
            Produced = produced,
            CpuSeconds = cpu,
            CpuBytes = produced.Bytes,
            RecordsAcknowledged = producers.Sum(p => p.RecordsReported),
            CommandLine = tools.CommandLine("kafka-producer-perf-test", arguments, scenario.Producers),
        };
    }

    public async Task<ClientResult> TailAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        long records = scenario.BytesWrittenMax / scenario.ValueBytes / scenario.Producers;
        IReadOnlyList<string> arguments = tools.ProducerArguments(topic, scenario, records);
        IReadOnlyList<string> reading = tools.ConsumerArguments(topic, Group, records * scenario.Producers * 2, isDetailed: true);
        WindowedTool[] consumers = [.. Enumerable.Range(0, scenario.Consumers).Select(_ => tools.StartConsumer(reading))];
        WindowedTool[] producers = [];
        double start;
        try
        {
            await broker.WaitForStableGroupAsync(
                Group, () => consumers.FirstOrDefault(c => c.HasExited)?.OutputTail, cancellationToken);
            producers = StartProducers(arguments, scenario.Producers);
            await WindowedTool.WaitForFirstWindowsAsync(consumers, cancellationToken);
            start = await RunAsync(producers, scenario.Warmup, scenario.Duration, cancellationToken);
        }
        finally
        {
            await WindowedTool.StopAllAsync([.. producers, .. consumers]);
        }

        (Throughput produced, double? producerCpu) =
            WindowedTool.Sum(producers, start, scenario.Warmup, scenario.Duration, scenario.ValueBytes);
        (Throughput consumed, double? consumerCpu) =
            WindowedTool.Sum(consumers, start, scenario.Warmup, scenario.Duration, scenario.ValueBytes);
        return new ClientResult
        {
            Client = Client,
            Produced = produced,
            Consumed = consumed,
            CpuSeconds = producerCpu + consumerCpu,
            CpuBytes = produced.Bytes + consumed.Bytes,
            RecordsAcknowledged = producers.Sum(p => p.RecordsReported),
            CommandLine = tools.CommandLine("kafka-producer-perf-test", arguments, scenario.Producers) + " ; "
                + tools.CommandLine("kafka-consumer-perf-test", reading, scenario.Consumers),
        };
    }

    public async Task<ClientResult> FixedRateAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        long warmupRecords = (long)(scenario.RecordsPerSecond * scenario.Warmup.TotalSeconds);
        long records = warmupRecords + (long)(scenario.RecordsPerSecond * scenario.Duration.TotalSeconds);
        IReadOnlyList<string> arguments =
            tools.ProducerArguments(topic, scenario, records, warmupRecords, scenario.RecordsPerSecond);
        FinishedProcess finished = await tools.ProduceAsync(arguments, cancellationToken);
        return Summarized(arguments, finished, records, scenario) with
        {
            Remark = "ack latency from the call of send and in whole ms: a send that blocks or comes late is not in it (coordinated "
                + $"omission); no reader attached; {WholeLife}",
        };
    }

    /// <summary>
    /// The tool has no time limit: its warm-up is run first and tells the rate, which gives the number of records for the measured run.
    /// </summary>
    public async Task<ClientResult> SinglesAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        TimeSpan calibration = TimeSpan.FromTicks(Math.Max(scenario.Warmup.Ticks, CalibrationMin.Ticks));
        ClientResult warmup = await IngestAsync(
            topic, scenario with { Warmup = calibration / 2, Duration = calibration / 2 }, cancellationToken);
        double rate = warmup.Produced!.RecordsPerSecond;
        long warmupRecords = Math.Max(1, (long)(rate * CalibrationMin.TotalSeconds));
        long mostRecords = scenario.BytesWrittenMax / scenario.ValueBytes;
        long records = Math.Min(warmupRecords + Math.Max(10, (long)(rate * scenario.Duration.TotalSeconds)), mostRecords);
        IReadOnlyList<string> arguments = tools.ProducerArguments(topic, scenario, records, Math.Min(warmupRecords, records / 4));
        FinishedProcess finished = await tools.ProduceAsync(arguments, cancellationToken);
        ClientResult result = Summarized(arguments, finished, records, scenario);
        result = result with
        {
            RecordsAcknowledged = result.RecordsAcknowledged + warmup.RecordsAcknowledged,
            Remark = $"each record a batch of its own; {WholeLife}",
        };
        return scenario.RecordsInFlight > 1
            ? result with
            {
                Remark = $"{result.Remark}; ack latency in whole ms, with the wait for a place among the {scenario.RecordsInFlight}",
            }
            : await WithOneAtATimeAsync(result, rate, scenario, cancellationToken);
    }

    public async Task<ClientResult> CatchUpAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        IReadOnlyList<long> partitions = await broker.RecordsOfAsync(topic, cancellationToken);
        long records = scenario.Consumers == 1
            ? partitions.Sum()
            : partitions.Min() * (scenario.Partitions / scenario.Consumers); // who gets which partitions is not known before
        IReadOnlyList<string> arguments = tools.ConsumerArguments(topic, Group, records);
        FinishedProcess[] finished = await Task.WhenAll(
            Enumerable.Range(0, scenario.Consumers).Select(_ => tools.ConsumeAsync(arguments, cancellationToken)));
        ConsumerSummary[] summaries = [.. finished.Select(f => ConsumerPerfOutput.Summary(f.StandardOutput))];
        if (summaries.Any(s => s.Records < records))
        {
            throw new BenchException("Kafka's consumers did not get their equal shares: " +
                string.Join(", ", summaries.Select(s => $"{s.Records} of {records}")));
        }

        long read = summaries.Sum(s => s.Records);
        double seconds = scenario.Consumers == 1
            ? summaries[0].FetchSeconds
            : (summaries.Max(s => s.End) - summaries.Min(s => s.FetchStart)).TotalSeconds;
        double joinSeconds = summaries.Max(s => s.JoinSeconds);
        var consumed = new Throughput(read, read * scenario.ValueBytes, seconds);
        return new ClientResult
        {
            Client = Client,
            Consumed = consumed,
            CpuSeconds = finished.Sum(f => f.CpuSeconds),
            CpuBytes = consumed.Bytes,
            CommandLine = tools.CommandLine("kafka-consumer-perf-test", arguments, scenario.Consumers),
            Remark = FormattableString.Invariant($"without joining the group; with its {joinSeconds:0.00} s it would be ")
                + FormattableString.Invariant($"{consumed.Bytes / (seconds + joinSeconds) / 1e6:0} MB/s; ")
                + $"a JVM that has not run before; {WholeLife}",
        };
    }

    /// <summary>Readers that wait for records; returns when their group has settled. They are the caller's to dispose.</summary>
    public async Task<IReadOnlyList<IRunningProcess>> AttachAsync(string topic, int consumers, CancellationToken cancellationToken)
    {
        List<IRunningProcess> attached = [];
        for (int i = 0; i < consumers; i++)
        {
            attached.Add(tools.StartWaitingConsumer(topic, Group));
        }

        if (consumers > 0)
        {
            await broker.WaitForStableGroupAsync(
                Group, () => attached.FirstOrDefault(p => p.HasExited)?.OutputTail, cancellationToken);
        }

        return attached;
    }

    private static async Task<double> RunAsync(
        WindowedTool[] producers, TimeSpan warmup, TimeSpan duration, CancellationToken cancellationToken)
    {
        double start = await WindowedTool.WaitForFirstWindowsAsync(producers, cancellationToken);
        await WindowedTool.WaitAsync(producers, start, warmup + duration, cancellationToken);
        return start;
    }

    private WindowedTool[] StartProducers(IReadOnlyList<string> arguments, int producers) =>
        [.. Enumerable.Range(0, producers).Select(_ => tools.StartProducer(arguments))];

    private ClientResult Summarized(IReadOnlyList<string> arguments, FinishedProcess finished, long records, Scenario scenario)
    {
        ProducerSummary summary = ProducerPerfOutput.Summary(finished.StandardOutput);
        return new ClientResult
        {
            Client = Client,
            Produced = new Throughput(summary.Records, summary.Records * scenario.ValueBytes, summary.Seconds),
            Ack = summary.Latency,
            CpuSeconds = finished.CpuSeconds,
            CpuBytes = records * scenario.ValueBytes,
            RecordsAcknowledged = records,
            CommandLine = tools.CommandLine("kafka-producer-perf-test", arguments),
        };
    }

    /// <summary>
    /// With one in flight the producer tool begins its clock when the record before is still on its way: twice the round trip. So its
    /// latencies are left out, and <c>kafka-e2e-latency</c> says what one record takes.
    /// </summary>
    private async Task<ClientResult> WithOneAtATimeAsync(
        ClientResult result, double recordsPerSecond, Scenario scenario, CancellationToken cancellationToken)
    {
        long records = Math.Clamp((long)recordsPerSecond, 100, 10_000);
        await broker.CreateTopicAsync(OneAtATimeTopic, scenario, cancellationToken);
        FinishedProcess finished = await tools.OneAtATimeAsync(OneAtATimeTopic, records, scenario.ValueBytes, cancellationToken);
        return result with
        {
            Ack = null,
            RecordsAcknowledged = result.RecordsAcknowledged + records,
            CpuSeconds = result.CpuSeconds + finished.CpuSeconds,
            CpuBytes = result.CpuBytes + (records * scenario.ValueBytes),
            Remark = $"{result.Remark}; {EndToEndOutput.Remark(finished.StandardOutput)}",
        };
    }
}
