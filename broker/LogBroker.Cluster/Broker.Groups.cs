using System.Collections.Frozen;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Consumer groups: their topic, the coordinators of this node, what they do by time, and what is measured of them.</summary>
public sealed partial class Broker
{
    private const int CareMs = 1_000;
    private const int AskControllerMax = 5;
    private const int AskControllerWaitMs = 1_000;

    private BrokerGroups? _groups;
    private FrozenSet<TopicId> _deletedTopics = FrozenSet<TopicId>.Empty;
    private KnownTopics _groupTopics = new(HostedTopics.None, [], GroupTopics.Empty);
    private GroupTopics _groupTopicsTold = GroupTopics.Empty;
    private bool _areTopicsKnown;
    private long _caredMs;
    private long _expiredMs;

    /// <inheritdoc/>
    public IGroups Groups => LazyInitializer.EnsureInitialized(ref _groups, () => new BrokerGroups(this, _env, _threads));

    /// <summary>The coordinators of this node, also those that rest.</summary>
    internal IEnumerable<GroupCoordinator> Coordinators =>
        Hosted.Find(OffsetsTopic.Name)?.Partitions.Select(p => p.Replica?.Companion).OfType<GroupCoordinator>() ?? [];

    /// <summary>Has the controller create the topic of groups, and waits, bounded, until this node knows it. Null when it does.</summary>
    internal async ValueTask<BrokerError?> EnsureOffsetsTopic(CancellationToken cancellation)
    {
        bool IsKnown() => Hosted.Find(OffsetsTopic.Name) is not null;
        for (int attempt = 0; attempt < AskControllerMax && !IsKnown(); attempt++)
        {
            ReplicaView controller = Metadata.Replica.View;
            if (controller.Leader == _env.Node || IsAlone)
            {
                if (await CreateOffsetsTopic(cancellation) is { } error)
                {
                    return error;
                }
            }
            else
            {
                if (controller.Leader != NodeId.None)
                {
                    _env.Peers.Send(controller.Leader, new OffsetsTopicAsked());
                }

                await Seen(IsKnown, AskControllerWaitMs).WaitAsync(cancellation);
            }
        }

        return IsKnown() ? null : new BrokerError(
            ErrorCode.NotCoordinator, $"the controller has not created {OffsetsTopic.Name} in time; try again");
    }

    /// <summary>The view of a partition, waited for, bounded, until it has a leader.</summary>
    internal async Task<ReplicaView> LedPartition(string topic, int partition, CancellationToken cancellation)
    {
        ReplicaView Now() => Hosted.Find(topic)?.Partitions[partition] switch
        {
            { Replica: { } replica } => replica.View,
            { Elsewhere: { } elsewhere } => elsewhere.View,
            { } missing => ReplicaView.Starting with { Detail = missing.Damage?.ToString() ?? missing.Detail },
            null => ReplicaView.Starting,
        };
        if (!IsAlone)
        {
            await Seen(() => Now().Leader != NodeId.None, LeaderWaitMs).WaitAsync(cancellation);
        }

        return Now();
    }

    /// <summary>The end of a partition as this node knows it; -1 when it holds no replica of it.</summary>
    internal long KnownEnd(TopicPartition name) =>
        Hosted.Find(name, out HostedPartition partition) is null ? partition.Replica!.Log.Bounds.HighWatermark.Value : -1;

    private async Task<BrokerError?> CreateOffsetsTopic(CancellationToken cancellation)
    {
        TopicInfo planned = OffsetsTopic.Plan(_env.Settings, _env.Settings.Cluster?.Nodes.Count ?? 1);
        Result<bool> created = await ChangeMetadata<bool>(cancellation, async () =>
        {
            if (Topics.Find(OffsetsTopic.Name) is not null)
            {
                return true;
            }

            BrokerError? error = TopicChecks.Room(Hosted.Topics.Sum(t => t.Partitions.Length), planned.PartitionCount)
                ?? await AddTopic(planned);
            return error is null ? true : error;
        });
        return created.Error;
    }

