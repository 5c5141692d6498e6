using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>Kafka's own tools, ready to be run against one broker.</summary>
internal sealed class JavaTools(string home, KafkaBroker broker, string dataDirectory, IProcessStarter processes)
{
    public const int Unthrottled = -1;
    private const int ConsumerTimeoutMs = 60_000;
    private const int DayMs = 24 * 60 * 60 * 1000;

    private static readonly Dictionary<string, string> Environment = new() { ["KAFKA_HEAP_OPTS"] = "-Xms512m -Xmx512m" };

    private string PayloadPath => Path.Combine(dataDirectory, "payload.txt");

    public Task WritePayloadAsync(Scenario scenario, CancellationToken cancellationToken) =>
        File.WriteAllTextAsync(PayloadPath, PayloadFile.Text(scenario.ValueBytes), cancellationToken);

    public IReadOnlyList<string> ProducerArguments(
        string topic, Scenario scenario, long records, long warmupRecords = 0, int recordsPerSecond = Unthrottled) =>
        JavaCommands.Produce(broker.Address, topic, PayloadPath, scenario, records, warmupRecords, recordsPerSecond);

    public IReadOnlyList<string> ConsumerArguments(string topic, string group, long records, bool isDetailed = false) =>
        JavaCommands.Consume(broker.Address, topic, group, records, ConsumerTimeoutMs, isDetailed);

    public Task<FinishedProcess> ProduceAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        processes.RunAsync(Tool("kafka-producer-perf-test"), arguments, Environment, cancellationToken);

    public Task<FinishedProcess> ConsumeAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        processes.RunAsync(Tool("kafka-consumer-perf-test"), arguments, Environment, cancellationToken);

    public Task<FinishedProcess> OneAtATimeAsync(string topic, long records, int valueBytes, CancellationToken cancellationToken) =>
        processes.RunAsync(
            Tool("kafka-e2e-latency"),
            JavaCommands.OneAtATime(broker.Address, topic, records, valueBytes),
            Environment,
            cancellationToken);

    /// <summary>A reader that waits for records for a day, unless it is ended before.</summary>
    public IRunningProcess StartWaitingConsumer(string topic, string group) =>
        processes.Start(
            Tool("kafka-consumer-perf-test"),
            JavaCommands.Consume(broker.Address, topic, group, long.MaxValue, DayMs, isDetailed: false),
            Environment);

    /// <summary>A producer that runs until it is stopped.</summary>
    public IRunningProcess StartPacedProducer(IReadOnlyList<string> arguments, Action<string> onLine) =>
        processes.Start(Tool("kafka-producer-perf-test"), arguments, Environment, onLine);

    public WindowedTool StartProducer(IReadOnlyList<string> arguments) =>
        WindowedTool.Start(
            processes,
            Tool("kafka-producer-perf-test"),
            arguments,
            Environment,
            line => ProducerPerfOutput.Window(line) is { } window ? (window.Records, window.Seconds) : null,
            "99.9th");

    /// <summary>It has to give detailed statistics.</summary>
    public WindowedTool StartConsumer(IReadOnlyList<string> arguments)
    {
        ConsumerProgress? last = null;
        return WindowedTool.Start(processes, Tool("kafka-consumer-perf-test"), arguments, Environment, Window, "threadId");

        (long Records, double Seconds)? Window(string line)
        {
            if (ConsumerPerfOutput.Progress(line) is not { } progress)
            {
                return null;
            }

            ConsumerProgress? before = last;
            last = progress;
            return before == null
                ? (progress.RecordsSoFar, 0)
                : (progress.RecordsSoFar - before.RecordsSoFar, (progress.Time - before.Time).TotalSeconds);
        }
    }

    /// <summary>What was run, without the directories of the machine.</summary>
    public string CommandLine(string tool, IReadOnlyList<string> arguments, int processCount = 1)
    {
        string one = $"{tool}.sh {string.Join(' ', arguments.Select(a => a == PayloadPath ? Path.GetFileName(a) : a))}";
        return processCount == 1 ? one : $"{processCount} × {one}";
    }

    private string Tool(string name) => Path.Combine(home, "bin", name + ".sh");
}
