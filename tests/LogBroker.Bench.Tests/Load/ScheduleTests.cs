using System.Diagnostics;
using LogBroker.Bench.Load;

namespace LogBroker.Bench.Tests.Load;

public sealed class ScheduleTests
{
    private const long Start = 5_000_000_000;

    [Fact]
    public void Records_are_due_at_start_plus_number_by_rate()
    {
        var schedule = new Schedule(Start, 5_000, 0, 1);
        Assert.Equal(Start, schedule.DueTicks(0));
        Assert.Equal(Start + (Stopwatch.Frequency / 5_000), schedule.DueTicks(1));
        Assert.Equal(Start + Stopwatch.Frequency, schedule.DueTicks(5_000));
    }

    [Fact]
    public void Rounding_does_not_add_up()
    {
        var schedule = new Schedule(Start, 7, 0, 1);
        Assert.Equal(Start + (1_000_000 * Stopwatch.Frequency), schedule.DueTicks(7_000_000));
    }

    [Fact]
    public void Producers_take_turns()
    {
        Schedule[] both = [new(Start, 1_000, 0, 2), new(Start, 1_000, 1, 2)];
        long[] due = [both[0].DueTicks(0), both[1].DueTicks(0), both[0].DueTicks(1), both[1].DueTicks(1)];
        Assert.Equal([0, 1, 2, 3], due.Select(d => (d - Start) * 1_000 / Stopwatch.Frequency));
    }

    [Fact]
    public void A_day_at_a_high_rate_does_not_overflow()
    {
        var schedule = new Schedule(Start, 1_000_000, 0, 1);
        Assert.Equal(Start + (86_400 * Stopwatch.Frequency), schedule.DueTicks(86_400L * 1_000_000));
    }
}
