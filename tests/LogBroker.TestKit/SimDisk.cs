using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.TestKit;

/// <summary>
/// A disk in memory that forgets: bytes until their file is synced, names until their directory is, both as <see cref="LossMode"/> says;
/// that stops at a given operation of its <see cref="SimMachine"/>, runs full, and fails on demand. Deterministic and thread-safe.
/// </summary>
public sealed partial class SimDisk : IDisk, ISimulatedDevice
{
    private readonly Lock _gate = new();
    private SimDirectory _root = new();
    private readonly HashSet<string> _locks = [];
    private long _pages;

    public SimDisk(SimMachine machine)
    {
        Machine = machine;
        machine.Add(this);
    }

    public SimMachine Machine { get; }

    /// <summary>Size of the disk; no limit unless set.</summary>
    public long TotalBytes { get; set; } = 1L << 40;

    /// <summary>Asked before each operation (name of the system call, path): what it returns is thrown instead.</summary>
    public Func<string, string, DiskException?>? Fault { get; set; }

    /// <summary>False for a disk whose files cannot be mapped: they must be read.</summary>
    public bool CanMap { get; set; } = true;

    /// <summary>Number of mappings made so far.</summary>
    public int Maps { get; private set; }

    /// <summary>Names of all files, for assertions.</summary>
    public IReadOnlyList<string> AllFiles
    {
        get
        {
            lock (_gate)
            {
                var found = new List<string>();
                Collect(_root, "", found);
                found.Sort(string.CompareOrdinal);
                return found;
            }
        }
    }

    /// <summary>Number of syncs of files so far.</summary>
    public int Syncs { get; private set; }

    public IDiskFile Open(string path, DiskAccess access)
    {
        lock (_gate)
        {
            ThrowFault("open", path);
            if (access != DiskAccess.CreateNew)
            {
                Machine.RequireUp();
                SimFile file = Find(path) as SimFile ?? throw new DiskFailedException("open", path, 2, "no such file");
                file.Handles++;
                return new Handle(this, file, path);
            }

            bool stops = Machine.StopsAtNext();
            (SimDirectory parent, string name) = Parent(path);
            if (parent.Seen.ContainsKey(name))
            {
                throw new DiskFailedException("open", path, 17, "file exists");
            }

            var created = new SimFile { Names = 1, Handles = 1 };
            parent.Change(new KeyValuePair<string, object?>(name, created));
            ThrowIf(stops);
            return new Handle(this, created, path);
        }
    }

    public bool FileExists(string path)
    {
        lock (_gate)
        {
            Machine.RequireUp();
            return Find(path) is SimFile;
        }
    }

    public bool DirectoryExists(string path)
    {
        lock (_gate)
        {
            Machine.RequireUp();
            return Find(path) is SimDirectory;
        }
    }

