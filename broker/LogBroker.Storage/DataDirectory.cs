using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>Who opens a data directory.</summary>
/// <param name="NodeId">The node; it must be the directory's.</param>
/// <param name="ClusterId">The cluster, if the caller knows it; a new directory gets this one, or a new one.</param>
public sealed record DataDirectoryOptions(NodeId NodeId, ClusterId? ClusterId = null)
{
    /// <summary>Source of the ids of a new directory; simulations give their own.</summary>
    public Func<Guid> NewId { get; init; } = Guid.NewGuid;

    /// <summary>The node ids of the cluster in order, or empty for a node alone. A formed directory demands the same ones.</summary>
    public IReadOnlyList<NodeId> Voters { get; init; } = [];
}

/// <summary>What became of the state store since the last start.</summary>
public enum StateCondition
{
    /// <summary>The directory is new.</summary>
    New,

    /// <summary>The store is the one that was written here.</summary>
    Intact,

    /// <summary>The store is empty or another one: votes, log starts and checkpoints are gone, topic data is not (R23, R30).</summary>
    Lost,
}

/// <summary>A partition's directory as found.</summary>
/// <param name="TopicDirectory">Name of the topic's directory: up to 200 characters of the topic, <c>~</c>, 8 digits of its id.</param>
/// <param name="Index">The partition.</param>
/// <param name="Path">The directory.</param>
public sealed record PartitionDirectory(string TopicDirectory, int Index, string Path);

/// <summary>
/// The data directory of a node: lock, identity, and the directories of partitions.
/// <code>
///   LOCK                     held while a process uses the directory
///   meta.json                <see cref="MetaFile"/>
///   clean-shutdown           there after an orderly end, removed at start
///   state/                   the state store
///   tables/                  views of tables, there once one was used; made anew from the logs where it is missing or damaged
///   topics/NAME~ID8/N/       partition N of a topic; NAME~ID8~deleted is being removed
/// </code>
/// </summary>
/// <remarks>
/// Owner: one per process; members may be called from any one thread at a time.
/// Failure policy: a directory that is foreign, newer, in use or unreadable is refused with a reason and left as it is. Nothing is
/// ever deleted because something else is missing.
/// </remarks>
public sealed class DataDirectory : IDisposable
{
    private const string LockName = "LOCK";
    private const string CleanName = "clean-shutdown";
    private const string StateName = "state";
    private const string TablesName = "tables";
    private const string TopicsName = "topics";
    private const string DeletedSuffix = "~deleted";

    private static readonly byte[] DirectoryIdKey = StateKey.OfNode("directory-id"u8);

    private readonly IDisk _disk;
    private readonly IDisposable _lock;
    private readonly Func<Guid> _newId;