    /// <summary>A coordinator for a partition of the topic of groups, before the replica is polled for the first time.</summary>
    private void Accompany(PartitionReplica replica)
    {
        if (replica.Topic.Name == OffsetsTopic.Name)
        {
            replica.Companion = new GroupCoordinator(
                _env, replica, TopicsOfGroups, id => Volatile.Read(ref _deletedTopics).Contains(id));
        }
    }

    /// <summary>What coordinators do by time; on the thread of ticks.</summary>
    private void TickGroups(HostedTopics hosted)
    {
        HostedPartition[] partitions = hosted.Find(OffsetsTopic.Name)?.Partitions ?? [];
        GroupTopics? topics = TopicsOfGroups();
        bool isOther = topics is not null && !ReferenceEquals(topics, _groupTopicsTold);
        _groupTopicsTold = topics ?? _groupTopicsTold;
        long nowMs = _env.RunningMs;
        bool cares = nowMs - _caredMs >= CareMs;
        _caredMs = cares ? nowMs : _caredMs;
        bool expires = nowMs - _expiredMs >= _env.Settings.Groups.OffsetsCheckMs;
        _expiredMs = expires ? nowMs : _expiredMs;
        foreach (HostedPartition partition in partitions)
        {
            if (partition.Replica is not { Companion: GroupCoordinator coordinator } replica)
            {
                continue;
            }

            if (isOther)
            {
                coordinator.LookAtTopics();
            }

            if (expires)
            {
                coordinator.Expire();
            }

            if (cares && coordinator.NeedsCare)
            {
                coordinator.Post(coordinator.Care);
            }
            else if (nowMs >= coordinator.WakeAtMs)
            {
                replica.Schedule();
            }
        }
    }

    /// <summary>What is hosted is what the metadata log says: coordinators that waited for that go on.</summary>
    private void KnowTopics()
    {
        if (!_areTopicsKnown)
        {
            Volatile.Write(ref _areTopicsKnown, true);
            foreach (GroupCoordinator coordinator in Coordinators)
            {
                coordinator.Post(static () => { });
            }
        }
    }

    /// <summary>
    /// The topics as groups see them; the same object for as long as nothing changes. Null while they are not known: a topic that a
    /// starting node has not heard of yet is not gone. Any thread.
    /// </summary>
    private GroupTopics? TopicsOfGroups()
    {
        if (!Volatile.Read(ref _areTopicsKnown) || NotReady is not null)
        {
            return null;
        }

        KnownTopics known = Volatile.Read(ref _groupTopics);
        HostedTopics hosted = Hosted;
        NodeRecord[] nodes = Nodes;
        if (ReferenceEquals(hosted, known.Hosted) && ReferenceEquals(nodes, known.Nodes))
        {
            return known.Topics;
        }

        Dictionary<NodeId, string> racks = nodes.Where(n => n.Rack.Length > 0).ToDictionary(n => n.Node, n => n.Rack);
        var topics = new GroupTopics(hosted.Catalog.Topics.Where(t => !t.IsInternal).Select(t =>
            new GroupTopic(t.Name, t.Id, t.PartitionCount) { Racks = RacksOf(t, racks) }));
        Volatile.Write(ref _groupTopics, new KnownTopics(hosted, nodes, topics));
        return topics;
    }

    private static IReadOnlyList<IReadOnlyList<string>> RacksOf(TopicInfo topic, Dictionary<NodeId, string> racks) =>
        racks.Count == 0 ? [] :
    [
        .. Enumerable.Range(0, topic.PartitionCount).Select(p => (IReadOnlyList<string>)
            [.. topic.VotersOf(p).Select(v => racks.GetValueOrDefault(v.Node, "")).Where(r => r.Length > 0).Distinct()]),
    ];

    private sealed record KnownTopics(HostedTopics Hosted, NodeRecord[] Nodes, GroupTopics Topics);
}
