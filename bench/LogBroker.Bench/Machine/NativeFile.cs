using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LogBroker.Bench.Machine;

/// <summary>The few system calls of the probes; a sync that fails must be seen, which .NET's own does not show. Linux only.</summary>
internal static partial class NativeFile
{
    private const int DropFromCache = 4;
    private const int ClockTicks = 2;

    /// <exception cref="IOException">The call failed; the message says why.</exception>
    public static void SyncData(SafeFileHandle file)
    {
        if (FDataSync(file) != 0)
        {
            throw new IOException("fdatasync: " + new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

    /// <summary>Takes a file that is on disk out of the page cache; false when the kernel refuses.</summary>
    public static bool TryDropFromCache(SafeFileHandle file) => FAdvise(file, 0, 0, DropFromCache) == 0;

    /// <summary>The unit of times in /proc/PID/stat.</summary>
    public static long ClockTicksPerSecond() => SysConf(ClockTicks);

    /// <summary>Has the kernel write everything out.</summary>
    public static void SyncEverything() => Sync();

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int FAdvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial long SysConf(int name);

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}
