using System.Diagnostics;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.Client;

/// <summary>What goes on behind the callers: routing, the sweep, identities, batches that ended.</summary>
internal sealed partial class ProducerCore
{
    private readonly SemaphoreSlim _identityLock = new(1);
    private ProducerIdentity _identity = ProducerIdentity.None;
    private int _isArmed;
    private int _isSweeping;

    /// <summary>Brings a partition to the sender of its leader.</summary>
    public void Schedule(PartitionQueue partition)
    {
        if (Metadata.LeaderOf(partition.Topic, partition.Partition) is { } leader)
        {
            NodeSender sender = SenderOf(leader.Server);
            partition.AssignTo(sender);
            sender.Post(partition);
            return;
        }

        partition.BackOff(null, OffsetLookup.NoLeader(new TopicPartition(partition.Topic, partition.Partition)));
        if (_topics.TryGetValue(partition.Topic, out TopicQueue? topic))
        {
            AskForLeader(topic);
        }
    }

    /// <summary>What is known about a topic's leaders may be wrong: asks another node than the last time, unless it is too soon.</summary>
    public void AskForLeader(TopicQueue topic)
    {
        if (topic.MayAskForLeader(Now()))
        {
            _ = RefreshAsync(topic.Name, isElsewhere: true);
        }
    }

    /// <summary>A server cannot be reached, or is stopping: the partitions that it leads may have other leaders by now.</summary>
    public void LeadersAreInDoubt(string server, bool isUnreachable)
    {
        if (isUnreachable)
        {
            _calls.Servers.Failed(server);
        }
        else
        {
            _calls.Servers.Doubt(server);
        }

        foreach (TopicQueue topic in _topics.Values)
        {
            if (topic.Partitions.Any(p => p.HasWork && Metadata.LeaderOf(p.Topic, p.Partition)?.Server == server))
            {
                AskForLeader(topic);
            }
        }
    }

    /// <summary>Gets a partition the identity that it needs, and brings it back to its sender. Never fails.</summary>
    public async Task AdoptAsync(PartitionQueue partition, TakeOutcome need)
    {
        try
        {
            partition.Adopt(need == TakeOutcome.NeedsIdentity
                ? await IdentityAsync().ConfigureAwait(false)
                : await NextEpochAsync(partition).ConfigureAwait(false));
        }
        catch (LogBrokerException e)
        {
            partition.FailToAdopt(e);
        }
        catch (ObjectDisposedException e)
        {
            partition.FailToAdopt(new LogBrokerException(ErrorCode.ShuttingDown, "the client is disposed of", e));
        }
    }

    /// <summary>Lets the sweep run until everything has ended.</summary>
    public void Arm()
    {
        if (Volatile.Read(ref _isArmed) == 0 && Interlocked.Exchange(ref _isArmed, 1) == 0)
        {
            _sweeper.Change(SweepPeriod, SweepPeriod);
        }
    }

    /// <summary>A newer epoch of this producer exists: it ends, and everything that it holds fails.</summary>
    public void Fence(LogBrokerException why)
    {
        if (_fence is null)
        {
            _fence = why;
            _ = Task.Run(() =>
            {
                foreach (PartitionQueue partition in AllPartitions())
                {
                    partition.FailAll(why);
                }
            });
        }
    }

    /// <summary>The identity for partitions that have none yet.</summary>
    /// <exception cref="LogBrokerException">The broker gave none.</exception>
    public async ValueTask<ProducerIdentity> IdentityAsync()
    {
        await _identityLock.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_identity.Id.IsSome)
            {
                _identity = await AskIdentityAsync(new InitProducerRequest()).ConfigureAwait(false);
                LogEvents.ProducerBegan(Log, _identity.Id.Value, _identity.Epoch);
            }