    private DataDirectory(
        IDisk disk, string path, IDisposable fileLock, MetaFile meta, Func<Guid> newId, bool isNew, bool wasClean)
    {
        _disk = disk;
        _newId = newId;
        _lock = fileLock;
        Path = path;
        Meta = meta;
        IsNew = isNew;
        WasCleanShutdown = wasClean;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Its identity.</summary>
    public MetaFile Meta { get; private set; }

    /// <summary>True until <see cref="Attach"/> has made a new directory a whole one.</summary>
    public bool IsNew { get; private set; }

    /// <summary>True when the last process ended in good order.</summary>
    public bool WasCleanShutdown { get; }

    /// <summary>Where the state store lives.</summary>
    public string StatePath => Path + "/" + StateName;

    /// <summary>Where topics live.</summary>
    public string TopicsPath => Path + "/" + TopicsName;

    /// <summary>Locks and checks a directory, or begins a new one where there is none.</summary>
    /// <returns>The directory, or an error that says file, reason and remedy.</returns>
    public static Result<DataDirectory> Open(IDisk disk, string path, DataDirectoryOptions options)
    {
        path = path.Length > 1 ? path.TrimEnd('/') : path;
        try
        {
            CreateWithParents(disk, path);
            IDisposable? fileLock = disk.TryLock(path + "/" + LockName);
            if (fileLock is null)
            {
                return MetaFile.Refusal($"{path}/{LockName}: another process uses this data directory");
            }

            Result<DataDirectory> opened = OpenLocked(disk, path, fileLock, options);
            if (!opened.IsOk)
            {
                fileLock.Dispose();
            }

            return opened;
        }
        catch (DiskException e)
        {
            return MetaFile.Refusal($"the data directory {path} cannot be used: {e.Message}");
        }
    }

    /// <summary>Opens the RocksDB state store; one that is damaged is moved aside, and an empty one takes its place.</summary>
    /// <param name="movedTo">Where the damaged one went, or null.</param>
    public IStateStore OpenStateStore(out string? movedTo)
    {
        movedTo = null;
        try
        {
            return RocksStateStore.Open(StatePath);
        }
        catch (StateStoreDamagedException)
        {
            int number = 1;
            while (_disk.DirectoryExists(movedTo = string.Create(CultureInfo.InvariantCulture, $"{StatePath}.damaged-{number}")))
            {
                number++;
            }

            _disk.Rename(StatePath, movedTo);
            _disk.SyncDirectory(Path);
            return RocksStateStore.Open(StatePath);
        }
    }

    /// <summary>Opens the RocksDB of table views; one that is damaged gives way to an empty one, for the logs have all of it.</summary>
    /// <exception cref="DiskException">The file system refused.</exception>
    public ITableStore OpenTableStore()
    {
        string path = Path + "/" + TablesName;
        try
        {
            return RocksTableStore.Open(path);
        }
        catch (StateStoreDamagedException)
        {
            DeleteTree(path);
            return RocksTableStore.Open(path);
        }
    }

    /// <summary>
    /// Binds directory and state store to each other: completes a new directory, and tells whether the store is the one that belongs
    /// here. Removes what a crash left of deleted topics.
    /// </summary>
    public StateCondition Attach(IStateStore state)
    {
        byte[] own = Meta.DirectoryId.Value.ToByteArray(bigEndian: true);
        bool isIntact = state.Get(DirectoryIdKey) is { } stored && stored.AsSpan().SequenceEqual(own);
        if (!isIntact && !IsNew && !Meta.IsLoneVoter)
        {
            // R23: votes are gone, so this is another disk to the others; in that order, for a crash in between finds the same again.
            Meta = Meta with { DirectoryId = new DirectoryId(_newId()) };
            Meta.Write(_disk, Path);
            own = Meta.DirectoryId.Value.ToByteArray(bigEndian: true);
        }

        // Synced even when it says nothing new: a killed process may have left votes and log starts that only the page cache knows,
        // and this start acts on what it reads.
        state.Write(new StateBatch().Put(DirectoryIdKey, own), sync: true);
        _disk.CreateDirectory(TopicsPath);
        _disk.SyncDirectory(Path);
        if (IsNew)
        {
            Meta.Write(_disk, Path);
            IsNew = false;
            return StateCondition.New;
        }

        foreach (DiskEntry entry in _disk.List(TopicsPath))
        {
            if (entry.IsDirectory && entry.Name.EndsWith(DeletedSuffix, StringComparison.Ordinal))
            {
                DeleteTree(TopicsPath + "/" + entry.Name);
            }
            else if (entry.IsDirectory && !WasCleanShutdown)
            {
                // A process that was killed may have created names here that only the page cache knows.
                _disk.SyncDirectory(TopicsPath + "/" + entry.Name);
            }
        }

        if (!WasCleanShutdown)
        {
            _disk.SyncDirectory(TopicsPath);
        }

        return isIntact ? StateCondition.Intact : StateCondition.Lost;
    }

    /// <summary>The node belongs to a cluster from now on (R27); durable when it returns.</summary>
    public void Join(ClusterId cluster, IReadOnlyList<FormedVoter> formedWith)
    {
        Invariant.Require(!Meta.IsFormed && !Meta.IsLoneVoter && !IsNew);
        Meta = Meta with { ClusterId = cluster, FormedWith = [.. formedWith] };
        Meta.Write(_disk, Path);
    }

    /// <summary>Name of a topic's directory.</summary>
    public static string NameOf(string topic, TopicId id) =>
        string.Concat(topic.AsSpan(0, Math.Min(topic.Length, Limits.TopicNameInDirectoryCharsMax)), "~", id.Short);

    /// <summary>Directory of a partition, whether or not it is there.</summary>
    public string PathOf(string topic, TopicId id, int partition) =>
        string.Create(CultureInfo.InvariantCulture, $"{TopicsPath}/{NameOf(topic, id)}/{partition}");

    /// <summary>Creates the directory of a partition unless it is there; durable when it returns.</summary>
    /// <exception cref="DiskException">The file system refused; a full disk leaves nothing that matters.</exception>
    public string CreatePartition(string topic, TopicId id, int partition)
    {
        string path = PathOf(topic, id, partition);
        if (!_disk.DirectoryExists(path))
        {
            string topicPath = TopicsPath + "/" + NameOf(topic, id);
            _disk.CreateDirectory(topicPath);
            _disk.CreateDirectory(path);
            _disk.SyncDirectory(topicPath);
            _disk.SyncDirectory(TopicsPath);
        }

        return path;
    }

    /// <summary>
    /// Removes a topic whose deletion is committed: its state, then its name, then its files; durable when it returns, and finished at
    /// the next start if it is interrupted. All its logs are closed. Nothing happens when it is not there.
    /// </summary>
    public void DeleteTopic(string topic, TopicId id, IStateStore state)
    {
        var batch = new StateBatch();
        foreach ((byte[] key, _) in state.Scan(StateKey.OfTopic(id)))
        {
            batch.Delete(key);
        }

        if (batch.Count > 0)
        {
            state.Write(batch, sync: true);
        }

        string path = TopicsPath + "/" + NameOf(topic, id);
        if (_disk.DirectoryExists(path))
        {
            _disk.Rename(path, path + DeletedSuffix);
            _disk.SyncDirectory(TopicsPath);
            DeleteTree(path + DeletedSuffix);
        }
    }

    /// <summary>All directories of partitions, in order of name and number.</summary>
    public IReadOnlyList<PartitionDirectory> ListPartitions() => ListPartitions(_disk, Path);

    /// <summary>All directories of partitions of a data directory that need not be locked.</summary>
    public static IReadOnlyList<PartitionDirectory> ListPartitions(IDisk disk, string dataDirectory)
    {
        var found = new List<PartitionDirectory>();
        string topics = dataDirectory + "/" + TopicsName;
        foreach (DiskEntry topic in disk.DirectoryExists(topics) ? disk.List(topics) : [])
        {
            if (!topic.IsDirectory || topic.Name.EndsWith(DeletedSuffix, StringComparison.Ordinal))
            {
                continue;
            }

            string path = topics + "/" + topic.Name;
            found.AddRange(disk.List(path)
                .Where(e => e.IsDirectory && int.TryParse(e.Name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                .Select(e => new PartitionDirectory(
                    topic.Name, int.Parse(e.Name, NumberStyles.None, CultureInfo.InvariantCulture), path + "/" + e.Name))
                .OrderBy(p => p.Index));
        }

        return found;
    }

    /// <summary>Notes that everything was closed in good order. Call last, before <see cref="Dispose"/>.</summary>
    public void MarkCleanShutdown()
    {
        string path = Path + "/" + CleanName;
        _disk.DeleteFile(path);
        using (IDiskFile file = _disk.Open(path, DiskAccess.CreateNew))
        {
            file.Sync();
        }

        _disk.SyncDirectory(Path);
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose() => _lock.Dispose();

    private static Result<DataDirectory> OpenLocked(IDisk disk, string path, IDisposable fileLock, DataDirectoryOptions options)
    {
        if (MetaFile.TryRead(disk, path) is { } read)
        {
            if (read.Error is { } unreadable)
            {
                return unreadable;
            }

            MetaFile meta = read.Value;
            if (meta.NodeId != options.NodeId)
            {
                return MetaFile.Refusal(
                    $"{path}/{MetaFile.FileName}: the directory belongs to node {meta.NodeId}, this is node {options.NodeId}");
            }

            if (RefusalOfVoters(path, meta, options) is { } otherVoters)
            {
                return otherVoters;
            }

            if (options.ClusterId is { } cluster && cluster != meta.ClusterId)
            {
                return MetaFile.Refusal(
                    $"{path}/{MetaFile.FileName}: the directory belongs to cluster {meta.ClusterId}, this is cluster {cluster}");
            }

            bool wasClean = disk.FileExists(path + "/" + CleanName);
            if (wasClean)
            {
                disk.DeleteFile(path + "/" + CleanName);
                disk.SyncDirectory(path);
            }

            return new DataDirectory(disk, path, fileLock, meta, options.NewId, isNew: false, wasClean);
        }

        foreach (DiskEntry entry in disk.List(path))
        {
            bool isOurs = entry.Name is LockName or StateName or MetaFile.FileName + SegmentName.Temporary
                || (entry.Name == TopicsName && disk.List(path + "/" + TopicsName).Count == 0);
            if (!isOurs)
            {
                return MetaFile.Refusal(
                    $"{path} has no {MetaFile.FileName} but holds {ShownValue.Of(entry.Name)}: "
                    + "not a data directory of LogBroker, or a damaged one");
            }
        }

        SyncAncestors(disk, path);
        bool isAlone = options.Voters.Count == 0;
        var fresh = new MetaFile(
            MetaFile.CurrentFormatVersion,
            options.ClusterId ?? (isAlone ? new ClusterId(options.NewId()) : default),
            options.NodeId,
            new DirectoryId(options.NewId()),
            IsLoneVoter: isAlone);
        return new DataDirectory(disk, path, fileLock, fresh, options.NewId, isNew: true, wasClean: true);
    }

    private static BrokerError? RefusalOfVoters(string path, MetaFile meta, DataDirectoryOptions options)
    {
        string file = $"{path}/{MetaFile.FileName}";
        string given = string.Join(", ", options.Voters);
        if (meta.IsLoneVoter)
        {
            return options.Voters.Count == 0 ? null : MetaFile.Refusal(
                $"{file}: the directory belongs to a node alone and cannot be started as one of the nodes {given}: changing the voters "
                + "of a cluster is not possible yet; start without --cluster, or with an empty data directory");
        }

        if (options.Voters.Count == 0)
        {
            string nodes = string.Join(", ", meta.FormedWith.Select(v => v.Node));
            string others = meta.IsFormed ? $"the nodes {nodes}" : "a cluster to be formed";
            return MetaFile.Refusal($"{file}: the directory belongs to {others}; start with --cluster and all of them");
        }

        string formed = string.Join(", ", meta.FormedWith.Select(v => v.Node));
        return !meta.IsFormed || formed == given ? null : MetaFile.Refusal(
            $"{file}: the cluster was formed of the nodes {formed}, --cluster names {given}: changing the voters of a cluster is not "
            + "possible yet; give the same nodes (addresses may change)");
    }

    private static void CreateWithParents(IDisk disk, string path)
    {
        if (!disk.DirectoryExists(path))
        {
            if (ParentOf(path) is { } parent && parent != ".")
            {
                CreateWithParents(disk, parent);
            }

            disk.CreateDirectory(path);
        }
    }

    /// <summary>
    /// Makes the names above a new directory durable, whoever created them and when. Directories that may not be opened are not ours.
    /// </summary>
    private static void SyncAncestors(IDisk disk, string path)
    {
        for (string? parent = ParentOf(path); parent is not null; parent = ParentOf(parent))
        {
            try
            {
                disk.SyncDirectory(parent);
            }
            catch (DiskFailedException e) when (e.Operation == "open")
            {
                return;
            }
        }
    }

    private static string? ParentOf(string path)
    {
        int end = path.LastIndexOf('/');
        return path is "/" or "." ? null : end < 0 ? "." : end == 0 ? "/" : path[..end];
    }

    private void DeleteTree(string path)
    {
        foreach (DiskEntry entry in _disk.List(path))
        {
            if (entry.IsDirectory)
            {
                DeleteTree(path + "/" + entry.Name);
            }
            else
            {
                _disk.DeleteFile(path + "/" + entry.Name);
            }
        }

        _disk.DeleteDirectory(path);
    }
}
