using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace LogBroker.Cli;

/// <summary>What a process is doing.</summary>
internal enum ProcessCondition
{
    /// <summary>It is gone, or its number belongs to another one by now.</summary>
    Gone,

    /// <summary>It runs or waits.</summary>
    Running,

    /// <summary>It is stopped by SIGSTOP.</summary>
    Paused,
}

/// <summary>
/// A process that is known for certain: numbers are given out again, so the time of its start and the boot of the machine belong to it.
/// A signal goes to this very process or to nobody. Linux only. Immutable.
/// </summary>
/// <param name="ProcessId">Its number.</param>
/// <param name="StartTicks">When it started, in clock ticks since the machine did: field 22 of /proc/PID/stat.</param>
/// <param name="BootId">Which start of the machine that was.</param>
internal sealed partial record DevProcess(int ProcessId, long StartTicks, string BootId)
{
    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP.</summary>
    public const int Stop = 19;

    // The same on x64 and arm64, as for every system call since 2019.
    private const nint PidfdSendSignal = 424;
    private const nint PidfdOpen = 434;

    /// <summary>
    /// Starts a program in a session of its own, so that it outlives this one and its terminal; what it writes is appended to a file.
    /// </summary>
    public static DevProcess Start(string logFile, string directory, IReadOnlyList<string> command)
    {
        // The shell and setsid replace themselves: the number stays that of the process made here.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec setsid \"$@\" >>\"$0\" 2>&1 </dev/null", logFile, .. command])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        return Of(process.Id) ?? new DevProcess(process.Id, -1, CurrentBootId());
    }

    /// <summary>The process that has this number now, or null.</summary>
    public static DevProcess? Of(int processId) =>
        Read(processId) is { } stat ? new DevProcess(processId, stat.StartTicks, CurrentBootId()) : null;

    /// <summary>What it is doing.</summary>
    public ProcessCondition Condition => Read(ProcessId) is not { } stat || stat.StartTicks != StartTicks || BootId != CurrentBootId()
        ? ProcessCondition.Gone
        : stat.State switch
        {
            'Z' or 'X' => ProcessCondition.Gone,
            'T' => ProcessCondition.Paused,
            _ => ProcessCondition.Running,
        };

    /// <summary>Sends a signal; false when the process is gone.</summary>
    public bool Signal(int signal)
    {
        // A handle taken before the look at /proc cannot come to mean another process after it.
        int handle = (int)SystemCall(PidfdOpen, ProcessId, 0, 0, 0);
        try
        {
            if (Condition == ProcessCondition.Gone)
            {
                return false;
            }

            return (handle >= 0 ? SystemCall(PidfdSendSignal, handle, signal, 0, 0) : KillNative(ProcessId, signal)) == 0;
        }
        finally
        {
            if (handle >= 0)
            {
                _ = CloseNative(handle);
            }
        }
    }

    /// <summary>Waits until it is gone; false when it is not in time.</summary>
    public async Task<bool> WaitForEndAsync(TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        long begin = time.GetTimestamp();
        while (Condition != ProcessCondition.Gone)
        {
            if (time.GetElapsedTime(begin) >= limit)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct);
        }

        return true;
    }

    /// <summary>Reads what stands behind the name of the program, which may itself hold spaces and brackets.</summary>
    internal static (char State, long StartTicks)? ParseStat(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out long ticks)
            ? (fields[0][0], ticks)
            : null;
    }

    private static (char State, long StartTicks)? Read(int processId)
    {
        try
        {
            return ParseStat(File.ReadAllText($"/proc/{processId}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string CurrentBootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillNative(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseNative(int descriptor);
}
