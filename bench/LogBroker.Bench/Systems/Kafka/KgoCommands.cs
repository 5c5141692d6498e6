using System.Globalization;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>The arguments of <c>kgo-bench</c>. It makes a topic of its own in each run, which is kept to be verified.</summary>
internal static class KgoCommands
{
    /// <summary>What its topics' names start with.</summary>
    public const string TopicPrefix = "bench";

    /// <summary>Produce so many records as fast as it can, then read them.</summary>
    public static IReadOnlyList<string> Throughput(string address, Scenario scenario, long records) =>
    [
        .. Common(address, scenario),
        "-count", Text(records),
        "-producers", Text(scenario.Producers),
        "-buffered", Text(RecordsBuffered(scenario)),
    ];

    /// <summary>Open loop at the scenario's rate, its warm-up included in the length.</summary>
    public static IReadOnlyList<string> FixedRate(string address, Scenario scenario) =>
    [
        .. Common(address, scenario),
        "-rate", Text(scenario.RecordsPerSecond),
        "-producers", Text(scenario.Producers),
        "-duration", Milliseconds(scenario.Warmup + scenario.Duration),
        "-warmup", Milliseconds(scenario.Warmup),
    ];

    /// <summary>franz-go bounds records, not bytes.</summary>
    public static long RecordsBuffered(Scenario scenario) => scenario.Kind == LoadKind.Singles
        ? scenario.RecordsInFlight
        : Math.Max(1, scenario.InFlightBytesMax / scenario.ValueBytes);

    private static IEnumerable<string> Common(string address, Scenario scenario)
    {
        string topicConfig = string.Join(',', KafkaProperties.Topic(scenario.Class).Select(c => $"{c.Key}={c.Value}"));
        return
        [
            "-brokers", address,
            .. scenario.Nodes > 1 ? (IEnumerable<string>)["-rf", Text(scenario.Nodes)] : [],
            "-prefix", TopicPrefix,
            "-keep",
            "-timeout", "20m",
            "bench",
            "-partitions", Text(scenario.Partitions),
            "-size", Text(scenario.ValueBytes),
            "-batch-bytes", Text(scenario.BatchBytesMax),
            "-linger", Milliseconds(scenario.Linger),
            .. topicConfig.Length > 0 ? (IEnumerable<string>)["-topic-config", topicConfig] : [],
        ];
    }

    private static string Milliseconds(TimeSpan time) => Text((long)time.TotalMilliseconds) + "ms";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
