using LogBroker.Storage;

namespace LogBroker.Testing;

/// <summary>
/// A disk in memory. Files take room for what was written to them; syncs do nothing, for the memory outlives every node of the test.
/// Cannot be mapped: the broker reads. Thread-safe.
/// </summary>
internal sealed class MemoryDisk : IDisk
{
    private const long BytesTotal = 1L << 40;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, object> _root = new(StringComparer.Ordinal);
    private readonly HashSet<string> _locks = [];

    public IDiskFile Open(string path, DiskAccess access)
    {
        lock (_gate)
        {
            if (access != DiskAccess.CreateNew)
            {
                return Find(path) is MemoryFile found
                    ? found.Open(path)
                    : throw new DiskFailedException("open", path, 2, "no such file");
            }

            (Dictionary<string, object> parent, string name) = ParentOf(path);
            if (parent.ContainsKey(name))
            {
                throw new DiskFailedException("open", path, 17, "file exists");
            }

            var created = new MemoryFile();
            parent.Add(name, created);
            return created.Open(path);
        }
    }

    public bool FileExists(string path)
    {
        lock (_gate)
        {
            return Find(path) is MemoryFile;
        }
    }

    public bool DirectoryExists(string path)
    {
        lock (_gate)
        {
            return Find(path) is Dictionary<string, object>;
        }
    }

    public IReadOnlyList<DiskEntry> List(string directory)
    {
        lock (_gate)
        {
            return Find(directory) is Dictionary<string, object> found
                ? [.. found.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => new DiskEntry(e.Key, e.Value is not MemoryFile))]
                : throw new DiskReadException("readdir", directory, 2, "no such directory");
        }
    }

    public void CreateDirectory(string path)
    {
        lock (_gate)
        {
            (Dictionary<string, object> parent, string name) = ParentOf(path);
            parent.TryAdd(name, new Dictionary<string, object>(StringComparer.Ordinal));
        }
    }

    public void DeleteDirectory(string path)
    {
        lock (_gate)
        {
            if (Find(path) is not Dictionary<string, object> { Count: 0 })
            {
                throw new DiskFailedException("rmdir", path, 39, "not an empty directory");
            }

            (Dictionary<string, object> parent, string name) = ParentOf(path);
            parent.Remove(name);
        }
    }

    public void DeleteFile(string path)
    {
        lock (_gate)
        {
            if (Find(path) is MemoryFile)
            {
                (Dictionary<string, object> parent, string name) = ParentOf(path);
                parent.Remove(name);
            }
        }
    }

    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            (Dictionary<string, object> parent, string name) = ParentOf(from);
            if (!parent.Remove(name, out object? moved))
            {
                throw new DiskFailedException("rename", from, 2, "no such file");
            }

            (Dictionary<string, object> other, string newName) = ParentOf(to);
            other[newName] = moved;
        }
    }

    public void SyncDirectory(string path)
    {
        if (!DirectoryExists(path))
        {
            throw new DiskFailedException("open", path, 2, "no such directory");
        }
    }

    public DiskSpace Space(string path) => new(BytesTotal, BytesTotal);

    public IDisposable? TryLock(string path)
    {
        lock (_gate)
        {
            if (Find(path) is null)
            {
                Open(path, DiskAccess.CreateNew).Dispose();
            }

            return _locks.Add(path) ? new Unlock(this, path) : null;
        }
    }

    private object? Find(string path)
    {
        object? at = _root;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = (at as Dictionary<string, object>)?.GetValueOrDefault(name);
        }

        return at;
    }

    private (Dictionary<string, object> Parent, string Name) ParentOf(string path)
    {
        string trimmed = path.TrimEnd('/');
        int slash = trimmed.LastIndexOf('/');
        return Find(slash < 0 ? "" : trimmed[..slash]) is Dictionary<string, object> parent
            ? (parent, trimmed[(slash + 1)..])
            : throw new DiskFailedException("open", path, 2, "no such directory");
    }

    private sealed class Unlock(MemoryDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._gate)
            {
                disk._locks.Remove(path);
            }
        }
    }
}
