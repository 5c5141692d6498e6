using System.Runtime.InteropServices;

namespace LogBroker.Storage;

/// <summary>
/// The system calls of <see cref="OsDisk"/>, called directly because .NET's own wrappers hide a failed sync. Each returns -1 and
/// leaves errno, which must be read at once. Linux with glibc, x64 and arm64.
/// </summary>
internal static unsafe partial class Posix
{
    public const int OpenReadOnly = 0;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 0x40;
    public const int OpenExclusive = 0x80;
    public const int OpenCloseOnExec = 0x80000;

    public const int Enoent = 2;
    public const int Eintr = 4;
    public const int Enxio = 6;
    public const int Eagain = 11;
    public const int Enomem = 12;
    public const int Eexist = 17;
    public const int Einval = 22;
    public const int Enfile = 23;
    public const int Emfile = 24;
    public const int Enospc = 28;
    public const int Edquot = 122;

    public const int SeekEnd = 2;
    public const int SeekData = 3;

    public const int ProtRead = 1;
    public const int MapShared = 1;
    public const int MapPrivateAnonymous = 0x22;
    public const int MadvPopulateRead = 22;

    public const int FadviseWillNeed = 3;

    public const int LockExclusiveNonBlocking = 6;

    /// <summary>Largest number of parts of one gather write (IOV_MAX).</summary>
    public const int GatherPartsMax = 1024;

    private const string LibC = "libc";

    /// <summary>
    /// With LOGBROKER_LIBC=preload in the environment the symbols come from the running program, so that a library loaded with
    /// LD_PRELOAD sees the calls; used by fault tests.
    /// </summary>
    static Posix()
    {
        if (Environment.GetEnvironmentVariable("LOGBROKER_LIBC") == "preload")
        {
            NativeLibrary.SetDllImportResolver(
                typeof(Posix).Assembly,
                (name, _, _) => name == LibC ? NativeLibrary.GetMainProgramHandle() : 0);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Base;
        public nint Length;
    }

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport(LibC, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int file);

    [LibraryImport(LibC, EntryPoint = "pread", SetLastError = true)]
    public static partial nint PRead(int file, byte* buffer, nint count, long at);

    [LibraryImport(LibC, EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint PWrite(int file, byte* buffer, nint count, long at);

    [LibraryImport(LibC, EntryPoint = "pwritev", SetLastError = true)]
    public static partial nint PWriteV(int file, IoVector* parts, int count, long at);

    [LibraryImport(LibC, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int FTruncate(int file, long length);

    [LibraryImport(LibC, EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int FDataSync(int file);

    [LibraryImport(LibC, EntryPoint = "fsync", SetLastError = true)]
    public static partial int FSync(int file);

    [LibraryImport(LibC, EntryPoint = "lseek", SetLastError = true)]
    public static partial long LSeek(int file, long at, int whence);

    [LibraryImport(LibC, EntryPoint = "flock", SetLastError = true)]
    public static partial int FLock(int file, int operation);

    [LibraryImport(LibC, EntryPoint = "setpriority", SetLastError = true)]
    public static partial int SetPriority(int which, int who, int niceness);

    [LibraryImport(LibC, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport(LibC, EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RmDir(string path);

    [LibraryImport(LibC, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MkDir(string path, int mode);

    [LibraryImport(LibC, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string from, string to);

    [LibraryImport(LibC, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint MMap(nint address, nint length, int protection, int flags, int file, long at);

    [LibraryImport(LibC, EntryPoint = "munmap", SetLastError = true)]
    public static partial int MUnmap(nint address, nint length);

    [LibraryImport(LibC, EntryPoint = "madvise", SetLastError = true)]
    public static partial int MAdvise(nint address, nint length, int advice);

    [LibraryImport(LibC, EntryPoint = "mincore", SetLastError = true)]
    public static partial int MInCore(nint address, nint length, byte* residency);

    /// <summary>Returns the error instead of leaving it in errno.</summary>
    [LibraryImport(LibC, EntryPoint = "posix_fadvise")]
    public static partial int FAdvise(int file, long at, long bytes, int advice);

    [LibraryImport(LibC, EntryPoint = "_exit")]
    public static partial void ExitNow(int code);
}
