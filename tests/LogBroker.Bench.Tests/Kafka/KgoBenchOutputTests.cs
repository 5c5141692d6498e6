using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

public sealed class KgoBenchOutputTests
{
    private const string ThroughputRun =
        """{"acked":1000000,"config":{"acks":"all","batch_bytes":262144,"codec":"none","linger_ms":5,"partitions":1,"""
        + """ "producers":1,"rf":1,"size":1024},"consume_mb_per_s":753.76,"consume_records_per_s":736094,"""
        + """ "consume_seconds":1.358,"consumed":1000000,"failures":0,"pass":true,"produce_mb_per_s":128.07,"""
        + """ "produce_records_per_s":125070,"produce_seconds":7.995,"seconds":9.468,"seed":1,"test":"bench"}"""
        + "\nPASS\n";

    private const string LatencyRun =
        """{"achieved_rate":5000,"ack_us":{"max":55203,"min":61,"p50":3112,"p90":17776,"p99":42054,"p99.9":53577},"""
        + """ "config":{"acks":"all","batch_bytes":1000000,"codec":"none","linger_ms":0,"partitions":4,"producers":1,"""
        + """ "rf":1,"size":1024},"e2e_us":{"max":57796,"min":147,"p50":3885,"p90":21151,"p99":42387,"p99.9":55013},"""
        + """ "failures":0,"generator_late_us":{"max":19828,"min":0,"p50":396,"p90":6531,"p99":15403,"p99.9":18798},"""
        + """ "intended_rate":5000,"pass":true,"records":25000,"seconds":5.597,"seed":1,"sent_over_10ms_late":1229,"""
        + """ "test":"bench"}"""
        + "\nPASS\n";

    [Fact]
    public void Both_parts_of_a_throughput_run_are_read() =>
        Assert.Equal(new KgoThroughput(1_000_000, 7.995, 1_000_000, 1.358), KgoBenchOutput.Throughput(ThroughputRun));

    [Fact]
    public void The_three_latencies_are_read()
    {
        KgoLatency run = KgoBenchOutput.Latency(LatencyRun, 15_000);
        Assert.Equal(25_000, run.Records);
        Assert.Equal(5_000, run.RecordsPerSecond);
        Assert.Equal(396, run.PublishDelay.P50);
        Assert.Equal(42_054, run.Ack.P99);
        Assert.Equal(15_000, run.EndToEnd.Count);
        Assert.Equal(3_885, run.EndToEnd.P50);
        Assert.Equal(21_151, run.EndToEnd.P90);
        Assert.Equal(55_013, run.EndToEnd.P999);
        Assert.Equal(57_796, run.EndToEnd.Max);
        Assert.Null(run.EndToEnd.Mean);
        Assert.Equal([0, 50, 90, 99, 99.9, 100], run.EndToEnd.Curve.Select(c => c.Percentile));
    }

    [Theory]
    [InlineData("")]
    [InlineData("FAIL")]
    [InlineData("{\"acked\":1}")]
    [InlineData("{\"acked\":")]
    public void Output_without_figures_is_refused(string output) =>
        Assert.Contains("no figures", Assert.Throws<BenchException>(() => KgoBenchOutput.Throughput(output)).Message);
}
