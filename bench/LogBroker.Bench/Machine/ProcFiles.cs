using System.Globalization;

namespace LogBroker.Bench.Machine;

/// <summary>Reads the texts that /proc gives for one process.</summary>
internal static class ProcFiles
{
    // Counted after the name, which may itself hold spaces and parentheses: state is 0.
    private const int UserTicksField = 11;

    /// <summary>User and system ticks of all threads, from /proc/PID/stat.</summary>
    public static long CpuTicks(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return Number(fields[UserTicksField]) + Number(fields[UserTicksField + 1]);
    }

    /// <summary>A line such as <c>VmRSS:  1744 kB</c> of /proc/PID/status in bytes; null when it is missing, as in a zombie.</summary>
    public static long? StatusBytes(string status, string name) =>
        Field(status, name) is { } text ? Number(text.Split(' ')[0]) * 1024 : null;

    /// <summary>A line such as <c>write_bytes: 4096</c> of /proc/PID/io; null when it is missing.</summary>
    public static long? IoBytes(string io, string name) => Field(io, name) is { } text ? Number(text) : null;

    private static string? Field(string text, string name)
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] == ':')
            {
                return line[(name.Length + 1)..].Trim();
            }
        }

        return null;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
