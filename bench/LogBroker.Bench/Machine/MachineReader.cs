using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Machine;

/// <summary>Reads from /proc what a reader of the numbers must know about the machine. Its name is left out.</summary>
public static partial class MachineReader
{
    /// <param name="dataDirectory">Exists; the file system that it is on is the one that counts.</param>
    public static MachineInfo Read(string dataDirectory) => new(
        Cpu(File.ReadAllText("/proc/cpuinfo")) ?? RuntimeInformation.OSArchitecture.ToString(),
        Environment.ProcessorCount,
        MemoryBytes(File.ReadAllText("/proc/meminfo")),
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        FileSystem(File.ReadAllText("/proc/self/mountinfo"), Path.GetFullPath(dataDirectory)) ?? "unknown",
        RuntimeInformation.FrameworkDescription);

    /// <summary>The model of the first core; null where the architecture does not say.</summary>
    internal static string? Cpu(string cpuInfo) => cpuInfo.Split('\n')
        .Where(l => l.StartsWith("model name", StringComparison.Ordinal))
        .Select(l => l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())
        .FirstOrDefault();

    internal static long MemoryBytes(string memInfo) =>
        long.Parse(MemTotal().Match(memInfo).Groups[1].Value, CultureInfo.InvariantCulture) * 1024;

    /// <summary>Type of the file system with the longest mount point above <paramref name="path"/>, of several there the last.</summary>
    internal static string? FileSystem(string mountInfo, string path)
    {
        (string Type, int Length) best = ("", -1);
        foreach (string line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            if (separator < 0 || separator + 1 >= fields.Length)
            {
                continue;
            }

            string mount = OctalEscape().Replace(fields[4], m => ((char)Convert.ToInt32(m.Groups[1].Value, 8)).ToString());
            bool isAbove = mount == "/" || path == mount || path.StartsWith(mount + "/", StringComparison.Ordinal);
            if (isAbove && mount.Length >= best.Length)
            {
                best = (fields[separator + 1], mount.Length);
            }
        }

        return best.Length < 0 ? null : best.Type;
    }

    [GeneratedRegex(@"^MemTotal:\s+(\d+) kB", RegexOptions.Multiline)]
    private static partial Regex MemTotal();

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex OctalEscape();
}
