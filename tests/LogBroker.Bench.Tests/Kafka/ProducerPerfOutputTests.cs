using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

public sealed class ProducerPerfOutputTests
{
    private const string Window = "69044 records sent, 68837.5 records/sec (67.22 MB/sec), 75.5 ms avg latency, 563.0 ms max latency.";

    private const string Overall =
        "600000 records sent, 52910.052910 records/sec (51.67 MB/sec), 63.62 ms avg latency, 1015.00 ms max latency, "
        + "50 ms 50th, 150 ms 95th, 320 ms 99th, 535 ms 99.9th.";

    private const string Steady =
        "300000 steady state records sent, 72202.166065 records/sec (70.51 MB/sec), 51.52 ms avg latency, 257.00 ms max latency, "
        + "40 ms 50th, 137 ms 95th, 206 ms 99th, 242 ms 99.9th.";

    [Fact]
    public void A_window_has_its_own_length()
    {
        ProducerWindow? window = ProducerPerfOutput.Window(Window);
        Assert.NotNull(window);
        Assert.Equal(69_044, window.Records);
        Assert.Equal(1.003, window.Seconds, 3);
        Assert.Equal(75.5, window.LatencyAverageMs);
        Assert.Equal(563, window.LatencyMaxMs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Reading payloads from: payload.txt")]
    [InlineData("Warmup first 300000 records. Steady state results will print after the complete test summary.")]
    [InlineData("In steady state.")]
    [InlineData(Overall)]
    [InlineData(Steady)]
    [InlineData("0 records sent, 0.0 records/sec (0.00 MB/sec), NaN ms avg latency, 0.0 ms max latency.")]
    public void Other_lines_are_no_windows(string line) => Assert.Null(ProducerPerfOutput.Window(line));

    [Fact]
    public void The_summary_is_that_behind_the_warm_up()
    {
        ProducerSummary summary = ProducerPerfOutput.Summary($"In steady state.\n{Window}\n{Overall}\n{Steady}\n");
        Assert.Equal(300_000, summary.Records);
        Assert.Equal(4.155, summary.Seconds, 3);
        Assert.Equal(300_000, summary.Latency.Count);
        Assert.Equal(40_000, summary.Latency.P50);
        Assert.Null(summary.Latency.P90);
        Assert.Equal(206_000, summary.Latency.P99);
        Assert.Equal(242_000, summary.Latency.P999);
        Assert.Equal(257_000, summary.Latency.Max);
        Assert.Equal(51_520, summary.Latency.Mean!.Value, 3);
    }

    [Fact]
    public void Without_a_warm_up_the_summary_is_that_of_all()
    {
        ProducerSummary summary = ProducerPerfOutput.Summary($"{Window}\n{Overall}\n");
        Assert.Equal(600_000, summary.Records);
        Assert.Equal(320_000, summary.Latency.P99);
    }

    [Fact]
    public void Output_without_a_summary_is_refused() =>
        Assert.Contains("no summary", Assert.Throws<BenchException>(() => ProducerPerfOutput.Summary(Window)).Message);
}
