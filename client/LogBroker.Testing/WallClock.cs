namespace LogBroker.Testing;

/// <summary>The time of day of another clock, with the running time and the timers of the machine. Thread-safe as that clock is.</summary>
internal sealed class WallClock(TimeProvider timeOfDay) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => timeOfDay.GetUtcNow();

    public override TimeZoneInfo LocalTimeZone => timeOfDay.LocalTimeZone;
}
