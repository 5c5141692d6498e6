using System.Globalization;
using System.Runtime.InteropServices;

namespace LogBroker.Bench.Processes;

/// <summary>Signals to processes and process groups, and whether anything of a group is alive.</summary>
internal static partial class ProcessGroup
{
    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>Sends a signal to one process; false when there is no such process.</summary>
    public static bool Signal(int processId, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(processId, 2);
        return SendSignal(processId, signal) == 0;
    }

    /// <summary>Sends a signal to every process of a group; false when there is none.</summary>
    public static bool SignalAll(int groupId, int signal)
    {
        // kill(-1) would mean every process of the user.
        ArgumentOutOfRangeException.ThrowIfLessThan(groupId, 2);
        return SendSignal(-groupId, signal) == 0;
    }

    /// <summary>Whether a process of the group still runs; one that waits to be reaped does not.</summary>
    public static bool IsAlive(int groupId)
    {
        if (!SignalAll(groupId, 0))
        {
            return false;
        }

        return Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Any(id => id > 1 && Read(id) is { } state && state.GroupId == groupId && state.State is not ('Z' or 'X'));
    }

    /// <summary>State letter and group of a process as in <c>/proc/PID/stat</c>; null when it is gone.</summary>
    public static (char State, int GroupId)? Read(int processId)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{processId}/stat");

            // The name stands in parentheses and may hold spaces and parentheses itself.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[2], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
