namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>The kernel's cache of file pages.</summary>
internal static partial class PageCache
{
    private const string DropFile = "/proc/sys/vm/drop_caches";

    /// <summary>
    /// Writes everything back and empties it. Pages that a process has mapped and touched stay; a broker that has only written has none.
    /// </summary>
    /// <exception cref="BenchException">This user may not.</exception>
    public static async Task DropAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(Sync, cancellationToken);
            await File.WriteAllTextAsync(DropFile, "3\n", cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"a cold read needs the right to write {DropFile}; run it as root or leave it out", e);
        }
    }

    [System.Runtime.InteropServices.LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}
