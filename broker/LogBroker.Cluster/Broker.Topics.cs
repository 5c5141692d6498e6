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
        Result<TopicInfo> planned = TopicChecks.Plan(command, _env.Settings);
        if (!planned.IsOk)
        {
            return planned.Error;
        }

        return await Changing(cancellation, async () =>
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

            topic = topic with { Id = NewTopicId(topic.Name) };
            var record = new MetadataRecord.TopicCreated(
                topic.Id, topic.Name, topic.PartitionCount, topic.ReplicationFactor, topic.Overrides, topic.RequestId);
            if (await _metadata.Change(record, _env.WallClockMs) is { } error)
            {
                return error;
            }

            BrokerLog.TopicCreated(_log, topic.Name, topic.Id.ToString(), topic.PartitionCount);
            return Describe(await Host(_metadata.State.Catalog.Find(topic.Id)!));
        });
    }

    /// <inheritdoc/>
    public async ValueTask<Result<TopicDescription>> AlterTopic(AlterTopicCommand command, CancellationToken cancellation) =>
        await Changing(cancellation, async () =>
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

            var record = new MetadataRecord.ConfigChanged(topic.Info.Id, planned.Value.Overrides);
            if (await _metadata.Change(record, _env.WallClockMs) is { } error)
            {
                return error;
            }

            BrokerLog.TopicChanged(_log, command.Name, "configuration");
            return Describe(await Host(_metadata.State.Catalog.Find(topic.Info.Id)!));
        });

    /// <inheritdoc/>
    public async ValueTask<Result<TopicDescription>> AddPartitions(
        string topic, int partitions, bool validateOnly, CancellationToken cancellation) =>
        await Changing(cancellation, async () =>
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

            if (await _metadata.Change(new MetadataRecord.PartitionsAdded(info.Id, partitions), _env.WallClockMs) is { } error)
            {
                return error;
            }

            BrokerLog.TopicChanged(_log, topic, string.Create(CultureInfo.InvariantCulture, $"{partitions} partitions"));
            return Describe(await Host(_metadata.State.Catalog.Find(info.Id)!));
        });

    /// <inheritdoc/>
    public async ValueTask<Result<TopicId>> DeleteTopic(string topic, TopicId? id, bool validateOnly, CancellationToken cancellation) =>
        await Changing<TopicId>(cancellation, async () =>
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

            if (await _metadata.Change(new MetadataRecord.TopicDeleted(info.Id), _env.WallClockMs) is { } error)
            {
                return error;
            }

            Volatile.Write(ref _hosted, Volatile.Read(ref _hosted).Without(info.Id));
            foreach (HostedPartition partition in found.Value.Partitions)
            {
                if (partition.Replica is { } replica)
                {
                    await _threads.Until(replica.Retire());
                }
            }

            DeleteFiles(info.Name, info.Id);
            BrokerLog.TopicDeleted(_log, info.Name, info.Id.ToString());
            return info.Id;
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

        BrokerError? error = Volatile.Read(ref _hosted).Find(partition, out HostedPartition hosted);
        if (error is not null)
        {
            return error;
        }

        Task<Result<Offset>> done = hosted.Replica!.DeleteRecords(before, validateOnly);
        await _threads.Until(done);
        return await done.WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public Result<TopicDescription> DescribeTopic(string topic) =>
        Volatile.Read(ref _hosted).Find(topic) is { } hosted ? Describe(hosted) : PartitionErrors.UnknownTopic(topic);

    /// <inheritdoc/>
    public async ValueTask<Result<ProducerIdentity>> InitProducer(ProducerIdentity? current, CancellationToken cancellation)
    {
        return await Changing<ProducerIdentity>(cancellation, async () =>
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

    /// <summary>One change at a time, none once the broker stops.</summary>
    private async Task<Result<T>> Changing<T>(CancellationToken cancellation, Func<Task<Result<T>>> change)
    {
        await _changes.WaitAsync(cancellation);
        try
        {
            return _isStopping
                ? new BrokerError(ErrorCode.ShuttingDown, "the node is stopping; nothing was changed")
                : await change();
        }
        finally
        {
            _changes.Release();
        }
    }

    private Task<Result<TopicDescription>> Changing(CancellationToken cancellation, Func<Task<Result<TopicDescription>>> change) =>
        Changing<TopicDescription>(cancellation, change);

    private Result<HostedTopic> FindForChange(string topic)
    {
        if (TopicName.IsInternal(topic))
        {
            return PartitionErrors.Internal(topic);
        }

        return Volatile.Read(ref _hosted).Find(topic) is { } hosted ? hosted : PartitionErrors.UnknownTopic(topic);
    }

    /// <summary>Brings what is hosted of a topic in line with its committed state, and publishes it.</summary>
    private async Task<HostedTopic> Host(TopicInfo topic)
    {
        HostedPartition[] now = Volatile.Read(ref _hosted).Find(topic.Name)?.Partitions ?? [];
        var partitions = new HostedPartition[topic.PartitionCount];
        for (int i = 0; i < partitions.Length; i++)
        {
            bool isThere = i < now.Length && (now[i].Replica is not null || now[i].Damage is not null);
            partitions[i] = isThere ? now[i] : OpenPartition(topic, i, out _);
        }

        await Lead([.. partitions.Where(p => !now.Contains(p)).Select(p => p.Replica).OfType<PartitionReplica>()]);
        foreach (PartitionReplica replica in now.Select(p => p.Replica).OfType<PartitionReplica>())
        {
            replica.Configure(topic);
        }

        var hosted = new HostedTopic(topic, partitions);
        Volatile.Write(ref _hosted, Volatile.Read(ref _hosted).With(hosted));
        return hosted;
    }

    /// <summary>A new id, whose directory no topic has or had.</summary>
    private TopicId NewTopicId(string name)
    {
        var used = Topics.Topics.Select(t => DataDirectory.NameOf(t.Name, t.Id))
            .Concat(_metadata.State.Deleted.Select(t => DataDirectory.NameOf(t.Value, t.Key)))
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
