using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

public sealed class ConsumerPerfOutputTests
{
    private const string Summary =
        "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, "
        + "rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec\n"
        + "2026-11-25 15:36:22:458, 2026-11-25 15:36:29:594, 878.9492, 123.1711, 900044, 126127.2422, "
        + "4213, 2923, 300.7011, 307917.8926\n";

    private const string ProgressHeader =
        "time, threadId, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, "
        + "rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec";

    private const string Progress =
        "2026-11-25 15:37:24:497, 0, 296.2910, 592.5801, 303402, 606802.0000, 0, 500, 592.5801, 606802.0000";

    [Fact]
    public void The_time_to_join_is_apart_from_the_time_to_fetch()
    {
        ConsumerSummary summary = ConsumerPerfOutput.Summary(Summary);
        Assert.Equal(900_044, summary.Records);
        Assert.Equal(4.213, summary.JoinSeconds);
        Assert.Equal(2.923, summary.FetchSeconds);
        Assert.Equal(new DateTime(2026, 11, 25, 15, 36, 26, 671), summary.FetchStart);
        Assert.Equal(summary.FetchSeconds, (summary.End - summary.FetchStart).TotalSeconds, 3);
    }

    [Fact]
    public void Progress_is_cumulative_and_has_a_time()
    {
        ConsumerProgress? progress = ConsumerPerfOutput.Progress(Progress);
        Assert.Equal(new ConsumerProgress(new DateTime(2026, 11, 25, 15, 37, 24, 497), 303_402), progress);
    }

    [Fact]
    public void Other_lines_are_no_progress()
    {
        Assert.Null(ConsumerPerfOutput.Progress(ProgressHeader));
        Assert.All(Summary.Split('\n'), line => Assert.Null(ConsumerPerfOutput.Progress(line)));
        Assert.Null(ConsumerPerfOutput.Progress(
            "WARNING: Exiting before consuming the expected number of records: timeout (6000 ms) exceeded."));
    }

    [Fact]
    public void Output_without_figures_is_refused() =>
        Assert.Contains("no figures", Assert.Throws<BenchException>(() => ConsumerPerfOutput.Summary(ProgressHeader)).Message);
}
