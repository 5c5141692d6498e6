using System.Runtime.InteropServices;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// A read-only shared mapping. <see cref="Populate"/> pulls pages in inside a system call, which reports an I/O error as an errno;
/// the same fault taken in managed code could neither be caught nor answered.
/// </summary>
internal sealed unsafe class OsDiskMapping : IDiskMapping
{
    private const int PagesPerCall = 512;

    private static readonly bool KernelPopulates = ProbePopulate();

    private readonly string _path;
    private nint _address;

    private OsDiskMapping(string path, nint address, long bytes)
    {
        _path = path;
        _address = address;
        Bytes = bytes;
    }

    public long Bytes { get; }

    /// <summary>Null where the kernel cannot populate (before 5.14), or mappings or address space have run out.</summary>
    public static OsDiskMapping? TryCreate(string path, int handle, long bytes)
    {
        if (!KernelPopulates || bytes <= 0)
        {
            return null;
        }

        nint address = Posix.MMap(0, (nint)bytes, Posix.ProtRead, Posix.MapShared, handle, 0);
        return address == -1 ? null : new OsDiskMapping(path, address, bytes);
    }

    public bool IsResident(long at, int bytes)
    {
        nint page = Environment.SystemPageSize;
        nint start = (_address + (nint)at) & ~(page - 1);
        nint end = _address + (nint)Math.Min(at + bytes, Bytes);
        Span<byte> residency = stackalloc byte[PagesPerCall];
        while (start < end)
        {
            int pages = (int)Math.Min(PagesPerCall, (end - start + page - 1) / page);
            fixed (byte* first = residency)
            {
                if (Posix.MInCore(start, pages * page, first) != 0)
                {
                    return true;
                }
            }

            // The other bits of a byte are undefined; no kernel has set them yet.
            if (residency[..pages].Contains((byte)0))
            {
                return false;
            }

            start += pages * page;
        }

        return true;
    }

    public ReadOnlySpan<byte> Populate(long at, int bytes)
    {
        Invariant.Require(at >= 0 && bytes >= 0 && bytes <= IDiskMapping.PopulateBytesMax && at + bytes <= Bytes);
        if (bytes == 0)
        {
            return default;
        }

        nint page = Environment.SystemPageSize;
        nint start = _address + (nint)at;
        nint aligned = start & ~(page - 1);
        while (Posix.MAdvise(aligned, start + bytes - aligned, Posix.MadvPopulateRead) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno is not (Posix.Eintr or Posix.Eagain))
            {
                throw new DiskReadException("madvise", _path, errno, OsDisk.Text(errno));
            }
        }

        return new ReadOnlySpan<byte>((void*)start, bytes);
    }

    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0)
        {
            _ = Posix.MUnmap(address, (nint)Bytes);
        }
    }

    private static bool ProbePopulate()
    {
        nint page = Environment.SystemPageSize;
        nint address = Posix.MMap(0, page, Posix.ProtRead, Posix.MapPrivateAnonymous, -1, 0);
        if (address == -1)
        {
            return false;
        }

        bool works = Posix.MAdvise(address, page, Posix.MadvPopulateRead) == 0;
        _ = Posix.MUnmap(address, page);
        return works;
    }
}
