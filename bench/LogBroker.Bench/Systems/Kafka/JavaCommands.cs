using System.Globalization;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>The arguments of Kafka's own tools, such as 4.2 and later take them.</summary>
internal static class JavaCommands
{
    /// <summary>A batch of one record without a key, at most: 61 of the batch, 21 of the record, and its small fields.</summary>
    private const int SingleBatchOverheadBytes = 88;

    /// <summary>A record is in flight from <c>send</c> until its acknowledgement: <c>buffer.memory</c> holds so many.</summary>
    public static long SinglesBufferBytes(int valueBytes, int recordsInFlight) =>
        ((long)recordsInFlight * (valueBytes + SingleBatchOverheadBytes)) + (valueBytes / 2);

    /// <summary>
    /// A producer of so many records, the warm-up's included (0 for none), at a rate (-1 for as fast as it can). Its batch ceiling,
    /// linger and in-flight bytes are the scenario's; singles are batches of one record.
    /// </summary>
    public static IReadOnlyList<string> Produce(
        string address, string topic, string payloadFile, Scenario scenario, long records, long warmupRecords, int recordsPerSecond)
    {
        bool isSingles = scenario.Kind == LoadKind.Singles;
        long bufferBytes = isSingles
            ? SinglesBufferBytes(scenario.ValueBytes, scenario.RecordsInFlight)
            : Math.Max(scenario.InFlightBytesMax, scenario.BatchBytesMax);
        List<string> arguments =
        [
            "--bootstrap-server", address,
            "--topic", topic,
            "--num-records", Text(records),
            "--payload-file", payloadFile,
            "--throughput", Text(recordsPerSecond),
            "--reporting-interval", "500",
        ];
        if (warmupRecords > 0)
        {
            arguments.AddRange(["--warmup-records", Text(warmupRecords)]);
        }

        arguments.AddRange(
        [
            "--command-property",
            "acks=all",
            "compression.type=none",
            $"batch.size={(isSingles ? 1 : scenario.BatchBytesMax)}",
            $"linger.ms={Text((long)scenario.Linger.TotalMilliseconds)}",
            $"buffer.memory={Text(bufferBytes)}",
            $"max.request.size={KafkaProperties.MessageBytesMax(scenario)}",
        ]);
        return arguments;
    }

    /// <summary>A reader of a group. It gives up after the timeout without a record, the time to join included.</summary>
    public static IReadOnlyList<string> Consume(string address, string topic, string group, long records, int timeoutMs, bool isDetailed) =>
    [
        "--bootstrap-server", address,
        "--topic", topic,
        "--group", group,
        "--num-records", Text(records),
        "--timeout", Text(timeoutMs),
        .. isDetailed ? (IEnumerable<string>)["--show-detailed-stats", "--reporting-interval", "500"] : [],
    ];

    /// <summary>Positional: named arguments came in 4.2 only, and both work until 5.0.</summary>
    public static IReadOnlyList<string> OneAtATime(string address, string topic, long records, int valueBytes) =>
        [address, topic, Text(records), "all", Text(valueBytes)];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
