using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests;

public sealed class CountedLoadTests
{
    private static readonly Scenario Scenario = new()
    {
        Name = "x",
        Workload = "x",
        Class = DurabilityClass.A,
        Kind = LoadKind.Ingest,
        ValueBytes = 1000,
        Warmup = TimeSpan.FromSeconds(5),
        Duration = TimeSpan.FromSeconds(10),
        BytesWrittenMax = 3_000_000_000,
    };

    private readonly List<long> _asked = [];

    [Fact]
    public async Task The_warmup_is_filled_and_then_the_duration_at_its_rate()
    {
        var load = new CountedLoad(Scenario, firstRecords: 1000, multiple: 1);

        CountedRun measured = await load.RunAsync(n => RunAtAsync(1000, n));

        Assert.Equal([1000, 4000, 10_000], _asked);
        Assert.Equal(10_000, measured.Records);
        Assert.Equal(15_000, load.Records);
        Assert.Equal(3, load.CpuSeconds);
    }

    [Fact]
    public async Task A_first_run_that_is_long_enough_is_the_whole_warmup()
    {
        await new CountedLoad(Scenario, firstRecords: 1000, multiple: 1).RunAsync(n => RunAtAsync(200, n));

        Assert.Equal([1000, 2000], _asked);
    }

    [Fact]
    public async Task All_runs_together_stay_below_the_limit()
    {
        var load = new CountedLoad(Scenario, firstRecords: 40_000, multiple: 8);

        await load.RunAsync(n => RunAtAsync(1_000_000, n));

        Assert.Equal([40_000, 710_000, 2_250_000], _asked);
        Assert.Equal(3_000_000, load.Records);
    }

    [Fact]
    public async Task Counts_are_multiples_and_never_none()
    {
        await new CountedLoad(Scenario, firstRecords: 1000, multiple: 256).RunAsync(n => RunAtAsync(1, n));

        Assert.Equal([768, 256], _asked);
    }

    [Fact]
    public async Task Without_a_warmup_the_rate_is_still_looked_for()
    {
        await new CountedLoad(Scenario with { Warmup = TimeSpan.Zero }, firstRecords: 500, multiple: 1).RunAsync(n => RunAtAsync(100, n));

        Assert.Equal([500, 1000], _asked);
    }

    private Task<CountedRun> RunAtAsync(double recordsPerSecond, long records)
    {
        _asked.Add(records);
        return Task.FromResult(new CountedRun(records, records / recordsPerSecond, CpuSeconds: 1));
    }
}
