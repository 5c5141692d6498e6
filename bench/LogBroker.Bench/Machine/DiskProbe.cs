using System.Diagnostics;
using LogBroker.Bench.Results;
using Microsoft.Win32.SafeHandles;

namespace LogBroker.Bench.Machine;

/// <summary>What the data disk itself does, to hold durable ingest and cold reads against.</summary>
public static class DiskProbe
{
    private const int BlockBytes = 1 << 20;

    /// <summary>
    /// Writes blocks of 1 MiB, each followed by fdatasync, until <paramref name="bytesMax"/> or <paramref name="duration"/>,
    /// whichever is first; takes the file out of the page cache and reads it from the start, as long at most. The file is gone
    /// afterwards.
    /// The read rate is null when the kernel did not take the file out of its cache.
    /// </summary>
    /// <exception cref="IOException">The disk failed or is full.</exception>
    public static DiskProbeResult Run(string directory, long bytesMax, TimeSpan duration)
    {
        string path = Path.Combine(directory, $"disk-probe-{Environment.ProcessId}");
        byte[] block = new byte[BlockBytes];
        Random.Shared.NextBytes(block);
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
            var clock = Stopwatch.StartNew();
            long written = 0;
            do
            {
                RandomAccess.Write(file, block, written);
                NativeFile.SyncData(file);
                written += BlockBytes;
            }
            while (written < bytesMax && clock.Elapsed < duration);
            double write = MegabytesPerSecond(written, clock.Elapsed);
            return new DiskProbeResult(write, NativeFile.TryDropFromCache(file) ? ReadRate(file, block, written, duration) : null);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static double ReadRate(SafeFileHandle file, byte[] block, long length, TimeSpan duration)
    {
        var clock = Stopwatch.StartNew();
        long read = 0;
        while (read < length && clock.Elapsed < duration)
        {
            read += RandomAccess.Read(file, block, read);
        }

        return MegabytesPerSecond(read, clock.Elapsed);
    }

    private static double MegabytesPerSecond(long bytes, TimeSpan time) => bytes / time.TotalSeconds / 1e6;
}
