using System.Diagnostics;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Machine;

/// <summary>What one small durable append costs on the data disk right now: the floor of every class B round trip.</summary>
public static class FsyncProbe
{
    private const int AppendBytes = 4096;

    /// <summary>
    /// Appends 4 KiB and calls fdatasync, again and again for <paramref name="duration"/>, in a file of its own in <paramref
    /// name="directory"/> that is gone afterwards. At least one append; microseconds of append and sync together.
    /// </summary>
    /// <exception cref="IOException">The disk failed or is full.</exception>
    public static FsyncProbeResult Run(string directory, TimeSpan duration)
    {
        string path = Path.Combine(directory, $"fsync-probe-{Environment.ProcessId}");
        byte[] block = new byte[AppendBytes];
        Random.Shared.NextBytes(block);
        var times = new List<double>();
        try
        {
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
            long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
            do
            {
                long start = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, block, (long)times.Count * AppendBytes);
                NativeFile.SyncData(file);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
            while (Stopwatch.GetTimestamp() < end);
        }
        finally
        {
            File.Delete(path);
        }

        return Summarize(times);
    }

    /// <summary>Percentiles by nearest rank.</summary>
    internal static FsyncProbeResult Summarize(IReadOnlyCollection<double> microseconds)
    {
        double[] sorted = [.. microseconds.Order()];
        return new FsyncProbeResult(sorted.Length, At(0.50), At(0.99));

        double At(double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }
}
