using System.Buffers;
using System.Runtime.InteropServices;

namespace LogBroker.Storage;

/// <summary>An open file descriptor. Short writes are completed here; a failed sync is thrown, never repeated.</summary>
internal sealed unsafe class OsDiskFile(string path, int handle) : IDiskFile
{
    /// <summary>Parts up to this many bytes in sum are cheaper to copy together than to pin one by one.</summary>
    private const int CopyTogetherBytesMax = 256 * 1024;

    private const int AdviseBytesMax = 512 * 1024;

    private int _handle = handle;

    public string Path { get; } = path;

    public long Length
    {
        get
        {
            long length = Posix.LSeek(_handle, 0, Posix.SeekEnd);
            return length >= 0 ? length : throw ReadFailure("lseek", Marshal.GetLastPInvokeError());
        }
    }

    public int Read(long at, Span<byte> destination)
    {
        int done = 0;
        fixed (byte* start = destination)
        {
            while (done < destination.Length)
            {
                nint count = Posix.PRead(_handle, start + done, destination.Length - done, at + done);
                if (count == 0)
                {
                    break;
                }

                if (count < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno == Posix.Eintr)
                    {
                        continue;
                    }

                    throw ReadFailure("pread", errno);
                }

                done += (int)count;
            }
        }

        return done;
    }

    public void Write(long at, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                nint count = Posix.PWrite(_handle, start + done, bytes.Length - done, at + done);
                if (count < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno == Posix.Eintr)
                    {
                        continue;
                    }

                    throw OsDisk.Failure("pwrite", Path, errno);
                }

                done += (int)count;
            }
        }
    }

    public void Write(long at, ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        if (parts.Length == 1)
        {
            Write(at, parts[0].Span);
            return;
        }

        long total = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            total += part.Length;
        }

        if (total <= CopyTogetherBytesMax)
        {
            WriteCopied(at, parts, (int)total);
            return;
        }

        while (!parts.IsEmpty)
        {
            int count = Math.Min(parts.Length, Posix.GatherPartsMax);
            at += WriteGathered(at, parts[..count]);
            parts = parts[count..];
        }
    }

    public void SetLength(long length)
    {
        while (Posix.FTruncate(_handle, length) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Posix.Eintr)
            {
                throw OsDisk.Failure("ftruncate", Path, errno);
            }
        }
    }

    public void SyncData()
    {
        if (Posix.FDataSync(_handle) != 0)
        {
            throw OsDisk.SyncFailure("fdatasync", Path, Marshal.GetLastPInvokeError());
        }
    }

    public void Sync()
    {
        if (Posix.FSync(_handle) != 0)
        {
            throw OsDisk.SyncFailure("fsync", Path, Marshal.GetLastPInvokeError());
        }
    }

    public long FindData(long from)
    {
        long found = Posix.LSeek(_handle, from, Posix.SeekData);
        if (found >= 0)
        {
            return found;
        }

        int errno = Marshal.GetLastPInvokeError();
        return errno switch
        {
            Posix.Enxio => -1,
            Posix.Einval => from < Length ? from : -1,
            _ => throw ReadFailure("lseek", errno),
        };
    }

    public void WillNeed(long at, long bytes)
    {
        // The kernel takes about a mebibyte of one call and forgets the rest.
        for (long end = at + bytes; at < end; at += AdviseBytesMax)
        {
            _ = Posix.FAdvise(_handle, at, Math.Min(AdviseBytesMax, end - at), Posix.FadviseWillNeed);
        }
    }

    public IDiskMapping? Map(long bytes) => OsDiskMapping.TryCreate(Path, _handle, bytes);

    public void Dispose()
    {
        int open = Interlocked.Exchange(ref _handle, -1);
        if (open >= 0)
        {
            _ = Posix.Close(open);
        }
    }

    private void WriteCopied(long at, ReadOnlySpan<ReadOnlyMemory<byte>> parts, int total)
    {
        byte[] together = ArrayPool<byte>.Shared.Rent(total);
        int filled = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            part.Span.CopyTo(together.AsSpan(filled));
            filled += part.Length;
        }

        try
        {
            Write(at, together.AsSpan(0, total));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(together);
        }
    }

    /// <summary>One pwritev; what a short write left over follows part by part.</summary>
    private long WriteGathered(long at, ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        var pins = new MemoryHandle[parts.Length];
        Posix.IoVector* vectors = stackalloc Posix.IoVector[parts.Length];
        try
        {
            for (int i = 0; i < parts.Length; i++)
            {
                pins[i] = parts[i].Pin();
                vectors[i] = new Posix.IoVector { Base = (byte*)pins[i].Pointer, Length = parts[i].Length };
            }

            nint written;
            while ((written = Posix.PWriteV(_handle, vectors, parts.Length, at)) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Posix.Eintr)
                {
                    throw OsDisk.Failure("pwritev", Path, errno);
                }
            }

            long position = 0;
            foreach (ReadOnlyMemory<byte> part in parts)
            {
                long already = Math.Clamp(written - position, 0, part.Length);
                Write(at + position + already, part.Span[(int)already..]);
                position += part.Length;
            }

            return position;
        }
        finally
        {
            foreach (ref MemoryHandle pin in pins.AsSpan())
            {
                pin.Dispose();
            }
        }
    }

    private DiskReadException ReadFailure(string operation, int errno) => new(operation, Path, errno, OsDisk.Text(errno));
}
