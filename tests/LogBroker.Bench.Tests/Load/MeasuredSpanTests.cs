using System.Diagnostics;
using LogBroker.Bench.Load;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Tests.Load;

public sealed class MeasuredSpanTests
{
    private const long Start = 1_000_000_000_000;

    private static readonly Scenario Shape = new()
    {
        Name = "W1-A",
        Workload = "W1",
        Class = DurabilityClass.A,
        Kind = LoadKind.Ingest,
        Warmup = TimeSpan.FromSeconds(5),
        Duration = TimeSpan.FromSeconds(10),
        BytesWrittenMax = 3_000,
    };

    [Fact]
    public void A_slow_run_is_bounded_by_time()
    {
        var span = new MeasuredSpan(Shape, Start);
        Assert.Equal(LoadStage.Warmup, span.Advance(At(4.9), 10));
        Assert.Equal(LoadStage.Measured, span.Advance(At(5.1), 10));
        Assert.Equal(At(5.1), span.StartTicks);
        Assert.Equal(LoadStage.Measured, span.Advance(At(15), 10));
        Assert.Equal(LoadStage.Over, span.Advance(At(15.1), 10));
        Assert.Equal(10, span.SecondsUntil(At(15.1)), tolerance: 1e-6);
    }

    [Fact]
    public void A_fast_run_warms_up_with_a_third_of_its_bytes()
    {
        var span = new MeasuredSpan(Shape, Start);
        Assert.Equal(LoadStage.Warmup, span.Advance(At(1), 999));
        Assert.Equal(LoadStage.Measured, span.Advance(At(1.1), 1));
        Assert.Equal(LoadStage.Measured, span.Advance(At(2), 1_999));
        Assert.Equal(LoadStage.Over, span.Advance(At(2.1), 1));
    }

    [Fact]
    public void It_begins_once()
    {
        var span = new MeasuredSpan(Shape, Start);
        Assert.False(span.HasStarted);
        Assert.Equal(At(5), span.Begin(At(5)));
        Assert.Equal(At(5), span.Begin(At(6)));
        Assert.True(span.HasStarted);
        Assert.True(span.CpuSeconds() >= 0);
    }

    private static long At(double seconds) => Start + (long)(seconds * Stopwatch.Frequency);
}
