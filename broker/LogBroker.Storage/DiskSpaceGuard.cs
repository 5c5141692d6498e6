namespace LogBroker.Storage;

/// <summary>
/// Keeps headroom on the disk of the data: producers are refused before it is used up, so that rows, state, retention and
/// recovery have room. Asks the file system only after a share of the last known room was appended, and at every call while full,
/// so service resumes by itself. Thread-safe.
/// </summary>
public sealed class DiskSpaceGuard
{
    private readonly IDisk _disk;
    private readonly string _path;
    private readonly long? _headroomBytes;
    private long _budgetBytes;
    private int _full;

    /// <summary>Watches the file system that holds <paramref name="path"/>.</summary>
    /// <param name="disk">Where to ask.</param>
    /// <param name="path">The data directory.</param>
    /// <param name="headroomBytes">Bytes to keep free; null for a sixteenth of the disk, at least 2 MiB (but at most a quarter of the
    /// disk) and at most 1 GiB.</param>
    public DiskSpaceGuard(IDisk disk, string path, long? headroomBytes = null)
    {
        _disk = disk;
        _path = path;
        _headroomBytes = headroomBytes;
    }

    /// <summary>True since room was last found wanting.</summary>
    public bool IsFull => Volatile.Read(ref _full) != 0;

    /// <summary>Room as the file system has it now.</summary>
    public DiskSpace Space => _disk.Space(_path);

    /// <summary>Bytes kept free on a disk of this size.</summary>
    public long HeadroomBytes(long totalBytes) =>
        _headroomBytes ?? Math.Min(Math.Max(totalBytes / 16, Math.Min(totalBytes / 4, 2L << 20)), 1L << 30);

    /// <summary>True when this many bytes may be appended without touching the headroom; they are then taken as used.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _budgetBytes, -bytes) >= 0)
        {
            return true;
        }

        DiskSpace space = Space;
        long room = space.FreeBytes - HeadroomBytes(space.TotalBytes);
        Volatile.Write(ref _full, room < bytes ? 1 : 0);
        Interlocked.Exchange(ref _budgetBytes, Math.Max(0, (room - bytes) / 4));
        return room >= bytes;
    }

    /// <summary>Notes that the file system itself said no.</summary>
    public void NoteFull()
    {
        Interlocked.Exchange(ref _budgetBytes, 0);
        Volatile.Write(ref _full, 1);
    }
}
