using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Opening and closing partitions, so that what this node hosts is what the metadata log says.</summary>
public sealed partial class Broker
{
    private bool IsAlone => _env.Settings.Cluster is null;

    /// <summary>Starts everything; null when the broker serves or takes part in its cluster, else why it cannot.</summary>
    internal async Task<BrokerError?> Start(IProgress<RecoveryProgress>? progress, CancellationToken cancellation)
    {
        _env.ClientAddressOf = ClientAddressOf;
        bool isMember = _directory.Meta.IsFormed; // one that joins as soon as it is heard hosts the metadata there
        if (!IsAlone)
        {
            _env.Peers.Start(new PeerIdentity(_env.Node, _env.Directory, _env.Peers.Boot), ClusterOf(_directory.Meta), this);
        }

        if (isMember && await HostMetadata(progress, cancellation) is { } error)
        {
            return error;
        }

        Observe();
        _ticker = _threads.StartTicks(_env.Time, TickInterval, Tick);
        return null;
    }

    /// <summary>Opens the metadata log and what it is known to name; a node alone waits until all of it serves.</summary>
    private async Task<BrokerError?> HostMetadata(IProgress<RecoveryProgress>? progress, CancellationToken cancellation)
    {
        TopicInfo topic = MetadataLog.TopicWith(_env.Settings.MetadataSegmentBytes) with
        {
            ReplicationFactor = IsAlone ? 1 : _directory.Meta.FormedWith.Count,
            Placements = IsAlone ? [] : [new PartitionPlacement(_directory.Meta.FormedWith)],
        };
        HostedPartition partition = OpenPartition(topic, 0, out _);
        if (partition.Replica is not { } replica)
        {
            return partition.Refusal(new TopicPartition(MetadataLog.TopicName, 0));
        }

        var metadata = new MetadataLog(replica, _threads, _env.Settings.TopicDefaults, isAlone: IsAlone);
        await Lead([replica]);
        if (IsAlone && !replica.View.Serves)
        {
            return new BrokerError(ErrorCode.Internal, $"{MetadataLog.TopicName} does not serve: {replica.View.Detail}");
        }

        if (metadata.CatchUp() is { } error)
        {
            return error;
        }

        _producerIds = new ProducerIdAllocator(metadata);
        _metadata = metadata;
        Volatile.Write(ref _hosted, new HostedTopics([new HostedTopic(topic, [partition])]));
        RemoveLeftovers();
        await Reconcile(progress, cancellation);
        if (!IsAlone)
        {
            replica.HighWatermarkMoved = MetadataMoved;
            MetadataMoved();
        }

        return null;
    }

    /// <summary>
    /// Files go only where a committed deletion names their topic: such leftovers of a crash are removed. What nobody knows is reported
    /// and left.
    /// </summary>
    private void RemoveLeftovers()
    {
        var known = Metadata.State.Catalog.Topics.Select(t => DataDirectory.NameOf(t.Name, t.Id)).ToHashSet(StringComparer.Ordinal);
        known.Add(DataDirectory.NameOf(MetadataLog.TopicName, MetadataLog.TopicId));
        var deleted = Metadata.State.Deleted.ToDictionary(t => DataDirectory.NameOf(t.Value, t.Key), t => t.Key, StringComparer.Ordinal);
        foreach (string name in _directory.ListPartitions().Select(p => p.TopicDirectory).Distinct(StringComparer.Ordinal))
        {
            if (known.Contains(name))
            {
                continue;
            }

            if (deleted.TryGetValue(name, out TopicId id))
            {
                DeleteFiles(Metadata.State.Deleted[id], id);
                BrokerLog.LeftoverRemoved(_log, Metadata.State.Deleted[id], id.ToString());
            }
            else if (IsAlone)
            {
                // One of several nodes may hold topics that it has not heard of yet.
                BrokerLog.UnknownDirectory(_log, _directory.TopicsPath + "/" + name);
            }
        }
    }

