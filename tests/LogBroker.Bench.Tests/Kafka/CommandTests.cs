using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

public sealed class CommandTests
{
    [Fact]
    public void A_java_producer_gets_the_scenarios_limits()
    {
        string command = string.Join(' ', JavaCommands.Produce("127.0.0.1:9", "t", "p", Named("W1-A"), 100, 0, -1));
        Assert.Contains("--num-records 100 --payload-file p --throughput -1", command);
        Assert.Contains("acks=all compression.type=none batch.size=262144 linger.ms=5 buffer.memory=4194304", command);
        Assert.DoesNotContain("warmup", command);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(256)]
    public void The_buffer_of_singles_holds_as_many_as_are_in_flight_and_no_more(int inFlight)
    {
        const int BatchOfOneRecord = 61 + 21 + 1 + 2 + 1024 + 1; // what the Java client takes from its buffer for 1024 bytes
        Assert.Equal(inFlight, JavaCommands.SinglesBufferBytes(1024, inFlight) / BatchOfOneRecord);
    }

    [Fact]
    public void Singles_of_java_are_batches_of_one() =>
        Assert.Contains("batch.size=1", JavaCommands.Produce("127.0.0.1:9", "t", "p", Named("W7-B-16"), 100, 10, -1));

    [Fact]
    public void Kgo_gets_the_scenarios_limits()
    {
        string command = string.Join(' ', KgoCommands.Throughput("127.0.0.1:9", Named("W2-B"), 100));
        Assert.Equal(
            "-brokers 127.0.0.1:9 -prefix bench -keep -timeout 20m bench -partitions 8 -size 1024 -batch-bytes 262144 -linger 5ms "
            + "-topic-config flush.messages=1 -count 100 -producers 4 -buffered 4096",
            command);
    }

    [Fact]
    public void Kgo_holds_as_many_singles_as_are_in_flight() =>
        Assert.EndsWith("-buffered 256", string.Join(' ', KgoCommands.Throughput("127.0.0.1:9", Named("W7-B-256"), 100)));

    [Fact]
    public void Kgo_runs_a_fixed_rate_for_warm_up_and_duration()
    {
        string command = string.Join(' ', KgoCommands.FixedRate("127.0.0.1:9", Named("W5-A-20000")));
        Assert.EndsWith("-linger 0ms -rate 20000 -producers 1 -duration 15000ms -warmup 5000ms", command);
    }

    [Fact]
    public void Values_are_of_their_size_and_half_random()
    {
        string[] values = PayloadFile.Text(1024).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(PayloadFile.Values, values.Length);
        Assert.All(values, v => Assert.Equal(1024, v.Length));
        Assert.All(values, v => Assert.Equal(new string('x', 512), v[512..]));
        Assert.Equal(values.Length, values.Distinct().Count());
    }

    [Fact]
    public void Cpu_seconds_are_user_and_system() =>
        Assert.Equal(3.27, ProcessCpu.SecondsOf("4711 (a (b) c) S 1 4711 4711 0 -1 4194560 1 0 0 0 300 27 5 6 20 0 30 0 99 1 1"));

    private static Scenario Named(string name) => WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Single(s => s.Name == name);
}
