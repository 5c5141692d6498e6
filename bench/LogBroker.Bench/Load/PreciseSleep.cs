using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LogBroker.Bench.Load;

/// <summary>
/// Sleeps of well below a millisecond for a thread of one's own. <c>Thread.Sleep(1)</c> is too coarse for a record every 50 to 200 µs,
/// and spinning would take one of two cores from the system that is measured; an absolute <c>clock_nanosleep</c> with the kernel's
/// timer slack turned down wakes some 10 to 60 µs late and costs a few microseconds of CPU.
/// </summary>
internal static partial class PreciseSleep
{
    private const int ClockMonotonic = 1;
    private const int AbsoluteTime = 1;
    private const int SetTimerSlack = 29;
    private const int Interrupted = 4;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Turns the timer slack of the calling thread down from 50 µs to 1 µs. Where that is refused, sleeps are coarser.</summary>
    public static void Sharpen() => _ = SetProcessControl(SetTimerSlack, 1000, 0, 0, 0);

    /// <summary>
    /// Sleeps until a timestamp of <see cref="Stopwatch"/>, which on Linux counts the nanoseconds of the monotonic clock. Returns at
    /// once when it is over.
    /// </summary>
    public static void Until(long ticks)
    {
        if (Stopwatch.Frequency != NanosecondsPerSecond)
        {
            throw new PlatformNotSupportedException("open loops need a monotonic clock of nanoseconds, as on Linux");
        }

        var time = new TimeSpec { Seconds = ticks / NanosecondsPerSecond, Nanoseconds = ticks % NanosecondsPerSecond };
        while (ClockNanosleep(ClockMonotonic, AbsoluteTime, time, 0) == Interrupted)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int ClockNanosleep(int clock, int flags, in TimeSpec time, nint remaining);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int SetProcessControl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
