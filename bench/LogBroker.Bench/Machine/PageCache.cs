namespace LogBroker.Bench.Machine;

/// <summary>The kernel's page cache, emptied before a cold read.</summary>
public static class PageCache
{
    private const string DropCaches = "/proc/sys/vm/drop_caches";

    /// <summary>Writes everything out, then drops the page cache of the whole machine; false without root's rights.</summary>
    public static bool TryDrop()
    {
        NativeFile.SyncEverything();
        try
        {
            File.WriteAllText(DropCaches, "3\n");
            return true;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }
}
