using LogBroker.Storage;

namespace LogBroker.Testing;

/// <summary>
/// The disk of one life of a node, over one that stays: it can be full, stand still, fail a sync, and be cut off for good, as it is for a
/// process that was killed. Thread-safe.
/// </summary>
internal sealed class NodeDisk(IDisk disk) : IDisk, IDisposable
{
    private readonly ManualResetEventSlim _runs = new(initialState: true);
    private readonly Lock _lock = new();
    private readonly HashSet<IDisposable> _held = [];
    private volatile bool _isCut;
    private int _syncsToFail;

    /// <summary>True for a disk without room.</summary>
    public bool IsFull { get; set; }

    /// <summary>True behind <see cref="Cut"/>.</summary>
    public bool IsCut => _isCut;

    public void Pause() => _runs.Reset();

    public void Resume() => _runs.Set();

    public void FailNextSync() => Interlocked.Exchange(ref _syncsToFail, 1);

    /// <summary>The process is gone: nothing of it reaches the disk any more.</summary>
    public void Cut()
    {
        _isCut = true;
        _runs.Set();
    }

    /// <summary>Closes what the killed process had open. Nobody uses the disk any more.</summary>
    public void Dispose()
    {
        IDisposable[] held;
        lock (_lock)
        {
            held = [.. _held];
            _held.Clear();
        }

        Array.ForEach(held, h => h.Dispose());
    }

    public IDiskFile Open(string path, DiskAccess access)
    {
        Enter("open", path);
        RequireRoom(access == DiskAccess.CreateNew, "open", path);
        return new NodeFile(this, Hold(disk.Open(path, access)));
    }

    public bool FileExists(string path)
    {
        Enter("stat", path);
        return disk.FileExists(path);
    }

    public bool DirectoryExists(string path)
    {
        Enter("stat", path);
        return disk.DirectoryExists(path);
    }

    public IReadOnlyList<DiskEntry> List(string directory)
    {
        Enter("readdir", directory);
        return disk.List(directory);
    }

    public void CreateDirectory(string path)
    {
        Enter("mkdir", path);
        disk.CreateDirectory(path);
    }

    public void DeleteDirectory(string path)
    {
        Enter("rmdir", path);
        disk.DeleteDirectory(path);
    }

    public void DeleteFile(string path)
    {
        Enter("unlink", path);
        disk.DeleteFile(path);
    }

    public void Rename(string from, string to)
    {
        Enter("rename", from);
        disk.Rename(from, to);
    }

    public void SyncDirectory(string path)
    {
        Enter("fsync", path);
        disk.SyncDirectory(path);
    }

    public DiskSpace Space(string path)
    {
        DiskSpace space = disk.Space(path);
        return IsFull ? space with { FreeBytes = 0 } : space;
    }

    public IDisposable? TryLock(string path)
    {
        Enter("flock", path);
        return disk.TryLock(path) is { } taken ? new Released(this, Hold(taken)) : null;
    }

    private void Enter(string operation, string path)
    {
        _runs.Wait();
        if (_isCut)
        {
            throw new DiskFailedException(operation, path, 0, "the node was killed");
        }
    }

    private void RequireRoom(bool needsRoom, string operation, string path)
    {
        if (needsRoom && IsFull)
        {
            throw new DiskFullException(operation, path, 0);
        }
    }

    private void EnterSync(string operation, string path)
    {
        Enter(operation, path);
        if (Interlocked.Exchange(ref _syncsToFail, 0) != 0)
        {
            throw new DiskFailedException(operation, path, 0, "the test server was asked to fail this sync");
        }
    }

    private T Hold<T>(T held)
        where T : IDisposable
    {
        lock (_lock)
        {
            _held.Add(held);
        }

        return held;
    }

    private void LetGo(IDisposable held)
    {
        bool isHeld;
        lock (_lock)
        {
            isHeld = _held.Remove(held);
        }

        if (isHeld)
        {
            held.Dispose();
        }
    }

    private sealed class Released(NodeDisk owner, IDisposable held) : IDisposable
    {
        public void Dispose() => owner.LetGo(held);
    }

    private sealed class NodeFile(NodeDisk owner, IDiskFile file) : IDiskFile
    {
        public string Path => file.Path;

        public long Length
        {
            get
            {
                owner.Enter("fstat", Path);
                return file.Length;
            }
        }

        public int Read(long at, Span<byte> destination)
        {
            owner.Enter("pread", Path);
            return file.Read(at, destination);
        }

        public void Write(long at, ReadOnlySpan<byte> bytes)
        {
            owner.Enter("pwrite", Path);
            owner.RequireRoom(needsRoom: true, "pwrite", Path);
            file.Write(at, bytes);
        }

        public void Write(long at, ReadOnlySpan<ReadOnlyMemory<byte>> parts)
        {
            owner.Enter("pwritev", Path);
            owner.RequireRoom(needsRoom: true, "pwritev", Path);
            file.Write(at, parts);
        }

        public void SetLength(long length)
        {
            owner.Enter("ftruncate", Path);
            file.SetLength(length);
        }

        public void SyncData()
        {
            owner.EnterSync("fdatasync", Path);
            file.SyncData();
        }

        public void Sync()
        {
            owner.EnterSync("fsync", Path);
            file.Sync();
        }

        public long FindData(long from)
        {
            owner.Enter("lseek", Path);
            return file.FindData(from);
        }

        public void WillNeed(long at, long bytes) => file.WillNeed(at, bytes);

        public IDiskMapping? Map(long bytes)
        {
            owner.Enter("mmap", Path);
            return file.Map(bytes);
        }

        public void Dispose() => owner.LetGo(file);
    }
}
