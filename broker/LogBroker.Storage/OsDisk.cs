using System.Runtime.InteropServices;

namespace LogBroker.Storage;

/// <summary>
/// Files of the operating system. Errors of writes and syncs are read from errno at the call and become exceptions; nothing is
/// retried but calls that a signal interrupted before they did anything. Stateless and thread-safe.
/// </summary>
public sealed class OsDisk : IDisk
{
    private const int ModeFile = 0b110_100_000;
    private const int ModeDirectory = 0b111_101_000;

    /// <inheritdoc/>
    public IDiskFile Open(string path, DiskAccess access)
    {
        int flags = access switch
        {
            DiskAccess.ReadOnly => Posix.OpenReadOnly,
            DiskAccess.ReadWrite => Posix.OpenReadWrite,
            _ => Posix.OpenReadWrite | Posix.OpenCreate | Posix.OpenExclusive,
        };
        return new OsDiskFile(path, OpenHandle(path, flags, "open"));
    }

    /// <inheritdoc/>
    public bool FileExists(string path) => File.Exists(path);

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => Directory.Exists(path);

    /// <inheritdoc/>
    public IReadOnlyList<DiskEntry> List(string directory)
    {
        var entries = new List<DiskEntry>();
        try
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
            {
                entries.Add(new DiskEntry(entry.Name, entry is DirectoryInfo));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskReadException("readdir", directory, 0, e.Message);
        }

        entries.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return entries;
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        if (Posix.MkDir(path, ModeDirectory) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Posix.Eexist)
            {
                throw Failure("mkdir", path, errno);
            }
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path) => Require(Posix.RmDir(path), "rmdir", path);

    /// <inheritdoc/>
    public void DeleteFile(string path)
    {
        if (Posix.Unlink(path) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Posix.Enoent)
            {
                throw Failure("unlink", path, errno);
            }
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to) => Require(Posix.Rename(from, to), "rename", from);

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        int handle = OpenHandle(path, Posix.OpenReadOnly, "open");
        int result = Posix.FSync(handle);
        int errno = Marshal.GetLastPInvokeError();
        _ = Posix.Close(handle);
        if (result != 0)
        {
            throw SyncFailure("fsync", path, errno);
        }
    }

    /// <inheritdoc/>
    public DiskSpace Space(string path)
    {
        var drive = new DriveInfo(path);
        return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        int handle = OpenHandle(path, Posix.OpenReadWrite | Posix.OpenCreate, "open");
        if (Posix.FLock(handle, Posix.LockExclusiveNonBlocking) == 0)
        {
            return new OsDiskFile(path, handle);
        }

        int errno = Marshal.GetLastPInvokeError();
        _ = Posix.Close(handle);
        return errno == Posix.Eagain ? null : throw Failure("flock", path, errno);
    }

    /// <summary>What an errno means for whoever changes the disk.</summary>
    internal static DiskException Failure(string operation, string path, int errno) => errno switch
    {
        Posix.Enospc or Posix.Edquot => new DiskFullException(operation, path, errno),
        Posix.Emfile or Posix.Enfile or Posix.Enomem => new DiskBusyException(operation, path, errno, Text(errno)),
        _ => new DiskFailedException(operation, path, errno, Text(errno)),
    };

    /// <summary>A failed sync is final whatever the errno, a full disk included.</summary>
    internal static DiskFailedException SyncFailure(string operation, string path, int errno) =>
        new(operation, path, errno, Text(errno));

    internal static string Text(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    private static int OpenHandle(string path, int flags, string operation)
    {
        while (true)
        {
            int handle = Posix.Open(path, flags | Posix.OpenCloseOnExec, ModeFile);
            if (handle >= 0)
            {
                return handle;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != Posix.Eintr)
            {
                throw Failure(operation, path, errno);
            }
        }
    }

    private static void Require(int result, string operation, string path)
    {
        if (result != 0)
        {
            throw Failure(operation, path, Marshal.GetLastPInvokeError());
        }
    }
}
