using LogBroker.Bench.Machine;

namespace LogBroker.Bench.Tests.Machine;

public sealed class ProcessUsageTests
{
    private readonly ProcessUsage _usage = new();

    [Fact]
    public void Processes_are_added_up_from_their_first_look()
    {
        _usage.Add(0, new Dictionary<int, ProcessSample> { [1] = new(10, 100, 50, 1000), [2] = new(1, 10, 5, 0) });
        _usage.Add(1, new Dictionary<int, ProcessSample> { [1] = new(12, 300, 60, 1500), [2] = new(1.5, 20, 6, 100) });

        Assert.Equal(2.5, _usage.CpuSeconds);
        Assert.Equal(600, _usage.BytesWritten);
        Assert.Equal(320, _usage.RssBytesPeak);
        Assert.Equal(66, _usage.RssAnonBytesPeak);
    }

    [Fact]
    public void One_that_has_ended_keeps_what_it_used()
    {
        _usage.Add(0, new Dictionary<int, ProcessSample> { [1] = new(0, 100, 50, 0) });
        _usage.Add(1, new Dictionary<int, ProcessSample> { [1] = new(3, 100, 50, 70) });
        _usage.Add(2, new Dictionary<int, ProcessSample>());

        Assert.Equal(3, _usage.CpuSeconds);
        Assert.Equal(70, _usage.BytesWritten);
        Assert.Equal([50, 50], _usage.RssAnonBytesOverTime);
    }

    [Fact]
    public void Peaks_are_those_of_the_sum_at_one_time()
    {
        _usage.Add(0, new Dictionary<int, ProcessSample> { [1] = new(0, 100, 100, 0), [2] = new(0, 1, 1, 0) });
        _usage.Add(1, new Dictionary<int, ProcessSample> { [1] = new(0, 1, 1, 0), [2] = new(0, 90, 90, 0) });

        Assert.Equal(101, _usage.RssBytesPeak);
    }

    [Fact]
    public void The_series_has_one_entry_a_second()
    {
        foreach (double seconds in new[] { 0, 0.4, 0.8, 1.2, 1.6, 2.0 })
        {
            _usage.Add(seconds, new Dictionary<int, ProcessSample> { [1] = new(0, 0, (long)(seconds * 10), 0) });
        }

        Assert.Equal([0, 12, 20], _usage.RssAnonBytesOverTime);
    }

    [Fact]
    public void Bytes_written_are_null_when_one_may_not_be_read()
    {
        _usage.Add(0, new Dictionary<int, ProcessSample> { [1] = new(0, 0, 0, null), [2] = new(0, 0, 0, 5) });

        Assert.Null(_usage.BytesWritten);
    }

    [Fact]
    public void Without_a_process_nothing_was_written()
    {
        _usage.Add(0, new Dictionary<int, ProcessSample>());

        Assert.Null(_usage.BytesWritten);
        Assert.Empty(_usage.RssAnonBytesOverTime);
    }

    [Fact]
    public void The_sampler_sees_this_process()
    {
        using var sampler = new ProcessUsageSampler([Environment.ProcessId, int.MaxValue], TimeSpan.FromMinutes(1));
        var usage = sampler.Stop(bytesMoved: null);

        Assert.True(usage.RssBytesPeak > 0);
        Assert.Null(usage.CpuSecondsPerGigabyte);
    }
}
