using LogBroker.Storage;

namespace LogBroker.Testing;

/// <summary>A sparse file in memory: pages that were never written are zeros and take no room. Thread-safe.</summary>
internal sealed class MemoryFile
{
    private const int PageBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, byte[]> _pages = [];
    private long _length;

    public IDiskFile Open(string path) => new Handle(this, path);

    private int Read(long at, Span<byte> destination)
    {
        lock (_gate)
        {
            int count = (int)Math.Clamp(_length - at, 0, destination.Length);
            for (int done = 0; done < count;)
            {
                long page = (at + done) / PageBytes;
                int inPage = (int)((at + done) % PageBytes);
                Span<byte> part = destination.Slice(done, Math.Min(count - done, PageBytes - inPage));
                if (_pages.TryGetValue(page, out byte[]? bytes))
                {
                    bytes.AsSpan(inPage, part.Length).CopyTo(part);
                }
                else
                {
                    part.Clear();
                }

                done += part.Length;
            }

            return count;
        }
    }

    private void Write(long at, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            for (int done = 0; done < bytes.Length;)
            {
                long page = (at + done) / PageBytes;
                int inPage = (int)((at + done) % PageBytes);
                ReadOnlySpan<byte> part = bytes.Slice(done, Math.Min(bytes.Length - done, PageBytes - inPage));
                if (!_pages.TryGetValue(page, out byte[]? to))
                {
                    _pages.Add(page, to = new byte[PageBytes]);
                }

                part.CopyTo(to.AsSpan(inPage));
                done += part.Length;
            }

            _length = Math.Max(_length, at + bytes.Length);
        }
    }

    private void SetLength(long length)
    {
        lock (_gate)
        {
            if (length < _length)
            {
                foreach (long page in _pages.Keys.Where(p => p * PageBytes >= length).ToArray())
                {
                    _pages.Remove(page);
                }

                if (_pages.TryGetValue(length / PageBytes, out byte[]? last))
                {
                    last.AsSpan((int)(length % PageBytes)).Clear();
                }
            }

            _length = length;
        }
    }

    private long FindData(long from)
    {
        lock (_gate)
        {
            foreach (long page in _pages.Keys)
            {
                if ((page + 1) * PageBytes > from && Math.Max(from, page * PageBytes) < _length)
                {
                    return Math.Max(from, page * PageBytes);
                }
            }

            return -1;
        }
    }

    private long Length
    {
        get
        {
            lock (_gate)
            {
                return _length;
            }
        }
    }

    private sealed class Handle(MemoryFile file, string path) : IDiskFile
    {
        public string Path => path;

        public long Length => file.Length;

        public int Read(long at, Span<byte> destination) => file.Read(at, destination);

        public void Write(long at, ReadOnlySpan<byte> bytes) => file.Write(at, bytes);

        public void Write(long at, ReadOnlySpan<ReadOnlyMemory<byte>> parts)
        {
            foreach (ReadOnlyMemory<byte> part in parts)
            {
                file.Write(at, part.Span);
                at += part.Length;
            }
        }

        public void SetLength(long length) => file.SetLength(length);

        public void SyncData()
        {
        }

        public void Sync()
        {
        }

        public long FindData(long from) => file.FindData(from);

        public IDiskMapping? Map(long bytes) => null;

        public void Dispose()
        {
        }
    }
}
