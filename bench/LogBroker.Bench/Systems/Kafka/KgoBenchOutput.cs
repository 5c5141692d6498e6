using System.Text.Json;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>A run of <c>kgo-bench bench</c> without a rate: it produces, and then reads all of it back.</summary>
internal sealed record KgoThroughput(long Acknowledged, double ProduceSeconds, long Consumed, double ConsumeSeconds);

/// <summary>A run with <c>-rate</c>; all latencies are from the intended time.</summary>
internal sealed record KgoLatency(long Records, double RecordsPerSecond, Latency PublishDelay, Latency Ack, Latency EndToEnd);

/// <summary>Reads the one line of JSON that <c>kgo-bench</c> prints.</summary>
internal static class KgoBenchOutput
{
    /// <exception cref="BenchException">The line is not there, or lacks a figure.</exception>
    public static KgoThroughput Throughput(string output) => Read(output, json => new KgoThroughput(
        json.GetProperty("acked").GetInt64(),
        json.GetProperty("produce_seconds").GetDouble(),
        json.GetProperty("consumed").GetInt64(),
        json.GetProperty("consume_seconds").GetDouble()));

    /// <param name="output">What it printed.</param>
    /// <param name="measuredRecords">Records behind the warm-up, which the tool does not say: rate times seconds.</param>
    /// <exception cref="BenchException">The line is not there, or lacks a figure.</exception>
    public static KgoLatency Latency(string output, long measuredRecords) => Read(output, json => new KgoLatency(
        json.GetProperty("records").GetInt64(),
        json.GetProperty("achieved_rate").GetDouble(),
        Distribution(json.GetProperty("generator_late_us"), measuredRecords),
        Distribution(json.GetProperty("ack_us"), measuredRecords),
        Distribution(json.GetProperty("e2e_us"), measuredRecords)));

    private static T Read<T>(string output, Func<JsonElement, T> read)
    {
        string? line = output.Split('\n').FirstOrDefault(l => l.StartsWith('{'));
        try
        {
            using JsonDocument document = JsonDocument.Parse(line ?? "");
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BenchException($"kgo-bench printed no figures: {output}", e);
        }
    }

    private static Latency Distribution(JsonElement json, long count)
    {
        double p50 = json.GetProperty("p50").GetDouble();
        double p90 = json.GetProperty("p90").GetDouble();
        double p99 = json.GetProperty("p99").GetDouble();
        double p999 = json.GetProperty("p99.9").GetDouble();
        double max = json.GetProperty("max").GetDouble();
        return new Latency
        {
            Count = count,
            P50 = p50,
            P90 = p90,
            P99 = p99,
            P999 = p999,
            Max = max,
            Curve = [new(0, json.GetProperty("min").GetDouble()), new(50, p50), new(90, p90), new(99, p99), new(99.9, p999), new(100, max)],
        };
    }
}
