using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.TestKit;

public sealed partial class SimDisk
{
    private sealed class Handle(SimDisk disk, SimFile file, string path) : IDiskFile
    {
        private bool _closed;

        public string Path => path;

        public long Length
        {
            get
            {
                lock (disk._gate)
                {
                    disk.Machine.RequireUp();
                    return file.Length;
                }
            }
        }

        public int Read(long at, Span<byte> destination)
        {
            lock (disk._gate)
            {
                disk.Machine.RequireUp();
                Invariant.Require(!_closed);
                disk.ThrowFault("pread", path);
                return file.Read(at, destination);
            }
        }

        public void Write(long at, ReadOnlySpan<byte> bytes)
        {
            lock (disk._gate)
            {
                Invariant.Require(!_closed);
                disk.ThrowFault("pwrite", path);
                bool stops = disk.Machine.StopsAtNext();
                int fitting = Fitting(at, bytes.Length);
                int before = file.Pages.Count;
                file.Write(at, bytes[..fitting]);
                disk._pages += file.Pages.Count - before;
                disk.ThrowIf(stops);
                if (fitting < bytes.Length)
                {
                    throw new DiskFullException("pwrite", path, 28);
                }
            }
        }

        public void Write(long at, ReadOnlySpan<ReadOnlyMemory<byte>> parts)
        {
            int bytes = 0;
            foreach (ReadOnlyMemory<byte> part in parts)
            {
                bytes += part.Length;
            }

            var together = new byte[bytes];
            Span<byte> rest = together;
            foreach (ReadOnlyMemory<byte> part in parts)
            {
                part.Span.CopyTo(rest);
                rest = rest[part.Length..];
            }

            Write(at, together);
        }

        public void SetLength(long length)
        {
            lock (disk._gate)
            {
                Invariant.Require(!_closed);
                disk.ThrowFault("ftruncate", path);
                bool stops = disk.Machine.StopsAtNext();
                int before = file.Pages.Count;
                file.SetLength(length);
                disk._pages += file.Pages.Count - before;
                disk.ThrowIf(stops);
            }
        }

        public void SyncData() => Sync("fdatasync");

        public void Sync() => Sync("fsync");

        public long FindData(long from)
        {
            lock (disk._gate)
            {
                disk.Machine.RequireUp();
                for (long page = from / SimFile.PageBytes; page * SimFile.PageBytes < file.Length; page++)
                {
                    if (file.Pages.Contains(page))
                    {
                        return Math.Max(from, page * SimFile.PageBytes);
                    }
                }

                return -1;
            }
        }

        public IDiskMapping? Map(long bytes)
        {
            lock (disk._gate)
            {
                if (!disk.CanMap)
                {
                    return null;
                }

                disk.Maps++;
                return new Mapping(this, bytes);
            }
        }

        public void Dispose()
        {
            lock (disk._gate)
            {
                if (!_closed)
                {
                    _closed = true;
                    file.Handles--;
                    disk.FreeIfUnused(file);
                }
            }
        }

        private void Sync(string operation)
        {
            lock (disk._gate)
            {
                Invariant.Require(!_closed);
                if (disk.Fault?.Invoke(operation, path) is { } fault)
                {
                    file.FailSync();
                    throw fault;
                }

                disk.ThrowIf(disk.Machine.StopsAtNext());
                file.Sync();
                disk.Syncs++;
            }
        }

        /// <summary>How many of the bytes find room.</summary>
        private int Fitting(long at, int count)
        {
            long free = (disk.TotalBytes / SimFile.PageBytes) - disk._pages;
            for (long page = at / SimFile.PageBytes; page * SimFile.PageBytes < at + count; page++)
            {
                if (!file.Pages.Contains(page) && --free < 0)
                {
                    return (int)Math.Max(0, (page * SimFile.PageBytes) - at);
                }
            }

            return count;
        }
    }

    /// <summary>Shows copies, so that whoever keeps a span too long sees old bytes.</summary>
    private sealed class Mapping(Handle handle, long bytes) : IDiskMapping
    {
        private bool _unmapped;

        public long Bytes => bytes;

        public ReadOnlySpan<byte> Populate(long at, int count)
        {
            Invariant.Require(!_unmapped && count <= IDiskMapping.PopulateBytesMax && at + count <= bytes);
            var copy = new byte[count];
            return handle.Read(at, copy) == count
                ? copy
                : throw new DiskReadException("madvise", handle.Path, 14, "bad address");
        }

        public void Dispose() => _unmapped = true;
    }
}
