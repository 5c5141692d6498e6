using System.Globalization;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Changes of topics: checked, committed as a record of the metadata log, then carried out.</summary>
public sealed partial class Broker
{
    private ProducerIdAllocator _producerIds = null!;

    /// <inheritdoc/>
    public async ValueTask<Result<TopicDescription>> CreateTopic(CreateTopicCommand command, CancellationToken cancellation)
    {
        if (NotReady is { } notReady)
        {
            return notReady;
        }

        // By the nodes that there are, not by those that registered so far: a topic made early has its replicas too.
        Result<TopicInfo> planned = TopicChecks.Plan(command, _env.Settings, _env.Settings.Cluster?.Nodes.Count ?? 1);
        if (!planned.IsOk)
        {
            return planned.Error;
        }

        Result<TopicDescription> created = await ChangeMetadata(cancellation, async () =>
        {
            TopicInfo topic = planned.Value;
            if (TopicChecks.Existing(topic, Topics) is { } existing)
            {
                return existing.IsOk ? Describe(Volatile.Read(ref _hosted).Find(topic.Name)!) : existing.Error;
            }

            int partitions = Volatile.Read(ref _hosted).Topics.Sum(t => t.Partitions.Length);
            if (TopicChecks.Room(partitions, topic.PartitionCount) is { } tooMany)
            {
                return tooMany;
            }

            if (command.ValidateOnly)
            {
                return Describe(new HostedTopic(topic, []));
            }

            return await AddTopic(topic) is { } error ? error : Describe(Hosted.Find(topic.Name)!);
        });
        return created.IsOk && !command.ValidateOnly ? await WithLeaders(created.Value) : created;
    }

    /// <summary>Commits and hosts a new topic. Under the lock of changes.</summary>
    private async Task<BrokerError?> AddTopic(TopicInfo topic)
    {
        if (!IsAlone && topic.ReplicationFactor > Metadata.State.Nodes.Count)
        {
            return new BrokerError(
                ErrorCode.NotLeader,
                $"topic {ShownValue.Of(topic.Name)} needs {topic.ReplicationFactor} nodes; "
                    + $"{Metadata.State.Nodes.Count} have registered so far");
        }

        topic = topic with { Id = NewTopicId(topic.Name) };
        var record = new MetadataRecord.TopicCreated(
            topic.Id, topic.Name, topic.PartitionCount, topic.ReplicationFactor, topic.Overrides, topic.RequestId);
        if (await Change([record, .. Placed(topic, 0, topic.PartitionCount)]) is { } error)
        {
            return error;
        }

        BrokerLog.TopicCreated(_log, topic.Name, topic.Id.ToString(), topic.PartitionCount);
        return null;
    }

    /// <summary>Waits, bounded, until all partitions of a new topic have a leader, so that who created it can use it at once.</summary>
    private async Task<Result<TopicDescription>> WithLeaders(TopicDescription topic)
    {
        if (IsAlone)
        {
            return topic;
        }

        await Seen(
            () => Hosted.Find(topic.Name) is not { } t || t.Partitions.All(p => p.State != PartitionState.Leaderless), LeaderWaitMs);
        return Hosted.Find(topic.Name) is { } hosted ? Describe(hosted) : topic;
    }

    /// <summary>The record that places new partitions; none on a node alone.</summary>
    private IEnumerable<MetadataRecord> Placed(TopicInfo topic, int first, int count) => IsAlone ? [] :
    [
        new MetadataRecord.PartitionsPlaced(
            topic.Id, first, Placement.Choose(Metadata.State, _env.Peers.IsHeard, count, topic.ReplicationFactor)),
    ];

