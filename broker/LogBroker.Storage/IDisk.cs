namespace LogBroker.Storage;

/// <summary>How a file is opened.</summary>
public enum DiskAccess
{
    /// <summary>An existing file, for reading.</summary>
    ReadOnly,

    /// <summary>An existing file, for reading and writing.</summary>
    ReadWrite,

    /// <summary>A file that must not exist yet.</summary>
    CreateNew,
}

/// <summary>One name in a directory.</summary>
public readonly record struct DiskEntry(string Name, bool IsDirectory);

/// <summary>Room on the file system of a path, in bytes; <paramref name="FreeBytes"/> is what an ordinary process may still use.</summary>
public readonly record struct DiskSpace(long FreeBytes, long TotalBytes);

/// <summary>
/// Every access of the broker to files. Two forms: the operating system's (<see cref="OsDisk"/>) and a simulated one that forgets,
/// tears and fails on demand; one suite of tests holds both to this contract. Thread-safe.
/// </summary>
/// <remarks>
/// Nothing is durable until it is synced: bytes and length by <see cref="IDiskFile.SyncData"/> of the file; the name of a file or
/// directory, its removal and its renaming by <see cref="SyncDirectory"/> of the directory that holds the name.
/// Failures are exceptions: <see cref="DiskFullException"/>, <see cref="DiskBusyException"/>, <see cref="DiskReadException"/>, and for
/// all others <see cref="DiskFailedException"/>, after which the process must end.
/// </remarks>
public interface IDisk
{
    /// <summary>Opens a file. The caller disposes it.</summary>
    IDiskFile Open(string path, DiskAccess access);

    /// <summary>True when there is a file of this name.</summary>
    bool FileExists(string path);

    /// <summary>True when there is a directory of this name.</summary>
    bool DirectoryExists(string path);

    /// <summary>The names in a directory, in ordinal order.</summary>
    IReadOnlyList<DiskEntry> List(string directory);

    /// <summary>Creates a directory in an existing one; nothing happens when it exists.</summary>
    void CreateDirectory(string path);

    /// <summary>Removes an empty directory.</summary>
    void DeleteDirectory(string path);

    /// <summary>Removes a name; the file itself lives until it is closed and unmapped. Nothing happens when there is none.</summary>
    void DeleteFile(string path);

    /// <summary>Gives a file or directory another name in one step, replacing a file of that name.</summary>
    void Rename(string from, string to);

    /// <summary>Makes the names in a directory durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Room on the file system that holds <paramref name="path"/>.</summary>
    DiskSpace Space(string path);

    /// <summary>
    /// Takes a lock on a file, creating it, against other processes and other holders in this one; null when someone holds it. It
    /// goes with the process; dispose it to give it back.
    /// </summary>
    IDisposable? TryLock(string path);
}

/// <summary>
/// An open file. Positions and lengths are in bytes. Reads and writes of different ranges may run on several threads at once;
/// <see cref="IDisposable.Dispose"/> not beside them.
/// </summary>
public interface IDiskFile : IDisposable
{
    /// <summary>The path it was opened with.</summary>
    string Path { get; }

    /// <summary>Its length now.</summary>
    long Length { get; }

    /// <summary>Reads until <paramref name="destination"/> is full or the file ends; returns the number of bytes.</summary>
    /// <exception cref="DiskReadException">The disk could not be read.</exception>
    int Read(long at, Span<byte> destination);

    /// <summary>Writes all bytes. On failure any part of them may have been written.</summary>
    /// <exception cref="DiskFullException">No room.</exception>
    void Write(long at, ReadOnlySpan<byte> bytes);

    /// <summary>Writes all parts one behind the other, in one system call where possible. Failures as for one part.</summary>
    void Write(long at, ReadOnlySpan<ReadOnlyMemory<byte>> parts);

    /// <summary>Cuts the file, or lengthens it with zeros that take no room.</summary>
    void SetLength(long length);

    /// <summary>Makes bytes and length durable (fdatasync). A failure means that they may be lost for good: never retry.</summary>
    void SyncData();

    /// <summary>As <see cref="SyncData"/>, and all metadata too (fsync): after a cut.</summary>
    void Sync();

    /// <summary>
    /// Start of the first range at or behind <paramref name="from"/> that may hold other bytes than zeros; -1 if there is none.
    /// </summary>
    long FindData(long from);

    /// <summary>A hint that a range will be read soon: the disk may begin to bring it in, without anybody waiting for it.</summary>
    void WillNeed(long at, long bytes)
    {
    }

    /// <summary>Maps the first <paramref name="bytes"/> bytes for reading; null where that is not possible: read then.</summary>
    IDiskMapping? Map(long bytes);
}

/// <summary>
/// A read-only view of a file in memory. Thread-safe; <see cref="IDisposable.Dispose"/> not beside a use of a span it gave out.
/// </summary>
public interface IDiskMapping : IDisposable
{
    /// <summary>Bytes of address space.</summary>
    long Bytes { get; }

    /// <summary>
    /// False when some of the range, which may reach behind the end, would have to come from the disk. A guess: pages come and go.
    /// </summary>
    bool IsResident(long at, int bytes) => true;

    /// <summary>
    /// Pulls a range of at most <see cref="PopulateBytesMax"/> bytes into memory and shows it. Use the span at once and do not keep
    /// it: pages are not pinned, and a fault on a page that was dropped and cannot be read again ends the process.
    /// </summary>
    /// <exception cref="DiskReadException">The disk could not be read, or the range lies behind the end of the file.</exception>
    ReadOnlySpan<byte> Populate(long at, int bytes);

    /// <summary>Largest range of one <see cref="Populate"/>.</summary>
    const int PopulateBytesMax = 64 * 1024;
}
