using LogBroker.Bench.Plan;
using LogBroker.Bench.Report;
using LogBroker.Bench.Results;
using static LogBroker.Bench.Tests.Report.SampleResults;

namespace LogBroker.Bench.Tests.Report;

public sealed class TargetTests
{
    [Fact]
    public void Every_scenario_of_a_target_is_in_the_catalogue_and_of_its_class() =>
        Assert.All(
            Targets.All.Where(t => t.Scenario is not null),
            t => Assert.Equal(t.Class, Scenario(t.Scenario!).Class));

    [Theory]
    [InlineData(150, Verdict.Met)]
    [InlineData(149, Verdict.Missed)]
    public void A_ratio_meets_its_limit_or_misses_it(double ours, Verdict verdict)
    {
        Finding finding = Judge("W1-A", "in, MB/s ≥ 1.5× Kafka", Set(Ours("W1-A", 1, ours), Theirs("W1-A", "java", 1, 100)));
        Assert.Equal(verdict, finding.Verdict);
        Assert.Contains($"{ours:0} against 100", finding.Measured, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(250, Verdict.Met)]
    [InlineData(251, Verdict.Missed)]
    public void For_latency_less_is_better(double ours, Verdict verdict) => Assert.Equal(
        verdict,
        Judge(
            "W5-A-5000", "end to end p99 ≤ 0.25× Kafka",
            Set(Made("W5-A-5000", "logbroker", "sdk", 1, EndToEnd(1, ours)), Made("W5-A-5000", "kafka", "franz-go", 1, EndToEnd(1, 1000))))
        .Verdict);

    [Fact]
    public void Without_the_rival_it_is_not_measured()
    {
        RunSet runs = Set(Ours("W1-A", 1, 500));
        Assert.Equal(Verdict.NotMeasured, Judge("W1-A", "in, MB/s ≥ 1.5× Kafka", runs).Verdict);
        Assert.Equal(Verdict.NotMeasured, Judge("W2-A", "in, MB/s ≥ 400", runs).Verdict);
        Assert.Equal(new Finding(Verdict.Met, "500"), Judge("W1-A", "in, MB/s ≥ 400", runs));
    }

    [Theory]
    [InlineData(1100, Verdict.Met)]
    [InlineData(1101, Verdict.Missed)]
    public void The_fsync_floor_takes_the_faster_probe(double p50, Verdict verdict)
    {
        RunResult run = Made("W5-B-5000", "logbroker", "sdk", 1, EndToEnd(p50, 9000)) with
        {
            FsyncBefore = Fsync(4000),
            FsyncAfter = Fsync(200),
        };
        Assert.Equal(verdict, Judge("W5-B-5000", "end to end p50 ≤ 2 × fsync p50 + 0.7 ms", Set(run)).Verdict);
    }

    [Theory]
    [InlineData(210, Verdict.Met)]
    [InlineData(209, Verdict.Missed)]
    public void The_disk_is_that_of_the_same_round(double ours, Verdict verdict)
    {
        ResultFile file = File(Ours("W1-B", 2, ours)) with
        {
            DiskProbes = new Dictionary<string, DiskProbeResult> { ["W1-B#1"] = new(900, null), ["W1-B#2"] = new(300, null) },
        };
        Assert.Equal(verdict, Judge("W1-B", "in, MB/s ≥ 70 % of the disk with one fsync per MiB", new RunSet([file])).Verdict);
    }

    [Fact]
    public void Memory_is_judged_by_the_largest_run_and_by_its_growth()
    {
        RunResult small = Ours("W1-A", 1, 1) with { Broker = Usage(100e6, 100e6) };
        RunResult grown = Ours("W2-A", 1, 1) with { Broker = Usage(100e6, 299e6) };
        RunResult large = Ours("W3-A-in", 1, 1) with { Broker = Usage(301e6, 301e6) };
        const string Peak = "peak RssAnon of the broker ≤ 300 MB in every run of one node";
        const string Flat = "RssAnon flat: last quarter ≤ second quarter + 15 % (or 16 MB)";
        Assert.Equal(Verdict.Met, Judge(null, Peak, Set(small, grown)).Verdict);
        Assert.Equal(Verdict.Missed, Judge(null, Peak, Set(small, large)).Verdict);
        Assert.Equal(Verdict.Met, Judge(null, Flat, Set(small, large)).Verdict);
        Assert.Equal(Verdict.Missed, Judge(null, Flat, Set(small, grown)).Verdict);
        Assert.Equal(Verdict.NotMeasured, Judge(null, Flat, Set(Ours("W1-A", 1, 1))).Verdict);
    }

    [Fact]
    public void Growth_of_partitions_compares_two_scenarios_of_one_round()
    {
        const string Rule = "end to end p99 at 5 MB/s with 256 partitions ≤ 2 × that with 1";
        RunResult one = Made("W12-A-1", "logbroker", "sdk", 1, EndToEnd(1, 1000));
        Assert.Equal(Verdict.Met, Judge("W12-A-256", Rule, Set(one, Made("W12-A-256", "logbroker", "sdk", 1, EndToEnd(1, 2000)))).Verdict);
        Assert.Equal(
            Verdict.NotMeasured, Judge("W12-A-256", Rule, Set(one, Made("W12-A-256", "logbroker", "sdk", 2, EndToEnd(1, 1)))).Verdict);
    }

    [Fact]
    public void A_restart_after_a_kill_may_read_what_was_written()
    {
        const string Rule = "≤ 1 s + reading the active segments, after a kill";
        ResultFile file = File(Made("START-kill", "logbroker", "sdk", 1) with { RestartSeconds = 6 });
        Assert.Equal(Verdict.NotMeasured, Judge("START-kill", Rule, new RunSet([file])).Verdict);
        Assert.Equal(Verdict.Missed, Judge("START-kill", Rule, new RunSet([WithRead(file, 2500)])).Verdict);
        Assert.Equal(Verdict.Met, Judge("START-kill", Rule, new RunSet([WithRead(file, 2000)])).Verdict);
    }

    [Fact]
    public void Lost_records_meet_nothing()
    {
        RunResult lossy = Ours("W1-A", 1, 500) with { Verify = new VerifyResult(10, 9, null) };
        Finding finding = Judge("W1-A", "in, MB/s ≥ 400", Set(lossy));
        Assert.Equal(Verdict.Missed, finding.Verdict);
        Assert.Contains("acknowledged records are missing", finding.Measured, StringComparison.Ordinal);
    }

    private static ResultFile WithRead(ResultFile file, double megabytesPerSecond) => file with
    {
        DiskProbes = new Dictionary<string, DiskProbeResult> { ["W8-cold-1#1"] = new(300, megabytesPerSecond) },
    };

    private static Finding Judge(string? scenario, string rule, RunSet runs) =>
        Targets.All.First(t => t.Scenario == scenario && t.Rule == rule && (scenario is not null || t.Class == DurabilityClass.A))
            .Judge(runs);

    private static BrokerUsage Usage(double early, double late) => new()
    {
        CpuSeconds = 1,
        CpuPercent = 1,
        RssBytesPeak = 1,
        RssAnonBytesPeak = (long)late,
        RssAnonBytesOverTime = [.. Enumerable.Range(0, 12).Select(i => (long)(i < 6 ? early : late))],
        Seconds = 12,
    };
}
