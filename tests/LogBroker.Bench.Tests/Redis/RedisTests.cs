using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Redis;

namespace LogBroker.Bench.Tests.Redis;

public sealed class RedisTests
{
    /// <summary>Of redis-benchmark 7.0.15 with 16 connections, shortened.</summary>
    private const string Output = """
        ====== XADD s * v VALUE ======
          50000 requests completed in 3.16 seconds
          16 parallel clients
          1068 bytes payload
          keep alive: 1
          host configuration "save":
          host configuration "appendonly": yes
          multi-thread: no

        Latency by percentile distribution:
        0.000% <= 0.183 milliseconds (cumulative count 1)
        50.000% <= 0.671 milliseconds (cumulative count 25498)
        87.500% <= 1.375 milliseconds (cumulative count 43806)
        93.750% <= 2.567 milliseconds (cumulative count 46875)
        99.902% <= 8.143 milliseconds (cumulative count 49952)
        99.994% <= 18.479 milliseconds (cumulative count 49997)
        100.000% <= 20.607 milliseconds (cumulative count 50000)

        Cumulative distribution of latencies:
        0.002% <= 0.207 milliseconds (cumulative count 1)
        90.034% <= 1.703 milliseconds (cumulative count 45017)
        99.904% <= 9.103 milliseconds (cumulative count 49952)
        100.000% <= 21.103 milliseconds (cumulative count 50000)

        Summary:
          throughput summary: 15822.78 requests per second
          latency summary (msec):
                  avg       min       p50       p95       p99       max
                0.976     0.176     0.671     2.935     5.215    20.607
        """;

    private static Scenario Named(string name) => WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Single(s => s.Name == name);

    [Fact]
    public void Rate_and_latencies_are_read_in_microseconds()
    {
        var output = RedisBenchmarkOutput.Parse(Output);

        Assert.Equal(15822.78, output.RecordsPerSecond);
        Assert.Equal(50_000, output.Ack!.Count);
        Assert.Equal(976, output.Ack.Mean);
        Assert.Equal(671, output.Ack.P50);
        Assert.Equal(1703, output.Ack.P90);
        Assert.Equal(5215, output.Ack.P99);
        Assert.Equal(8143, output.Ack.P999);
        Assert.Equal(18_479, output.Ack.P9999);
        Assert.Equal(20_607, output.Ack.Max);
        Assert.Equal(7, output.Ack.Curve.Count);
    }

    [Fact]
    public void An_older_program_gives_no_latencies() =>
        Assert.Null(RedisBenchmarkOutput.Parse("  throughput summary: 100.00 requests per second\n").Ack);

    [Fact]
    public void Output_without_a_result_is_shown() =>
        Assert.Contains("refused", Assert.Throws<BenchException>(() => RedisBenchmarkOutput.Parse("Connection refused")).Message);

    [Theory]
    [InlineData("W1-A", 8, 512)]
    [InlineData("W2-A", 8, 2048)]
    [InlineData("W7-B-256", 256, 1)]
    public void What_is_in_flight_fits_the_producers(string scenario, int connections, int pipeline) =>
        Assert.Equal((connections, pipeline), RedisRun.Shape(Named(scenario)));

    [Fact]
    public void Several_partitions_are_keys_that_are_drawn()
    {
        Assert.Equal("-c 8 -P 512 -n 800 XADD s * v V", string.Join(' ', RedisRun.Arguments(Named("W1-A"), 800, "V")));
        Assert.Equal(
            "-c 8 -P 2048 -n 800 -r 8 XADD s:__rand_int__ * v V", string.Join(' ', RedisRun.Arguments(Named("W2-A"), 800, "V")));
        Assert.Equal(["s"], RedisRun.Keys(Named("W1-A")));
        Assert.Equal("s:000000000007", RedisRun.Keys(Named("W2-A")).Last());
    }

    [Fact]
    public void A_value_has_its_length_and_a_half_that_repeats()
    {
        string value = RedisRun.Value(100);

        Assert.Equal(100, value.Length);
        Assert.EndsWith(new string('a', 50), value);
    }

    [Fact]
    public void Classes_differ_in_their_syncs()
    {
        Assert.Contains("appendfsync everysec", RedisServer.ConfigurationFile("/d", 1, DurabilityClass.A));
        Assert.Contains("appendfsync always", RedisServer.ConfigurationFile("/d", 1, DurabilityClass.B));
    }

    [Fact]
    public void The_version_is_the_number() =>
        Assert.Equal("7.0.15", RedisServer.ParseVersion("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"));

    [Theory]
    [InlineData("W1-B", 1)]
    [InlineData("W7-B-16", 1)]
    [InlineData("W4-A", 0)]
    [InlineData("W5-B-5000", 0)]
    [InlineData("W8-warm-1", 0)]
    [InlineData("W10-A", 0)]
    public void It_only_writes(string scenario, int clients) => Assert.Equal(clients, new RedisSystem().ClientsFor(Named(scenario)).Count);
}
