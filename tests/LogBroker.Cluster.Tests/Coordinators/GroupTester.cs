using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>What a member was told, in order. Thread-safe.</summary>
internal sealed class MemberEar : IMemberSink
{
    private readonly Lock _lock = new();
    private readonly List<MemberMessage.Assigned> _assignments = [];
    private int _heartbeats;
    private BrokerError? _error;
    private bool _hasEnded;

    /// <summary>The newest assignment, or null.</summary>
    public MemberMessage.Assigned? Last
    {
        get
        {
            lock (_lock)
            {
                return _assignments.LastOrDefault();
            }
        }
    }

    public int Heartbeats => Volatile.Read(ref _heartbeats);

    public bool HasEnded => Volatile.Read(ref _hasEnded);

    public BrokerError? Error => Volatile.Read(ref _error);

    /// <summary>What may be read, as TOPIC/PARTITION, in order.</summary>
    public string Holds => Last is { } last
        ? string.Join(' ', last.Topics.SelectMany(t => t.Partitions.Select(p => $"{t.Name}/{p}")).Order(StringComparer.Ordinal))
        : "";

    /// <summary>Takes over what another stream of the member was told.</summary>
    public void Recall(MemberMessage.Assigned? earlier)
    {
        lock (_lock)
        {
            if (earlier is not null)
            {
                _assignments.Add(earlier);
            }
        }
    }

    public void Assigned(MemberMessage.Assigned assignment)
    {
        lock (_lock)
        {
            _assignments.Add(assignment);
        }
    }

    public void Alive(int memberEpoch) => Interlocked.Increment(ref _heartbeats);

    public void Ended(BrokerError? error)
    {
        Volatile.Write(ref _error, error);
        Volatile.Write(ref _hasEnded, true);
    }
}

/// <summary>A member as a client would be: it acknowledges what it is told.</summary>
internal sealed class TestMember(IGroups groups, string group, string id)
{
    private IMembership? _membership;

    public string Id => id;

    public MemberEar Ear { get; private set; } = new();

    public int Epoch => Ear.Last?.Epoch ?? 0;

    public TestMember Join(params string[] topics) => Open(0, topics, []);

    /// <summary>Opens another stream, as after a broken one.</summary>
    public TestMember Resume(IGroups elsewhere, params string[] topics)
    {
        IReadOnlyList<HeldPartitions> held = Held();
        int epoch = Epoch;
        groups = elsewhere;
        return Open(epoch, topics, held);
    }

    /// <summary>Says what it holds: what it was told last.</summary>
    public void Acknowledge() => _membership!.Heartbeat(Epoch, Ear.Last?.Number ?? 0, Held());

    public void Break() => _membership!.Close();

    public ValueTask<BrokerError?> Leave() => groups.Leave(group, id, Epoch, false, CancellationToken.None);

    public ValueTask<Result<BrokerError?[]>> Commit(string topic, int partition, long offset, int? epoch = null) =>
        groups.Commit(
            new OffsetCommit(group, id, epoch ?? Epoch, [new OffsetToStore(new TopicPartition(topic, partition), offset, -1, "")]),
            CancellationToken.None);

    private TestMember Open(int epoch, string[] topics, IReadOnlyList<HeldPartitions> held)
    {
        Ear = new MemberEar();
        _membership = groups.Join(
            new MemberOpening(group, id, epoch) { Topics = topics, Held = held, SessionTimeoutMs = 6_000, ClientId = id }, Ear);
        return this;
    }

    private IReadOnlyList<HeldPartitions> Held() =>
        Ear.Last is { } last ? [.. last.Topics.Select(t => new HeldPartitions(t.Name, t.Id, t.Partitions))] : [];
}

/// <summary>Short ways to ask for offsets.</summary>
internal static class GroupTester
{
    public static BrokerSettings FewPartitions(BrokerSettings settings) => settings with
    {
        Groups = new GroupSettings { OffsetsPartitions = 2 },
    };

    public static async Task<BrokerError?> Commit(
        this IGroups groups, string group, string topic, int partition, long offset, string metadata = "", int leaderEpoch = -1)
    {
        OffsetToStore[] offsets = [new OffsetToStore(new TopicPartition(topic, partition), offset, leaderEpoch, metadata)];
        Result<BrokerError?[]> stored = await groups.Commit(new OffsetCommit(group, "", 0, offsets), CancellationToken.None);
        return stored.IsOk ? stored.Value[0] : stored.Error;
    }

    public static async Task CommitOk(this IGroups groups, string group, string topic, int partition, long offset) =>
        Assert.Null(await groups.Commit(group, topic, partition, offset));

    public static async Task<long> Committed(this IGroups groups, string group, string topic, int partition)
    {
        Result<StoredOffset[]> stored = await groups.FetchCommitted(
            group, [new TopicPartition(topic, partition)], CancellationToken.None);
        Assert.True(stored.IsOk, stored.Error?.ToString());
        return stored.Value[0].Offset;
    }

    public static async Task Coordinate(this IGroups groups, string group)
    {
        Result<CoordinatorPlace> place = await groups.FindCoordinator(group, CancellationToken.None);
        Assert.True(place.IsOk, place.Error?.ToString());
    }

    public static byte[] Records(int count)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        for (int i = 0; i < count; i++)
        {
            Assert.True(builder.TryAppend(1_000, OptionalBytes.Null, BitConverter.GetBytes(i)));
        }

        return builder.Finish().ToArray();
    }
}
