using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Machine;

/// <summary>The kernel's page cache, emptied before a cold read.</summary>
public static class PageCache
{
    private const string DropFile = "/proc/sys/vm/drop_caches";

    /// <summary>
    /// Writes everything back, then drops the page cache of the whole machine. Pages that a process has mapped and touched stay; a broker
    /// that has only written has none.
    /// </summary>
    /// <exception cref="BenchException">This user may not.</exception>
    public static async Task DropAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(NativeFile.SyncEverything, cancellationToken);
            await File.WriteAllTextAsync(DropFile, "3\n", cancellationToken);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new BenchException($"a cold read needs the right to write {DropFile}; run it as root or leave it out", e);
        }
    }
}
