using System.Diagnostics;
using LogBroker.Bench.Load;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Tests.Load;

public sealed class LatencyRecorderTests
{
    private const long Start = 1_000_000_000_000;

    [Fact]
    public void Percentiles_are_in_microseconds_and_good_to_a_thousandth()
    {
        var recorder = new LatencyRecorder(Start, TimeSpan.FromSeconds(10));
        for (int i = 1; i <= 10_000; i++)
        {
            recorder.Record(Start + Ticks(i), Start + Ticks(2 * i));
        }

        Latency latency = recorder.ToLatency()!;
        Assert.Equal(10_000, latency.Count);
        Assert.Equal(5_000, latency.P50, tolerance: 5.0);
        Assert.Equal(9_900, latency.P99, tolerance: 10.0);
        Assert.Equal(9_990, latency.P999!.Value, tolerance: 10.0);
        Assert.Equal(9_999, latency.P9999!.Value, tolerance: 10.0);
        Assert.Equal(10_000, latency.Max, tolerance: 0.01);
        Assert.Equal(5_000.5, latency.Mean!.Value, tolerance: 5.0);
    }

    [Fact]
    public void The_curve_rises_and_ends_with_the_maximum()
    {
        var recorder = new LatencyRecorder(Start, TimeSpan.FromSeconds(1));
        for (int i = 0; i < 1_000; i++)
        {
            recorder.Record(Start, Start + Ticks(i * 3));
        }

        Latency latency = recorder.ToLatency()!;
        Assert.Equal(latency.Curve.OrderBy(p => p.Percentile).ThenBy(p => p.Microseconds), latency.Curve);
        Assert.Equal(new CurvePoint(100, latency.Max), latency.Curve[^1]);
        Assert.Equal(99.9, latency.Curve[^2].Percentile);
    }

    [Fact]
    public void Percentiles_beyond_the_number_of_values_are_not_invented()
    {
        var recorder = new LatencyRecorder(Start, TimeSpan.FromSeconds(1));
        for (int i = 0; i < 999; i++)
        {
            recorder.Record(Start, Start + Ticks(5));
        }

        Latency latency = recorder.ToLatency()!;
        Assert.NotNull(latency.P90);
        Assert.Null(latency.P999);
        Assert.Null(latency.P9999);
    }

    [Fact]
    public void What_was_due_outside_of_the_measured_part_leaves_no_trace()
    {
        var recorder = new LatencyRecorder(Start, TimeSpan.FromSeconds(1));
        recorder.Record(Start - 1, Start + Ticks(1_000));
        recorder.Record(Start + Stopwatch.Frequency, Start + Stopwatch.Frequency + 1);
        Assert.Null(recorder.ToLatency());
        recorder.Record(Start + Stopwatch.Frequency - 1, Start + (90 * Stopwatch.Frequency));
        Assert.Equal(1, recorder.ToLatency()!.Count);
    }

    [Fact]
    public void Points_over_time_are_by_the_second_in_which_a_record_was_due()
    {
        var recorder = new LatencyRecorder(Start, TimeSpan.FromSeconds(3));
        recorder.Record(Start, Start + (2 * Stopwatch.Frequency));
        recorder.Record(Start + (2 * Stopwatch.Frequency), Start + (2 * Stopwatch.Frequency) + Ticks(7));
        IReadOnlyList<SecondPoint> points = recorder.ToLatency()!.OverTime;
        Assert.Equal([0, 2], points.Select(p => p.Second));
        Assert.Equal(2_000_000, points[0].Max, tolerance: 0.01);
        Assert.Equal(7, points[1].P99, tolerance: 0.01);
    }

    [Fact]
    public void Hours_are_cut_in_the_percentiles_and_kept_in_the_maximum()
    {
        var recorder = new LatencyRecorder(Start, TimeSpan.FromSeconds(1));
        recorder.Record(Start, Start + (7_200 * Stopwatch.Frequency));
        Assert.Equal(7_200e6, recorder.ToLatency()!.Max, tolerance: 1.0);
        Assert.Equal(600e6, recorder.ToLatency()!.P50, tolerance: 1e6);
    }

    private static long Ticks(long microseconds) => microseconds * Stopwatch.Frequency / 1_000_000;
}
