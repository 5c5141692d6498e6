using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems;

/// <summary>One run of a load program that was told a number of records.</summary>
/// <param name="Records">As asked for and acknowledged.</param>
/// <param name="Seconds">From the first to the last, as the program measured it.</param>
/// <param name="CpuSeconds">Of the program's whole life.</param>
internal record CountedRun(long Records, double Seconds, double CpuSeconds);

/// <summary>
/// Drives a load program that takes a number of records rather than a time: runs that are not counted fill the warm-up and show the
/// rate, then one run of about the scenario's duration is measured. All of it stays below
/// <see cref="Scenario.BytesWrittenMax"/>, of which warming up takes a quarter at most.
/// </summary>
/// <param name="scenario">Gives the times and the limit.</param>
/// <param name="firstRecords">Of the first run, when no rate is known; some tenths of a second's worth.</param>
/// <param name="multiple">Every count is a multiple of it, so that producers and partitions get the same share.</param>
internal sealed class CountedLoad(Scenario scenario, long firstRecords, int multiple)
{
    private const double WarmEnough = 0.8;
    private const int WarmupShare = 4;
    private readonly long _recordsMax = scenario.BytesWrittenMax / scenario.ValueBytes;

    /// <summary>Of all runs so far.</summary>
    public long Records { get; private set; }

    /// <summary>Of all runs so far.</summary>
    public double CpuSeconds { get; private set; }

    /// <summary>Returns the measured run, the last of those that <paramref name="runAsync"/> was called for.</summary>
    public async Task<T> RunAsync<T>(Func<long, Task<T>> runAsync)
        where T : CountedRun
    {
        double warmupSeconds = scenario.Warmup.TotalSeconds;
        double elapsedSeconds = 0;
        long warmupRecordsMax = _recordsMax / WarmupShare;
        long next = Math.Min(firstRecords, warmupRecordsMax);
        CountedRun? longest = null;
        do
        {
            T run = await CountAsync(next, runAsync);
            elapsedSeconds += run.Seconds;
            longest = longest is null || run.Records > longest.Records ? run : longest;
            next = Math.Min(Estimate(longest, warmupSeconds - elapsedSeconds), warmupRecordsMax - Records);
        }
        while (elapsedSeconds < WarmEnough * warmupSeconds && next >= multiple);
        return await CountAsync(Math.Min(Estimate(longest, scenario.Duration.TotalSeconds), _recordsMax - Records), runAsync);
    }

    private static long Estimate(CountedRun run, double seconds) => (long)(run.Records / run.Seconds * seconds);

    private async Task<T> CountAsync<T>(long records, Func<long, Task<T>> runAsync)
        where T : CountedRun
    {
        T run = await runAsync(Math.Max(multiple, records / multiple * multiple));
        Records += run.Records;
        CpuSeconds += run.CpuSeconds;
        return run;
    }
}
