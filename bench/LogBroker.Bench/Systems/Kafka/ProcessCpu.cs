using System.Globalization;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>CPU seconds of a running process, from /proc.</summary>
internal static class ProcessCpu
{
    private const double TicksPerSecond = 100; // USER_HZ: fixed in what the kernel shows

    /// <summary>User and system of all its threads; null when it is gone, or where there is no /proc.</summary>
    public static double? Seconds(int processId)
    {
        try
        {
            return SecondsOf(File.ReadAllText($"/proc/{processId}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Fields 14 and 15; the name before them is in brackets and may hold blanks.</summary>
    internal static double? SecondsOf(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 12
            && long.TryParse(fields[11], CultureInfo.InvariantCulture, out long user)
            && long.TryParse(fields[12], CultureInfo.InvariantCulture, out long system)
            ? (user + system) / TicksPerSecond
            : null;
    }
}