            return _identity;
        }
        finally
        {
            _identityLock.Release();
        }
    }

    /// <summary>An identity behind that of a partition: another partition's, if that has one already, else a new epoch.</summary>
    /// <exception cref="LogBrokerException">The broker gave none.</exception>
    public async ValueTask<ProducerIdentity> NextEpochAsync(PartitionQueue partition)
    {
        await _identityLock.WaitAsync().ConfigureAwait(false);
        try
        {
            ProducerIdentity old = partition.Identity;
            if (_identity == old)
            {
                _identity = await AskNextEpochAsync(old).ConfigureAwait(false);
            }

            LogEvents.EpochBumped(Log, partition.Topic, partition.Partition, _identity.Id.Value, _identity.Epoch);
            return _identity;
        }
        finally
        {
            _identityLock.Release();
        }
    }

    /// <summary>A batch was sent for the first time.</summary>
    public void OnFirstSent() => Interlocked.Increment(ref _inFlight);

    public ProducerBatch RentBatch(int bytesMax)
    {
        if (_freeBatches.TryDequeue(out ProducerBatch? free))
        {
            if (free.BytesMax == bytesMax)
            {
                return free;
            }

            // Of a topic with another limit.
            free.Builder.Dispose();
        }

        return new ProducerBatch(bytesMax, Codec);
    }

    /// <summary>Gives back a batch that was never used.</summary>
    public void ReturnBatch(ProducerBatch batch)
    {
        if (batch.BytesMax <= Options.BatchBytes && _freeBatches.Count < _freeBatchesMax && !_isDisposed)
        {
            batch.Builder.Reset();
            _freeBatches.Enqueue(batch);
        }
        else
        {
            batch.Builder.Dispose();
        }
    }

    /// <summary>Drops one reference to a batch; the last one gives it back.</summary>
    public void DropBatch(ProducerBatch batch)
    {
        if (batch.DropReference())
        {
            ReturnBatch(batch);
        }
    }

    /// <summary>A batch has its outcome; called before its listeners are.</summary>
    public void OnEnded(ProducerBatch batch)
    {
        string topic = batch.Owner.Topic;
        int partition = batch.Owner.Partition;
        if (batch.Attempts > 0)
        {
            Interlocked.Decrement(ref _inFlight);
        }

        if (batch.Failure is { } failure)
        {
            LogEvents.BatchFailed(Log, topic, partition, batch.Records, failure.Message);
            if (batch.SilentRecords > 0)
            {
                lock (_failureLock)
                {
                    _firstFailure ??= failure;
                    _failedRecords += batch.SilentRecords;
                }
            }
        }

        try
        {
            Measure(batch);
        }
        catch (Exception e)
        {
            // Listeners of metrics and spans are foreign code; the batch must end whatever they do.
            LogEvents.CallbackThrew(Log, e);
        }
    }

    private void Measure(ProducerBatch batch)
    {
        string? error = batch.Failure is null ? null : batch.Failure.Reason.ToString();
        if (Telemetry.SentMessages.Enabled || Telemetry.OperationSeconds.Enabled)
        {
            TagList tags = Telemetry.Tags("send", "send", batch.Owner.Topic, batch.Owner.Partition, batch.Server, error);
            Telemetry.SentMessages.Add(batch.Records, tags);
            if (batch.SentAt != 0)
            {
                Telemetry.OperationSeconds.Record(Elapsed(batch.SentAt).TotalSeconds, tags);
            }
        }

        if (Telemetry.Source.HasListeners())
        {
            SendSpan.Emit(batch, Clock.GetUtcNow(), Elapsed(batch.OpenedAt), ClientId, error);
        }
    }

    private NodeSender SenderOf(string server) =>
        _senders.GetOrAdd(server, static (s, core) => new Lazy<NodeSender>(() => new NodeSender(core, s)), this).Value;

    private void OnLeaderChanged(TopicPartition changed)
    {
        if (_topics.TryGetValue(changed.Topic, out TopicQueue? topic) && changed.Partition < topic.Partitions.Length)
        {
            topic.Partitions[changed.Partition].FollowLeader();
        }
    }

    private async Task RefreshAsync(string topic, bool isElsewhere)
    {
        try
        {
            TopicMetadata metadata = await Metadata.RefreshAsync(topic, CancellationToken.None, isElsewhere).ConfigureAwait(false);
            if (_topics.TryGetValue(topic, out TopicQueue? queue))
            {
                queue.Learn(metadata);
            }
        }
        catch (Exception e) when (e is LogBrokerException or ObjectDisposedException)
        {
            LogEvents.MetadataNotRefreshed(Log, topic, e.Message);
        }
    }

    private async Task<ProducerIdentity> AskIdentityAsync(InitProducerRequest request)
    {
        var rules = new CallRules(null, IsRepeatable: true, NeedsController: true, AttemptTimeout: CallRules.QuestionTimeout);
        (InitProducerResponse response, _) = await _calls.AskAsync(
            ServerMethods.InitProducer, request, rules, CancellationToken.None).ConfigureAwait(false);
        return new ProducerIdentity(new ProducerId(response.ProducerId), (short)response.ProducerEpoch);
    }

    private async Task<ProducerIdentity> AskNextEpochAsync(ProducerIdentity old)
    {
        try
        {
            var request = new InitProducerRequest { ProducerId = old.Id.Value, ProducerEpoch = old.Epoch };
            return await AskIdentityAsync(request).ConfigureAwait(false);
        }
        catch (LogBrokerException e) when (e.Reason is ErrorCode.UnknownProducer or ErrorCode.ProducerFenced)
        {
            // The cluster has lost its memory of the id, or somebody else goes on with it: begin as somebody else.
            return await AskIdentityAsync(new InitProducerRequest()).ConfigureAwait(false);
        }
    }

    private IEnumerable<PartitionQueue> AllPartitions() => _topics.Values.SelectMany(t => t.Partitions);

    private void Sweep()
    {
        if (Interlocked.Exchange(ref _isSweeping, 1) != 0)
        {
            return;
        }

        bool hasWork = false;
        foreach (TopicQueue topic in _topics.Values)
        {
            hasWork |= Sweep(topic);
        }

        if (!hasWork)
        {
            Rest();
        }

        Volatile.Write(ref _isSweeping, 0);
    }

    private bool Sweep(TopicQueue topic)
    {
        bool hasWork = false;
        bool doubtsLeader = false;
        foreach (PartitionQueue partition in topic.Partitions)
        {
            PartitionHealth health = partition.Sweep();
            hasWork |= health.HasWork;
            doubtsLeader |= health.DoubtsLeader;
            if (health.Silent is { } silent)
            {
                _calls.Servers.Doubt(silent.Server);
            }

            if (health.Stuck is { } stuck)
            {
                stuck.Break(new ServerUnreachableException($"{stuck.Server} does not answer") { Endpoint = stuck.Server });
            }
        }

        if (doubtsLeader)
        {
            AskForLeader(topic);
        }
        else
        {
            topic.LeadersAreSure();
            if (hasWork && Elapsed(topic.SeenAt) > _calls.Options.MetadataMaxAge)
            {
                _ = RefreshAsync(topic.Name, isElsewhere: false);
            }
        }

        return hasWork;
    }

    /// <summary>Stops the timer; a batch that was opened at the same moment starts it again.</summary>
    private void Rest()
    {
        _sweeper.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Volatile.Write(ref _isArmed, 0);
        Interlocked.MemoryBarrier();
        if (AllPartitions().Any(static p => p.HasWork))
        {
            Arm();
        }
    }
}
