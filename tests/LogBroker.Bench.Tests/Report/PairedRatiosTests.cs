using LogBroker.Bench.Report;
using LogBroker.Bench.Results;
using static LogBroker.Bench.Tests.Report.SampleResults;

namespace LogBroker.Bench.Tests.Report;

public sealed class PairedRatiosTests
{
    [Fact]
    public void The_median_of_an_even_number_is_between_the_two_in_the_middle()
    {
        Assert.Equal(new Spread(2.5, 1, 9, 4), Spread.Of([9, 1, null, 3, 2]));
        Assert.Null(Spread.Of([null, double.NaN]));
    }

    [Fact]
    public void Ratios_are_of_the_same_round()
    {
        // Ratios of the medians would give 300 / 200; the pairs say 2, 1.5 and 3.
        RunSet runs = Set(
            Ours("W1-A", 1, 200), Theirs("W1-A", "java", 1, 100), Ours("W1-A", 2, 300), Theirs("W1-A", "java", 2, 200),
            Ours("W1-A", 3, 900), Theirs("W1-A", "java", 3, 300), Ours("W1-A", 4, 5000));
        PairedRatios ratios = PairedRatios.Of(runs, Scenario("W1-A"), Figures.InMegabytes, Rival.Kafka)!;
        Assert.Equal(new Spread(2, 1.5, 3, 3), ratios.Ratio);
    }

    [Fact]
    public void The_better_client_is_chosen_in_each_round_by_the_figure()
    {
        RunSet runs = Set(
            Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 100), Theirs("W1-A", "franz-go", 1, 200),
            Ours("W1-A", 2, 400), Theirs("W1-A", "java", 2, 400), Theirs("W1-A", "franz-go", 2, 200));
        Assert.Equal([1, 2], Extremes(PairedRatios.Of(runs, Scenario("W1-A"), Figures.InMegabytes, Rival.Kafka)));

        RunSet latencies = Set(
            Made("W5-A-5000", "logbroker", "sdk", 1, EndToEnd(500, 1000)), Made("W5-A-5000", "kafka", "java", 1, EndToEnd(1000, 9000)),
            Made("W5-A-5000", "kafka", "franz-go", 1, EndToEnd(2000, 4000)));
        Assert.Equal([0.5, 0.5], Extremes(PairedRatios.Of(latencies, Scenario("W5-A-5000"), Figures.EndToEndP50, Rival.Kafka)));
        Assert.Equal([0.25, 0.25], Extremes(PairedRatios.Of(latencies, Scenario("W5-A-5000"), Figures.EndToEndP99, Rival.Kafka)));
    }

    [Fact]
    public void Failed_runs_have_no_part()
    {
        RunSet runs = Set(
            Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 200), Ours("W1-A", 2, 400),
            Theirs("W1-A", "java", 2, 1) with { Failure = "broke" });
        Assert.Equal(new Spread(2, 2, 2, 1), PairedRatios.Of(runs, Scenario("W1-A"), Figures.InMegabytes, Rival.Kafka)!.Ratio);
        Assert.Equal(1, runs.SpreadOf("W1-A", new Contender("kafka", "java"), Figures.InMegabytes)!.Count);
    }

    [Fact]
    public void Pairs_of_class_B_in_different_modes_of_the_disk_are_left_out()
    {
        RunResult slow = Theirs("W1-B", "java", 1, 10) with { FsyncBefore = Fsync(4000), FsyncAfter = Fsync(4000) };
        RunResult fast = Ours("W1-B", 1, 200) with { FsyncBefore = Fsync(200), FsyncAfter = Fsync(250) };
        PairedRatios ratios = PairedRatios.Of(Set(fast, slow), Scenario("W1-B"), Figures.InMegabytes, Rival.Kafka)!;
        Assert.Null(ratios.Ratio);
        Assert.Equal(1, ratios.OtherMode);
        Assert.True(PairedRatios.AreOfOneMode(fast));
        Assert.True(PairedRatios.AreOfOneMode(Ours("W1-B", 1, 1)));
    }

    [Fact]
    public void There_is_no_ratio_to_a_latency_of_zero()
    {
        RunSet runs = Set(
            Made("W5-A-5000", "logbroker", "sdk", 1, EndToEnd(500, 1000)), Made("W5-A-5000", "kafka", "java", 1, EndToEnd(0, 6000)));
        PairedRatios ratios = PairedRatios.Of(runs, Scenario("W5-A-5000"), Figures.EndToEndP50, Rival.Kafka)!;
        Assert.Null(ratios.Ratio);
        Assert.Equal(1, ratios.BelowResolution);
    }

    [Fact]
    public void Rounds_of_different_files_are_no_pair()
    {
        var runs = new RunSet([File(Ours("W1-A", 1, 400)), File(Theirs("W1-A", "java", 1, 100))]);
        Assert.Null(PairedRatios.Of(runs, Scenario("W1-A"), Figures.InMegabytes, Rival.Kafka));
    }

    private static double[] Extremes(PairedRatios? ratios) => [ratios!.Ratio!.Min, ratios.Ratio.Max];
}
