using LogBroker.Bench.Report;
using LogBroker.Bench.Results;
using static LogBroker.Bench.Tests.Report.SampleResults;

namespace LogBroker.Bench.Tests.Report;

public sealed class ClusterTargetTests
{
    private const string Worst = "unavailable after SIGKILL ≤ 3 s, worst of 20";

    [Fact]
    public void All_ends_of_all_rounds_count_alike()
    {
        RunSet runs = Set(Lost("W11-kill", "logbroker", 1, Times(10, 1.0)), Lost("W11-kill", "logbroker", 2, [.. Times(9, 2.0), 2.9]));
        Finding median = Judge("unavailable after SIGKILL ≤ 1.5 s, median", runs);
        Assert.Equal((Verdict.Met, "1.50 s (1.00–2.90) over 20"), (median.Verdict, median.Measured));
        Assert.Equal(new Finding(Verdict.Met, "worst 2.90 s of 20"), Judge(Worst, runs));
    }

    [Fact]
    public void Too_few_ends_prove_nothing_good_but_one_bad_one_is_enough()
    {
        Assert.Equal(Verdict.NotMeasured, Judge(Worst, Set(Lost("W11-kill", "logbroker", 1, Times(10, 1.0)))).Verdict);
        Assert.Equal(Verdict.Missed, Judge(Worst, Set(Lost("W11-kill", "logbroker", 1, 3.1))).Verdict);
        Assert.Equal(Verdict.NotMeasured, Judge(Worst, Set(Lost("W11-kill", "kafka", 1, 3.1))).Verdict);
    }

    [Fact]
    public void A_lost_record_misses_the_goal_also_when_the_run_failed()
    {
        RunResult good = Lost("W11-kill", "logbroker", 1, 1) with { Verify = new VerifyResult(1000, 1000, true) };
        RunResult bad = good with { Round = 2, Verify = new VerifyResult(1000, 999, null), Failure = "1 record is missing", Load = null };
        Assert.Equal(Verdict.Met, Judge("acknowledged records lost: 0", Set(good)).Verdict);
        Assert.Equal(new Finding(Verdict.Missed, "1 of 2,000 lost"), Judge("acknowledged records lost: 0", Set(good, bad)));
    }

    [Fact]
    public void A_cluster_has_a_section_a_chart_and_ratios()
    {
        RenderedReport report = Render(
            File(Lost("W11-kill", "logbroker", 1, 0.5, 0.7), Lost("W11-kill", "kafka", 1, 9.5)), charts: "charts");
        Assert.Contains("3 nodes and replicas, 4 partitions", report.Markdown, StringComparison.Ordinal);
        Assert.Contains("unavailable, worst", report.Markdown, StringComparison.Ordinal);
        Assert.Contains("| W11-kill | unavailable, median | 600 ms | 9.50 s |", report.Markdown, StringComparison.Ordinal);
        Assert.Contains("shortest to longest of all ends", Assert.Single(report.Charts).Svg, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_comes_back_is_held_against_the_disk_and_the_tail_before()
    {
        RunResult run = Made("W11-rejoin", "logbroker", "sdk", 1, new ClientResult
        {
            Client = "sdk",
            NodeReturn = new NodeReturn(3_000_000_000, 0.5, 9.5, 1000, 3100),
        });
        ResultFile file = File(run) with
        {
            DiskProbes = new Dictionary<string, DiskProbeResult> { ["W11-rejoin#1"] = new DiskProbeResult(600, null) },
        };
        var runs = new RunSet([file]);
        Assert.Equal(Verdict.Met, Judge("catch-up, MB/s ≥ 50 % of the disk with one fsync per MiB", runs).Verdict);
        Assert.Equal(Verdict.Missed, Judge("ack p99 during catch-up ≤ 3 × that before", runs).Verdict);
    }

    [Fact]
    public void The_start_and_the_memory_of_three_nodes_are_not_held_against_the_goals_of_one()
    {
        RunSet runs = Set(Made("W10-A", "logbroker", "sdk", 1, Produced(50)) with { StartSeconds = 5 });
        Assert.Equal(Verdict.NotMeasured, Judge("process start to ready ≤ 0.5 s with an empty directory", runs).Verdict);
    }

    [Fact]
    public void Results_of_nodes_survive_the_file()
    {
        ResultFile file = File(Lost("W11-kill", "logbroker", 1, 0.5) with { LeadersMovedSeconds = 1.25 });
        RunResult read = ResultFileJson.Parse(ResultFileJson.Serialize(file), "f").Runs[0];
        Assert.Equal(new NodeLoss(0.5, null, 2), Assert.Single(read.Load!.NodeLosses!));
        Assert.Equal(1.25, read.LeadersMovedSeconds);
    }

    private static double[] Times(int count, double seconds) => [.. Enumerable.Repeat(seconds, count)];

    private static RunResult Lost(string scenario, string system, int round, params double[] seconds) => Made(
        scenario, system, "any", round,
        new ClientResult { Client = "any", NodeLosses = [.. seconds.Select(s => new NodeLoss(s, null, 2))] });

    private static Finding Judge(string rule, RunSet runs) =>
        Targets.All.First(t => t.Rule == rule).Judge(runs);
}
