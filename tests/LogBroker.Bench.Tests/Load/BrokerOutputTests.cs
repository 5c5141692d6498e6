using LogBroker.Bench.Systems.LogBroker;

namespace LogBroker.Bench.Tests.Load;

public sealed class BrokerOutputTests
{
    [Fact]
    public void The_ready_line_says_where_the_broker_is()
    {
        Assert.Equal(
            new ReadyLine("127.0.0.1:35635", "127.0.0.1:32997", "0.1.0"),
            ReadyLine.TryParse("LogBroker ready: grpc=127.0.0.1:35635 http=127.0.0.1:32997 data=./d1 node=1 version=0.1.0"));
        Assert.Null(ReadyLine.TryParse("2026-11-25T15:37:39.755Z info: LogBroker.Server[1001] LogBroker 0.1.0 starts"));
    }

    [Fact]
    public void Syncs_are_the_count_of_the_histogram_of_their_durations()
    {
        const string Text = """
            # HELP logbroker_fsync_duration_seconds One fdatasync of a data file.
            # TYPE logbroker_fsync_duration_seconds histogram
            logbroker_fsync_duration_seconds_bucket{le="+Inf"} 24341
            logbroker_fsync_duration_seconds_sum 3.25
            logbroker_fsync_duration_seconds_count 24341
            """;
        Assert.Equal(24_341, MetricsText.Syncs(Text));
        Assert.Null(MetricsText.Syncs("logbroker_append_bytes_total 5\n"));
    }
}
