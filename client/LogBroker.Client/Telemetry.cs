using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LogBroker.Client;

/// <summary>
/// The client's spans and instruments, by OpenTelemetry's semantic conventions for messaging. Names are stable; switch them on with
/// <c>AddSource("LogBroker.Client")</c> and <c>AddMeter("LogBroker.Client")</c>. Own instruments begin with <c>logbroker.client</c>.
/// </summary>
internal static class Telemetry
{
    public const string Name = "LogBroker.Client";

    public static readonly ActivitySource Source = new(Name, typeof(Telemetry).Assembly.GetName().Version?.ToString(3));

    private static readonly Meter Meter = new(Name, typeof(Telemetry).Assembly.GetName().Version?.ToString(3));

    public static readonly Counter<long> SentMessages = Meter.CreateCounter<long>(
        "messaging.client.sent.messages", "{message}", "Records that were acknowledged or failed.");

    public static readonly Counter<long> ConsumedMessages = Meter.CreateCounter<long>(
        "messaging.client.consumed.messages", "{message}", "Records that were handed to a reader.");

    public static readonly Histogram<double> OperationSeconds = Meter.CreateHistogram(
        "messaging.client.operation.duration",
        "s",
        "Time from sending a batch to its acknowledgement, and of a fetch.",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10],
        });

    public static readonly Counter<long> BatchesResent = Meter.CreateCounter<long>(
        "logbroker.client.batches.resent", "{batch}", "Batches that were sent once more.");

    public static readonly UpDownCounter<long> BufferedBytes = Meter.CreateUpDownCounter<long>(
        "logbroker.client.buffer.usage", "By", "Memory of batches that are not yet acknowledged.");

    public static readonly Counter<long> Rebalances = Meter.CreateCounter<long>(
        "logbroker.client.group.rebalances", "{rebalance}", "Times that partitions of a member of a group came or went.");

    /// <summary>The attributes that measurements and spans carry: at most eight, which fit into a <see cref="TagList"/>.</summary>
    /// <param name="operation">What the client did.</param>
    /// <param name="operationType">The kind of it, by the conventions.</param>
    /// <param name="topic">The destination.</param>
    /// <param name="partition">Its partition.</param>
    /// <param name="server">The broker as <c>host:port</c>; null when none was asked.</param>
    /// <param name="error">Why it failed, or null.</param>
    public static TagList Tags(
        string operation, string operationType, string topic, int partition, string? server, string? error = null)
    {
        var tags = new TagList
        {
            { "messaging.system", "logbroker" },
            { "messaging.operation.name", operation },
            { "messaging.operation.type", operationType },
            { "messaging.destination.name", topic },
            { "messaging.destination.partition.id", PartitionText(partition) },
        };
        if (server is not null)
        {
            ServerPlace place = ServerPlace.Of(server);
            tags.Add("server.address", place.Address);
            if (place.Port is not null)
            {
                tags.Add("server.port", place.Port);
            }
        }

        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        return tags;
    }

    /// <summary>As <see cref="Tags"/>, of a member of a consumer group.</summary>
    public static TagList GroupTags(
        string operation, string operationType, string group, string topic, int partition, string? server, string? error = null)
    {
        TagList tags = Tags(operation, operationType, topic, partition, server, error);
        tags.Add("messaging.consumer.group.name", group);
        return tags;
    }

    /// <summary>The attributes of what concerns a whole group.</summary>
    public static TagList GroupTags(string operation, string operationType, string group, string? error = null)
    {
        var tags = new TagList
        {
            { "messaging.system", "logbroker" },
            { "messaging.operation.name", operation },
            { "messaging.operation.type", operationType },
            { "messaging.consumer.group.name", group },
        };
        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        return tags;
    }

    private static readonly string[] SmallNumbers =
        [.. Enumerable.Range(0, 256).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];

    private static string PartitionText(int partition) =>
        (uint)partition < (uint)SmallNumbers.Length
            ? SmallNumbers[partition]
            : partition.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
