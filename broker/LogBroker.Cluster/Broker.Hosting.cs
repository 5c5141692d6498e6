using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Opening partitions: at start all that the metadata log names, later those of new topics.</summary>
public sealed partial class Broker
{
    /// <summary>Starts everything; null when the broker serves, else why it cannot.</summary>
    internal async Task<BrokerError?> Start(IProgress<RecoveryProgress>? progress, CancellationToken cancellation)
    {
        TopicInfo topic = MetadataLog.TopicWith(_env.Settings.MetadataSegmentBytes);
        HostedPartition metadata = OpenPartition(topic, 0, out _);
        if (metadata.Replica is not { } replica)
        {
            return metadata.Refusal(new TopicPartition(MetadataLog.TopicName, 0));
        }

        await Lead([replica]);
        if (!replica.View.Serves)
        {
            return new BrokerError(ErrorCode.Internal, $"{MetadataLog.TopicName} does not serve: {replica.View.Detail}");
        }

        _metadata = new MetadataLog(replica, _threads, _env.Settings.TopicDefaults);
        if (_metadata.CatchUp() is { } error)
        {
            return error;
        }

        _hosted = new HostedTopics([new HostedTopic(topic, [metadata])]);
        RemoveLeftovers();
        await HostAll(progress, cancellation);
        _producerIds = new ProducerIdAllocator(_metadata);
        Observe();
        _ticker = _env.Time.CreateTimer(static b => ((Broker)b!).Tick(), this, TickInterval, TickInterval);
        return null;
    }

    /// <summary>
    /// Files go only where a committed deletion names their topic: such leftovers of a crash are removed. What nobody knows is reported
    /// and left.
    /// </summary>
    private void RemoveLeftovers()
    {
        var known = _metadata.State.Catalog.Topics.Select(t => DataDirectory.NameOf(t.Name, t.Id)).ToHashSet(StringComparer.Ordinal);
        known.Add(DataDirectory.NameOf(MetadataLog.TopicName, MetadataLog.TopicId));
        var deleted = _metadata.State.Deleted.ToDictionary(t => DataDirectory.NameOf(t.Value, t.Key), t => t.Key, StringComparer.Ordinal);
        foreach (string name in _directory.ListPartitions().Select(p => p.TopicDirectory).Distinct(StringComparer.Ordinal))
        {
            if (known.Contains(name))
            {
                continue;
            }

            if (deleted.TryGetValue(name, out TopicId id))
            {
                DeleteFiles(_metadata.State.Deleted[id], id);
                BrokerLog.LeftoverRemoved(_log, _metadata.State.Deleted[id], id.ToString());
            }
            else
            {
                BrokerLog.UnknownDirectory(_log, _directory.TopicsPath + "/" + name);
            }
        }
    }

    private async Task HostAll(IProgress<RecoveryProgress>? progress, CancellationToken cancellation)
    {
        (TopicInfo Topic, int Index)[] wanted =
            [.. _metadata.State.Catalog.Topics.SelectMany(t => Enumerable.Range(0, t.PartitionCount).Select(i => (t, i)))];
        var opened = new HostedPartition[wanted.Length];
        long bytes = 0;
        int count = 0;
        void Open(int i)
        {
            opened[i] = OpenPartition(wanted[i].Topic, wanted[i].Index, out long scanned);
            long sum = Interlocked.Add(ref bytes, scanned);
            progress?.Report(new RecoveryProgress(Interlocked.Increment(ref count), wanted.Length, sum));
        }

        if (_threads.OpensAtOnce == 1)
        {
            for (int i = 0; i < wanted.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                Open(i);
            }
        }
        else
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = _threads.OpensAtOnce, CancellationToken = cancellation };
            await Task.Run(() => Parallel.For(0, wanted.Length, options, Open), cancellation);
        }

        await Lead([.. opened.Select(p => p.Replica).OfType<PartitionReplica>()]);
        BrokerLog.Recovered(_log, wanted.Length, bytes, opened.Count(p => p.Damage is not null));
        IEnumerable<HostedTopic> topics = wanted.Zip(opened)
            .GroupBy(p => p.First.Topic)
            .Select(g => new HostedTopic(g.Key, [.. g.Select(p => p.Second)]));
        _hosted = new HostedTopics([.. _hosted.Topics, .. topics]);
    }

    /// <summary>Recovers one partition. A full disk leaves it for later, damage quarantines it.</summary>
    private HostedPartition OpenPartition(TopicInfo topic, int index, out long scannedBytes)
    {
        scannedBytes = 0;
        var name = new TopicPartition(topic.Name, index);
        var id = new PartitionId(topic.Id, index);
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

        HardState? hardState = HardStateStore.Load(_env.Logs.State, id);
        LogOpening opening = PartitionLog.Open(
            _env.Logs, id, path, topic.Config, new LogOpenOptions(_env.WallClockMs, hardState?.Epoch));
        scannedBytes = opening.Report.ScannedBytes;
        if (opening.Report.Cut is { } cut)
        {
            BrokerLog.Cut(_log, name.ToString(), cut.File, cut.Position, cut.Reason, opening.Report.CutFiles.Count);
        }

        if (opening.Log is not { } log)
        {
            BrokerLog.Quarantined(_log, name.ToString(), opening.Damage!.ToString());
            return new HostedPartition(index, null, opening.Damage, opening.Damage.ToString());
        }

        log.MayUseHeadroom = topic.IsInternal; // a topic can be deleted on a full disk
        var raft = new RaftConfig(_env.Node, _env.Directory, [_env.Node], IsReadmitted: true);
        IPartitionScheduler scheduler = _threads.SchedulerOf(Interlocked.Increment(ref _partitionsHosted) - 1);
        return new HostedPartition(index, new PartitionReplica(_env, scheduler, topic, index, log, raft), null, "");
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
    /// Has replicas lead: all hard states in one synced write (R2), then their rows; waits until each serves or says why not.
    /// </summary>
    private async Task Lead(PartitionReplica[] replicas)
    {
        var batch = new StateBatch();
        foreach (PartitionReplica replica in replicas)
        {
            replica.Campaign(batch);
        }

        if (batch.Count > 0)
        {
            try
            {
                _env.Logs.State.Write(batch, sync: true);
            }
            catch (DiskException e)
            {
                _env.Logs.Fatal.Fail("hard state of partitions", e);
                throw;
            }
        }

        foreach (PartitionReplica replica in replicas)
        {
            replica.ElectionPersisted();
        }

        await _threads.Until(Task.WhenAll(replicas.Select(r => r.Served)));
    }
}
