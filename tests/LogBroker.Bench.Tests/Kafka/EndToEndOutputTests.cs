using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

public sealed class EndToEndOutputTests
{
    private const string Output = """
        0	126.06406299999999
        1000	0.509811
        Avg latency: 1.4744 ms
        Percentiles: 50th = 0, 99th = 12, 99.9th = 96
        """;

    [Fact]
    public void The_latencies_become_a_remark()
    {
        string remark = EndToEndOutput.Remark(Output);
        Assert.Contains("mean 1.4744 ms", remark);
        Assert.Contains("p50 0, p99 12, p99.9 96 ms", remark);
    }

    [Fact]
    public void Output_without_latencies_is_refused() =>
        Assert.Contains("no latencies", Assert.Throws<BenchException>(() => EndToEndOutput.Remark("0\t126.06")).Message);
}
