namespace LogBroker.Storage;

/// <summary>A disk did not do what it was asked. The subclasses say what follows from it.</summary>
public abstract class DiskException(string operation, string path, int errno, string reason)
    : IOException($"{operation} {path}: {reason}" + (errno == 0 ? "" : $" (errno {errno})"))
{
    /// <summary>The operation, as the system call is named.</summary>
    public string Operation { get; } = operation;

    /// <summary>The file or directory.</summary>
    public string Path { get; } = path;

    /// <summary>The number from the operating system, or 0.</summary>
    public int Errno { get; } = errno;
}

/// <summary>No room on the disk (or in the quota). The operation may be tried again when there is.</summary>
public sealed class DiskFullException(string operation, string path, int errno)
    : DiskException(operation, path, errno, "no space left on the disk");

/// <summary>The process is at a limit (open files, memory). Nothing was changed; the operation may be tried again.</summary>
public sealed class DiskBusyException(string operation, string path, int errno, string reason)
    : DiskException(operation, path, errno, reason);

/// <summary>Bytes could not be read. What they were is unknown; other files may be fine.</summary>
public sealed class DiskReadException(string operation, string path, int errno, string reason)
    : DiskException(operation, path, errno, reason);

/// <summary>
/// A write, sync or change of names failed for another reason than room. What is on the disk is unknown, and a later sync may
/// succeed without having written anything: the process ends, nothing is acknowledged after it.
/// </summary>
public sealed class DiskFailedException(string operation, string path, int errno, string reason)
    : DiskException(operation, path, errno, reason);