    /// <summary>
    /// Brings what is hosted in line with the committed metadata, and publishes it. Under the lock of changes, but for the start.
    /// </summary>
    private async Task Reconcile(IProgress<RecoveryProgress>? progress = null, CancellationToken cancellation = default)
    {
        TopicCatalog catalog = Metadata.State.Catalog;
        foreach (HostedTopic gone in Hosted.Topics.Where(t => !t.Info.IsInternal && catalog.Find(t.Info.Id) is null).ToArray())
        {
            await Unhost(gone);
        }

        PublishNodes();
        HostedTopics hosted = Hosted;
        TopicInfo[] changed = [.. catalog.Topics.Where(t => IsChanged(t, hosted))];
        if (changed.Length == 0)
        {
            return;
        }

        var missing = new List<(TopicInfo Topic, int Index)>();
        foreach (TopicInfo topic in changed)
        {
            HostedPartition[] now = hosted.Find(topic.Name)?.Partitions ?? [];
            IEnumerable<int> all = Enumerable.Range(0, topic.PartitionCount);
            missing.AddRange(all.Where(i => i >= now.Length || now[i].IsMissing).Select(i => (topic, i)));
        }

        Dictionary<(TopicId, int), HostedPartition> opened = await OpenAll(missing, progress, cancellation);
        await Lead([.. missing.Select(m => opened[(m.Topic.Id, m.Index)].Replica).OfType<PartitionReplica>()]);
        var topics = new List<HostedTopic>(changed.Length);
        foreach (TopicInfo topic in changed)
        {
            HostedPartition[] now = hosted.Find(topic.Name)?.Partitions ?? [];
            foreach (PartitionReplica replica in now.Select(p => p.Replica).OfType<PartitionReplica>())
            {
                replica.Configure(topic);
            }

            topics.Add(new HostedTopic(
                topic,
                [.. Enumerable.Range(0, topic.PartitionCount).Select(i => opened.GetValueOrDefault((topic.Id, i)) ?? now[i])]));
        }

        Volatile.Write(ref _hosted, Hosted.With(topics));
    }

    private static bool IsChanged(TopicInfo topic, HostedTopics hosted) => hosted.Find(topic.Name) is not { } now
        || !ReferenceEquals(now.Info, topic)
        || now.Partitions.Any(p => p.IsMissing);

