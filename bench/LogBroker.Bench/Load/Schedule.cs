using System.Diagnostics;

namespace LogBroker.Bench.Load;

/// <summary>
/// When the records of one producer are due: an open loop, which does not care how long earlier records took. Producers take turns, so
/// that all together are even.
/// </summary>
/// <param name="StartTicks">When the first record of all is due, a timestamp of <see cref="Stopwatch"/>.</param>
/// <param name="RecordsPerSecond">All producers together.</param>
/// <param name="Producer">This one, from 0.</param>
/// <param name="Producers">How many there are.</param>
internal readonly record struct Schedule(long StartTicks, int RecordsPerSecond, int Producer, int Producers)
{
    /// <summary>When this producer's record is due; records count from 0. Exact for years: nothing adds up from record to record.</summary>
    public long DueTicks(long record) =>
        StartTicks + (long)((Int128)((record * Producers) + Producer) * Stopwatch.Frequency / RecordsPerSecond);
}
