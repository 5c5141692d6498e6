using LogBroker.Bench.Processes;

namespace LogBroker.Bench.Run;

/// <summary>
/// The directory under which each run has a fresh one. It is removed at the end, or by the guard when this program does not get to it.
/// </summary>
internal sealed class WorkDirectory : IDisposable
{
    private readonly ProcessGuard _guard;
    private readonly bool _isKept;

    /// <summary>Creates it.</summary>
    /// <param name="parent">Exists.</param>
    /// <param name="isKept">Nothing is removed.</param>
    /// <param name="guard">Removes it when nobody else does.</param>
    public WorkDirectory(string parent, bool isKept, ProcessGuard guard)
    {
        _guard = guard;
        _isKept = isKept;
        string name = $"{ProcessGuard.DirectoryPrefix}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";
        FullName = Path.Combine(Path.GetFullPath(parent), name);
        if (!isKept)
        {
            guard.AddDirectory(FullName);
        }

        Directory.CreateDirectory(FullName);
    }

    public string FullName { get; }

    /// <summary>Bytes that can still be written.</summary>
    public long FreeBytes => new DriveInfo(FullName).AvailableFreeSpace;

    /// <summary>Whether what is written here stays in memory, so that an fsync costs nothing.</summary>
    public bool IsInMemory => new DriveInfo(FullName).DriveFormat is "tmpfs" or "ramfs";

    /// <summary>A new, empty directory.</summary>
    public string CreateFor(PlannedRun run)
    {
        string directory = Path.Combine(FullName, run.DirectoryName);
        Delete(directory);
        Directory.CreateDirectory(directory);
        return directory;
    }

    /// <summary>Removes the data of a run, unless it is kept.</summary>
    public void Remove(string directory)
    {
        if (!_isKept)
        {
            Delete(directory);
        }
    }

    public void Dispose()
    {
        if (!_isKept)
        {
            Delete(FullName);
            _guard.RemoveDirectory(FullName);
        }
    }

    private static void Delete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // There was none.
        }
    }
}
