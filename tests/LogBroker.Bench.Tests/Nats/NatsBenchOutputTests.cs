using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Nats;

namespace LogBroker.Bench.Tests.Nats;

/// <summary>On output of nats 0.5.1.</summary>
public sealed class NatsBenchOutputTests
{
    private const string OneClient =
        "NATS JetStream synchronous publisher stats: 3,904 msgs/sec ~ 3.8 MiB/sec ~ min: 155.78us ~ avg: 255.95us ~ max: 1,831.26us ~ P50: 242.72us ~ P90: 323.46us ~ P99: 399.28us ~ P99.9: 1,095.68us\n" +
        "15:36:40 [1] Starting JetStream synchronous publisher, publishing 5,000 messages\n";

    private const string SeveralClients =
        "  [1] 84,125 msgs/sec ~ 82 MiB/sec ~ min: 28,781.72us ~ avg: 46,900.10us ~ max: 63,588.66us ~ P50: 47,091.65us ~ P90: 57,912.53us ~ P99: 63,588.66us ~ P99.9: 63,588.66us (40,000 msgs)\n" +
        "  [2] 82,350 msgs/sec ~ 80 MiB/sec ~ min: 11,858.85us ~ avg: 48,545.63us ~ max: 80,833.70us ~ P50: 47,220.24us ~ P90: 62,945.70us ~ P99: 80,833.70us ~ P99.9: 80,833.70us (40,000 msgs)\n" +
        " NATS JetStream asynchronous publisher aggregated stats: 164,700 msgs/sec ~ 161 MiB/sec\n" +
        " message rates min 82,350 | avg 83,237 | max 84,125 | stddev 887 msgs\n" +
        " latencies per operation min 11,858.85us | avg 47,722.87us | max 80,833.70us | stddev 49,659.61us | P50 47,220.24us | P90 62,945.70us | P99 80,833.70us | P99.9: 80,833.70us\n";

    private const string Reader = "NATS JetStream ordered ephemeral consumer stats: 237,854 msgs/sec ~ 232 MiB/sec\n";

    [Fact]
    public void One_client_has_its_latencies_beside_the_rate()
    {
        var output = NatsBenchOutput.Parse(OneClient, operations: 5000);

        Assert.Equal(3904, output.RecordsPerSecond);
        Assert.Equal(
            new Latency { Count = 5000, P50 = 242.72, P90 = 323.46, P99 = 399.28, P999 = 1095.68, Max = 1831.26, Mean = 255.95 },
            output.Ack! with { Curve = output.Ack.Curve });
    }

    [Fact]
    public void Of_several_clients_the_aggregate_is_taken()
    {
        var output = NatsBenchOutput.Parse(SeveralClients, operations: 20);

        Assert.Equal(164_700, output.RecordsPerSecond);
        Assert.Equal(47_722.87, output.Ack!.Mean);
        Assert.Equal(47_220.24, output.Ack.P50);
        Assert.Equal(80_833.70, output.Ack.Max);
    }

    [Fact]
    public void A_reader_has_no_latencies()
    {
        var output = NatsBenchOutput.Parse(Reader, operations: 1);

        Assert.Equal(237_854, output.RecordsPerSecond);
        Assert.Null(output.Ack);
    }

    [Fact]
    public void Output_without_a_result_is_shown()
    {
        var e = Assert.Throws<BenchException>(() => NatsBenchOutput.Parse("nats: error: no servers available", operations: 1));

        Assert.Contains("no servers available", e.Message);
    }
}
