using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Kafka;

namespace LogBroker.Bench.Tests.Kafka;

public sealed class MeasuredWindowsTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Windows_that_begin_in_the_warm_up_do_not_count()
    {
        MeasuredWindows measured = MeasuredWindows.Of(Windows(10), 100, 2 * Second, 3 * Second);

        // The first one reported is at 100 s; those that end at 103, 104 and 105 s are measured.
        Assert.Equal(3, measured.Seconds);
        Assert.Equal(4 + 5 + 6, measured.Records);
        Assert.Equal(3 * 0.5, measured.CpuSeconds);
    }

    [Fact]
    public void A_load_that_ended_early_counts_as_far_as_it_went()
    {
        MeasuredWindows measured = MeasuredWindows.Of(Windows(5), 100, 2 * Second, 10 * Second);
        Assert.Equal(2, measured.Seconds);
        Assert.Equal(4 + 5, measured.Records);
    }

    [Fact]
    public void A_load_that_ended_in_the_warm_up_leaves_its_later_half()
    {
        MeasuredWindows measured = MeasuredWindows.Of(Windows(4), 100, 60 * Second, 10 * Second);
        Assert.Equal(2, measured.Seconds);
        Assert.Equal(3 + 4, measured.Records);
    }

    [Fact]
    public void Cpu_that_is_unknown_stays_unknown()
    {
        TimedWindow[] windows = [.. Windows(4).Select(w => w with { CpuSeconds = null })];
        Assert.Null(MeasuredWindows.Of(windows, 100, Second, Second).CpuSeconds);
    }

    [Fact]
    public void A_single_window_is_no_measurement() =>
        Assert.Throws<BenchException>(() => MeasuredWindows.Of(Windows(1), 100, Second, Second));

    /// <summary>One a second from 100 s on, with 1, 2, 3 … records and half a second of CPU each.</summary>
    private static TimedWindow[] Windows(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new TimedWindow(100 + i, i + 1, 1, i * 0.5))];
}