    private async Task<Dictionary<(TopicId, int), HostedPartition>> OpenAll(
        List<(TopicInfo Topic, int Index)> wanted, IProgress<RecoveryProgress>? progress, CancellationToken cancellation)
    {
        var opened = new HostedPartition[wanted.Count];
        long bytes = 0;
        int count = 0;
        void Open(int i)
        {
            opened[i] = OpenPartition(wanted[i].Topic, wanted[i].Index, out long scanned);
            long sum = Interlocked.Add(ref bytes, scanned);
            progress?.Report(new RecoveryProgress(Interlocked.Increment(ref count), wanted.Count, sum));
        }

        if (_threads.OpensAtOnce == 1 || wanted.Count == 1)
        {
            for (int i = 0; i < wanted.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                Open(i);
            }
        }
        else
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = _threads.OpensAtOnce, CancellationToken = cancellation };
            await Task.Run(() => Parallel.For(0, wanted.Count, options, Open), cancellation);
        }

        if (progress is not null)
        {
            BrokerLog.Recovered(_log, wanted.Count, bytes, opened.Count(p => p.Damage is not null));
        }

        return wanted.Zip(opened).ToDictionary(p => (p.First.Topic.Id, p.First.Index), p => p.Second);
    }

    /// <summary>Closes a topic whose deletion is committed, and removes its files.</summary>
    private async Task Unhost(HostedTopic topic)
    {
        Volatile.Write(ref _hosted, Hosted.Without(topic.Info.Id));
        foreach (PartitionReplica replica in topic.Partitions.Select(p => p.Replica).OfType<PartitionReplica>())
        {
            _env.Peers.Remove(replica);
            await _threads.Until(replica.Retire());
        }

        DeleteFiles(topic.Info.Name, topic.Info.Id);
        BrokerLog.TopicDeleted(_log, topic.Info.Name, topic.Info.Id.ToString());
    }

    /// <summary>Recovers one partition. A full disk leaves it for later, damage quarantines it.</summary>
    private HostedPartition OpenPartition(TopicInfo topic, int index, out long scannedBytes, LogDamage? damage = null)
    {
        scannedBytes = 0;
        var name = new TopicPartition(topic.Name, index);
        var id = new PartitionId(topic.Id, index);
        IReadOnlyList<FormedVoter> formedWith = IsAlone ? [new FormedVoter(_env.Node, _env.Directory)] : topic.VotersOf(index);
        NodeId[] voters = [.. formedWith.Select(v => v.Node)];
        if (!voters.Contains(_env.Node))
        {
            return new HostedPartition(index, null, null, "") { Elsewhere = new RemotePartition(id, voters, _env) };
        }

        string path;
        try
        {
            path = CreateDirectory(topic, index);
        }
        catch (DiskException e) when (e is DiskFullException or DiskBusyException)
        {
            BrokerLog.NotHosted(_log, name.ToString(), e.Message);
            return new HostedPartition(index, null, null, e.Message);
        }

        ReplicaIdentity identity = ReplicaIdentityStore.Load(_env.Logs.State, id, _env.Node, _env.Directory, formedWith);
        LogOpening opening = OpenLog(topic, id, path, name, damage, ref identity);
        scannedBytes = opening.Report.ScannedBytes;
        if (opening.Damage is { IsForRoom: true } full)
        {
            BrokerLog.NotHosted(_log, name.ToString(), full.ToString());
            return new HostedPartition(index, null, null, full.ToString()); // tried again while there is none
        }

        if (opening.Log is not { } log)
        {
            BrokerLog.Quarantined(_log, name.ToString(), opening.Damage!.ToString());
            return new HostedPartition(index, null, opening.Damage, opening.Damage.ToString());
        }

        log.MayUseHeadroom = topic.IsInternal; // a topic can be deleted on a full disk
        int number = Interlocked.Increment(ref _partitionsHosted) - 1;
        var replica = new PartitionReplica(_env, _threads.SchedulerOf(number), number, topic, index, log, identity, voters);
        _env.Peers.Add(replica);
        return new HostedPartition(index, replica, null, "");
    }

    /// <summary>
    /// Opens a log. Where other voters have what is damaged, the replica gives up its vote as a new disk, durably first, keeps the intact
    /// front, and fetches the rest (R21); a node alone leaves the damage to the operator.
    /// </summary>
    private LogOpening OpenLog(
        TopicInfo topic, PartitionId id, string path, TopicPartition name, LogDamage? known, ref ReplicaIdentity identity)
    {
        var options = new LogOpenOptions(_env.WallClockMs, HardStateStore.Load(_env.Logs.State, id)?.Epoch);
        LogOpening? tried = known is null ? PartitionLog.Open(_env.Logs, id, path, topic.Config, options) : null;
        if (tried is { Damage: null } opening)
        {
            NoteCut(name, opening);
            return opening;
        }

        LogDamage damage = known ?? tried!.Damage!;
        if (IsAlone || damage.IsForRoom)
        {
            return tried!;
        }

        BrokerLog.Healing(_log, name.ToString(), damage.ToString());
        identity = new ReplicaIdentity(new DirectoryId(_env.Settings.DirectoryOptions.NewId()), IsReadmitted: false);
        var batch = new StateBatch();
        ReplicaIdentityStore.Put(batch, id, identity);
        WriteState(batch, "new identity of a damaged partition");
        opening = PartitionLog.OpenDamaged(_env.Logs, id, path, topic.Config, options);
        NoteCut(name, opening);
        return opening;
    }

    /// <summary>
    /// A replica found damage in its log while others have what it lost: it is closed, gives up its vote, and opens again as a new disk
    /// (R21).
    /// </summary>
    private async Task Heal(PartitionReplica damaged)
    {
        await _changes.WaitAsync();
        try
        {
            HostedTopic? topic = Hosted.Find(damaged.Topic.Name);
            if (_isStopping || topic is null || topic.Partitions.ElementAtOrDefault(damaged.Index)?.Replica != damaged)
            {
                return;
            }

            _env.Peers.Remove(damaged);
            await _threads.Until(damaged.Retire("the replica is damaged and is being rebuilt"));
            HostedPartition healed = OpenPartition(topic.Info, damaged.Index, out _, damaged.Log.Damage);
            if (healed.Replica is { } replica)
            {
                await Lead([replica]);
                if (topic.Info.Id == MetadataLog.TopicId)
                {
                    RehostMetadata(replica);
                }
            }

            HostedPartition[] partitions = [.. topic.Partitions.Select(p => p.Index == damaged.Index ? healed : p)];
            Volatile.Write(ref _hosted, Hosted.With([topic with { Partitions = partitions }]));
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <summary>What was applied stays applied: the log that is fetched again is the same.</summary>
    private void RehostMetadata(PartitionReplica replica)
    {
        _metadata = Metadata.With(replica);
        _producerIds = new ProducerIdAllocator(_metadata);
        replica.HighWatermarkMoved = MetadataMoved;
        MetadataMoved();
    }

    private void NoteCut(TopicPartition name, LogOpening opening)
    {
        if (opening.Report.Cut is { } cut)
        {
            BrokerLog.Cut(_log, name.ToString(), cut.File, cut.Position, cut.Reason, opening.Report.CutFiles.Count);
        }
    }

    private void WriteState(StateBatch batch, string what)
    {
        try
        {
            _env.Logs.State.Write(batch, sync: true);
        }
        catch (DiskException e)
        {
            _env.Logs.Fatal.Fail(what, e);
            throw;
        }
    }

    private string CreateDirectory(TopicInfo topic, int index)
    {
        lock (_directory)
        {
            try
            {
                return _directory.CreatePartition(topic.Name, topic.Id, index);
            }
            catch (DiskFailedException e)
            {
                _env.Logs.Fatal.Fail($"creation of the directory of partition {topic.Name}/{index}", e);
                throw;
            }
        }
    }

    /// <summary>
    /// Has new replicas find their leader: a node alone leads them itself, and waits until each serves or says why not; of several the
    /// preferred one campaigns at once where there never was a leader.
    /// </summary>
    private async Task Lead(PartitionReplica[] replicas)
    {
        foreach (PartitionReplica replica in replicas)
        {
            if (IsAlone)
            {
                replica.Tick(isLeaderHeard: false, votersHeard: 1);
            }
            else
            {
                replica.BeginWithoutLeader();
            }
        }

        if (IsAlone)
        {
            await _threads.UntilAll([.. replicas.Select(r => r.Served)]);
        }
    }
}
