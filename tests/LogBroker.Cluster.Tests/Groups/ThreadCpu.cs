using System.Runtime.InteropServices;

namespace LogBroker.Cluster.Tests;

/// <summary>CPU time of this thread: a bound on it holds on a machine that is busy with others.</summary>
internal static partial class ThreadCpu
{
    private const int ThreadCpuTimeId = 3;

    public static TimeSpan Now
    {
        get
        {
            Assert.Equal(0, GetTime(ThreadCpuTimeId, out Timespec time));
            return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1_000);
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