    /// <summary>Commits records that belong together, and hosts what follows from them. Under the lock of changes.</summary>
    private async Task<BrokerError?> Change(IReadOnlyList<MetadataRecord> records)
    {
        if (await Metadata.Change(records, _env.WallClockMs) is { } error)
        {
            return error;
        }

        await Reconcile();
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<Result<TopicDescription>> AlterTopic(AlterTopicCommand command, CancellationToken cancellation) =>
        await ChangeMetadata(cancellation, async () =>
        {
            if (FindForChange(command.Name) is not { IsOk: true } found)
            {
                return FindForChange(command.Name).Error!;
            }

            HostedTopic topic = found.Value;
            Result<TopicInfo> planned = TopicChecks.PlanConfig(topic.Info, command, _env.Settings.TopicDefaults);
            if (!planned.IsOk)
            {
                return planned.Error;
            }

            if (command.ValidateOnly)
            {
                return Describe(topic with { Info = planned.Value });
            }

            if (await Change([new MetadataRecord.ConfigChanged(topic.Info.Id, planned.Value.Overrides)]) is { } error)
            {
                return error;
            }

            BrokerLog.TopicChanged(_log, command.Name, "configuration");
            return Describe(Hosted.Find(command.Name)!);
        });

    /// <inheritdoc/>
    public async ValueTask<Result<TopicDescription>> AddPartitions(
        string topic, int partitions, bool validateOnly, CancellationToken cancellation) =>
        await ChangeMetadata(cancellation, async () =>
        {
            if (FindForChange(topic) is not { IsOk: true } found)
            {
                return FindForChange(topic).Error!;
            }

            TopicInfo info = found.Value.Info;
            int hosted = Volatile.Read(ref _hosted).Topics.Sum(t => t.Partitions.Length);
            BrokerError? refusal = TopicChecks.Growth(info, partitions)
                ?? TopicChecks.Room(hosted, partitions - info.PartitionCount);
            if (refusal is not null)
            {
                return refusal;
            }

            if (validateOnly || partitions == info.PartitionCount)
            {
                return Describe(found.Value);
            }

            int more = partitions - info.PartitionCount;
            var added = new MetadataRecord.PartitionsAdded(info.Id, partitions);
            if (await Change([added, .. Placed(info, info.PartitionCount, more)]) is { } error)
            {
                return error;
            }

            BrokerLog.TopicChanged(_log, topic, string.Create(CultureInfo.InvariantCulture, $"{partitions} partitions"));
            return Describe(Hosted.Find(topic)!);
        });

    /// <inheritdoc/>
    public async ValueTask<Result<TopicId>> DeleteTopic(string topic, TopicId? id, bool validateOnly, CancellationToken cancellation) =>
        await ChangeMetadata<TopicId>(cancellation, async () =>
        {
            if (FindForChange(topic) is not { IsOk: true } found)
            {
                return FindForChange(topic).Error!;
            }

            TopicInfo info = found.Value.Info;
            if (id is { } wanted && wanted != info.Id)
            {
                return PartitionErrors.OtherTopicId(topic, wanted, info.Id);
            }

            if (validateOnly)
            {
                return info.Id;
            }

            BrokerError? error = await Change([new MetadataRecord.TopicDeleted(info.Id)]);
            return error is null ? info.Id : error;
        });

    /// <inheritdoc/>
    public async ValueTask<Result<Offset>> DeleteRecords(
        TopicPartition partition, Offset before, bool validateOnly, CancellationToken cancellation)
    {
        if (_isStopping)
        {
            return PartitionErrors.ShuttingDown(partition);
        }

        if (TopicName.IsInternal(partition.Topic))
        {
            return PartitionErrors.Internal(partition.Topic);
        }

        BrokerError? error = Find(partition, out HostedPartition hosted);
        if (error is not null)
        {
            return error;
        }

        PartitionReplica replica = hosted.Replica!;
        if (replica.View.Serves && !replica.Topic.Config.IsDeleted)
        {
            return PartitionErrors.CompactedOnly(partition);
        }

        Task<Result<Offset>> done = replica.DeleteRecords(before, validateOnly);
        await _threads.Until(done);
        return await done.WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public Result<TopicDescription> DescribeTopic(string topic) =>
        Volatile.Read(ref _hosted).Find(topic) is { } hosted ? Describe(hosted) : PartitionErrors.UnknownTopic(topic);

    /// <inheritdoc/>
    public async ValueTask<Result<ProducerIdentity>> InitProducer(ProducerIdentity? current, CancellationToken cancellation)
    {
        return await ChangeMetadata<ProducerIdentity>(cancellation, async () =>
        {
            if (current is { } known)
            {
                if (known.Epoch < 0 || !_producerIds.WasTaken(known.Id))
                {
                    return new BrokerError(
                        ErrorCode.UnknownProducer, $"producer id {known.Id} with epoch {known.Epoch} was never handed out");
                }

                if (known.Epoch < short.MaxValue)
                {
                    return known with { Epoch = (short)(known.Epoch + 1) };
                }
            }

            Result<ProducerId> id = await _producerIds.Next(_env.WallClockMs);
            return id.IsOk ? new ProducerIdentity(id.Value, 0) : id.Error;
        });
    }

    private static TopicDescription Describe(HostedTopic topic) => new(
        topic.Info.Name,
        topic.Info.Id,
        topic.Info.ReplicationFactor,
        topic.Info.Overrides,
        topic.Info.Config,
        [.. topic.Partitions.Select(p => p.Describe())]);

    /// <summary>One change at a time, none once the broker stops, and only where the metadata log is led.</summary>
    private async Task<Result<T>> ChangeMetadata<T>(CancellationToken cancellation, Func<Task<Result<T>>> change)
    {
        await _changes.WaitAsync(cancellation);
        try
        {
            if (_isStopping)
            {
                return new BrokerError(ErrorCode.ShuttingDown, "the node is stopping; nothing was changed");
            }

            if (NotController() is { } elsewhere)
            {
                return elsewhere;
            }

            return await change();
        }
        finally
        {
            _changes.Release();
        }
    }

    private Task<Result<TopicDescription>> ChangeMetadata(CancellationToken cancellation, Func<Task<Result<TopicDescription>>> change) =>
        ChangeMetadata<TopicDescription>(cancellation, change);

    /// <summary>Null when this node leads the metadata log and has applied all of it; else where to go.</summary>
    private BrokerError? NotController()
    {
        if (_metadata is not { } metadata)
        {
            return NotReady;
        }

        ReplicaView view = metadata.Replica.View;
        if (!view.Serves)
        {
            return PartitionErrors.NotLeader(
                metadata.Replica.Name,
                view with { Detail = "changes are made by the leader of the metadata log" },
                ClientAddressOf(view.Leader));
        }

        // A change that was appended and not acknowledged in time may still be committed: the next one is judged when it is applied.
        return metadata.CatchUp() ?? (metadata.Applied < metadata.Replica.Log.Bounds.End
            ? new BrokerError(ErrorCode.Busy, "an earlier change of the metadata is not committed yet; nothing was changed")
            : null);
    }

    /// <summary>A partition, or why it cannot be found; while the metadata is not known, that is the reason.</summary>
    private BrokerError? Find(TopicPartition name, out HostedPartition partition)
    {
        BrokerError? error = Hosted.Find(name, out partition);
        return error is { Code: ErrorCode.UnknownTopicOrPartition } && NotReady is { } notReady ? notReady : error;
    }

    private Result<HostedTopic> FindForChange(string topic)
    {
        if (TopicName.IsInternal(topic))
        {
            return PartitionErrors.Internal(topic);
        }

        return Volatile.Read(ref _hosted).Find(topic) is { } hosted ? hosted : PartitionErrors.UnknownTopic(topic);
    }

    /// <summary>A new id, whose directory no topic has or had.</summary>
    private TopicId NewTopicId(string name)
    {
        var used = Topics.Topics.Select(t => DataDirectory.NameOf(t.Name, t.Id))
            .Concat(Metadata.State.Deleted.Select(t => DataDirectory.NameOf(t.Value, t.Key)))
            .Concat(_directory.ListPartitions().Select(p => p.TopicDirectory))
            .ToHashSet(StringComparer.Ordinal);
        TopicId id;
        do
        {
            id = new TopicId(_env.Settings.DirectoryOptions.NewId());
        }
        while (used.Contains(DataDirectory.NameOf(name, id)));
        return id;
    }

    private void DeleteFiles(string topic, TopicId id)
    {
        try
        {
            _directory.DeleteTopic(topic, id, _env.Logs.State);
        }
        catch (DiskException e) when (e is not DiskReadException)
        {
            _env.Logs.Fatal.Fail($"deletion of topic {topic}", e);
            throw;
        }
    }
}