    public IReadOnlyList<DiskEntry> List(string directory)
    {
        lock (_gate)
        {
            Machine.RequireUp();
            SimDirectory found = Find(directory) as SimDirectory
                ?? throw new DiskReadException("readdir", directory, 2, "no such directory");
            return [.. found.Seen.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => new DiskEntry(e.Key, e.Value is SimDirectory))];
        }
    }

    public void CreateDirectory(string path)
    {
        lock (_gate)
        {
            ThrowFault("mkdir", path);
            (SimDirectory parent, string name) = Parent(path);
            if (parent.Seen.ContainsKey(name))
            {
                return;
            }

            bool stops = Machine.StopsAtNext();
            parent.Change(new KeyValuePair<string, object?>(name, new SimDirectory()));
            ThrowIf(stops);
        }
    }

    public void DeleteDirectory(string path)
    {
        lock (_gate)
        {
            ThrowFault("rmdir", path);
            bool stops = Machine.StopsAtNext();
            if (Find(path) is not SimDirectory { Seen.Count: 0 })
            {
                throw new DiskFailedException("rmdir", path, 39, "not an empty directory");
            }

            (SimDirectory parent, string name) = Parent(path);
            parent.Change(new KeyValuePair<string, object?>(name, null));
            ThrowIf(stops);
        }
    }

    public void DeleteFile(string path)
    {
        lock (_gate)
        {
            ThrowFault("unlink", path);
            if (Find(path) is not SimFile file)
            {
                return;
            }

            bool stops = Machine.StopsAtNext();
            (SimDirectory parent, string name) = Parent(path);
            parent.Change(new KeyValuePair<string, object?>(name, null));
            file.Names--;
            FreeIfUnused(file);
            ThrowIf(stops);
        }
    }

    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            ThrowFault("rename", from);
            bool stops = Machine.StopsAtNext();
            (SimDirectory parent, string name) = Parent(from);
            (SimDirectory other, string newName) = Parent(to);
            Invariant.Require(ReferenceEquals(parent, other));
            object moved = parent.Seen.GetValueOrDefault(name) ?? throw new DiskFailedException("rename", from, 2, "no such file");
            if (parent.Seen.GetValueOrDefault(newName) is SimFile replaced)
            {
                replaced.Names--;
                FreeIfUnused(replaced);
            }

            parent.Change(new KeyValuePair<string, object?>(name, null), new KeyValuePair<string, object?>(newName, moved));
            ThrowIf(stops);
        }
    }

    public void SyncDirectory(string path)
    {
        lock (_gate)
        {
            ThrowFault("fsync", path);
            ThrowIf(Machine.StopsAtNext());
            SimDirectory found = Find(path) as SimDirectory ?? throw new DiskFailedException("open", path, 2, "no such directory");
            found.Sync();
        }
    }

    public DiskSpace Space(string path)
    {
        lock (_gate)
        {
            return new DiskSpace(Math.Max(0, TotalBytes - (_pages * SimFile.PageBytes)), TotalBytes);
        }
    }

    public IDisposable? TryLock(string path)
    {
        lock (_gate)
        {
            Machine.RequireUp();
            if (Find(path) is null)
            {
                Open(path, DiskAccess.CreateNew).Dispose();
            }

            return _locks.Add(path) ? new Unlock(this, path) : null;
        }
    }

    public void Crash(LossMode mode, Random random)
    {
        lock (_gate)
        {
            _locks.Clear();
            _root.Crash(mode, random);
            _pages = 0;
            CountPages(_root);
        }
    }

    /// <summary>Changes bytes behind everybody's back, as a failing disk does; seen and durable.</summary>
    public void Corrupt(string path, Action<byte[]> change)
    {
        lock (_gate)
        {
            SimFile file = (SimFile)Find(path)!;
            byte[] bytes = file.ToArray();
            change(bytes);
            file.Write(0, bytes);
            file.Sync();
        }
    }

    /// <summary>One bit of what was written to a file flips, seen and durable.</summary>
    public void FlipBit(string path, Random random)
    {
        lock (_gate)
        {
            (Find(path) as SimFile)?.FlipBit(random);
        }
    }

    /// <summary>Cuts or lengthens a file behind everybody's back.</summary>
    public void CorruptLength(string path, long length)
    {
        lock (_gate)
        {
            SimFile file = (SimFile)Find(path)!;
            file.SetLength(length);
            file.Sync();
        }
    }

    /// <summary>Bytes of a file as seen, without asking whether the machine is up; how many there were, -1 without such a file.</summary>
    public int Peek(string path, long at, Span<byte> destination)
    {
        lock (_gate)
        {
            return Find(path) is SimFile file ? file.Read(at, destination) : -1;
        }
    }

    /// <summary>Names in a directory in order, without asking whether the machine is up; none without such a directory.</summary>
    public IReadOnlyList<string> PeekNames(string directory)
    {
        lock (_gate)
        {
            return Find(directory) is SimDirectory found ? [.. found.Seen.Keys.Order(StringComparer.Ordinal)] : [];
        }
    }

    /// <summary>Loses everything: a new disk in place of the old one.</summary>
    public void Wipe()
    {
        lock (_gate)
        {
            _locks.Clear();
            _root = new SimDirectory();
            _pages = 0;
        }
    }

    /// <summary>All bytes of a file as seen.</summary>
    public byte[] ReadAll(string path)
    {
        lock (_gate)
        {
            return ((SimFile)Find(path)!).ToArray();
        }
    }

    private static void Collect(SimDirectory directory, string path, List<string> found)
    {
        foreach ((string name, object value) in directory.Seen)
        {
            if (value is SimDirectory child)
            {
                Collect(child, path + "/" + name, found);
            }
            else
            {
                found.Add(path + "/" + name);
            }
        }
    }

    private void CountPages(SimDirectory directory)
    {
        foreach (object value in directory.Seen.Values)
        {
            if (value is SimFile file)
            {
                file.Names = 1;
                _pages += file.Pages.Count;
            }
            else
            {
                CountPages((SimDirectory)value);
            }
        }
    }

    private void FreeIfUnused(SimFile file)
    {
        if (file is { Names: 0, Handles: 0 })
        {
            _pages -= file.Pages.Count;
            file.Pages.Clear();
        }
    }

    private object? Find(string path)
    {
        object? at = _root;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = (at as SimDirectory)?.Seen.GetValueOrDefault(name);
        }

        return at;
    }

    private (SimDirectory Parent, string Name) Parent(string path)
    {
        int slash = path.TrimEnd('/').LastIndexOf('/');
        string parent = slash < 0 ? "" : path[..slash];
        return Find(parent) is SimDirectory found
            ? (found, path[(slash + 1)..])
            : throw new DiskFailedException("open", path, 2, "no such directory");
    }

    private void ThrowFault(string operation, string path)
    {
        if (Fault?.Invoke(operation, path) is { } fault)
        {
            throw fault;
        }
    }

    private void ThrowIf(bool stops)
    {
        if (stops)
        {
            throw Machine.Stopped();
        }
    }

    private sealed class Unlock(SimDisk disk, string path) : IDisposable
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
