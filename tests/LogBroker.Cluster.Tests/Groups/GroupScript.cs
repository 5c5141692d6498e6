using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>
/// One group, its records and its clock, for tests by rule. Behind every event the machine is built again from its records, as they are
/// after compaction and through their bytes, and must say the same of itself.
/// </summary>
internal sealed class GroupScript
{
    public const string Group = "billing";

    private readonly GroupLimits _limits;
    private readonly GroupLog _log = new(Group);
    private readonly Dictionary<string, long> _streams = [];
    private long _lastStream;
    private long? _wakeAtMs;

    public GroupScript(params GroupTopic[] topics)
        : this(new GroupLimits { AssignmentIntervalMs = 0 }, topics)
    {
    }

    public GroupScript(GroupLimits limits, params GroupTopic[] topics)
    {
        _limits = limits;
        Topics = new GroupTopics(topics);
        Machine = new GroupMachine(Group, limits, []);
    }

    public GroupMachine Machine { get; private set; }

    public GroupTopics Topics { get; set; }

    public long NowMs { get; private set; } = 1_000_000;

    /// <summary>The effects of the last event.</summary>
    public GroupEffects Effects { get; } = new();

    /// <summary>The last assignment that a member was sent.</summary>
    public Dictionary<string, MemberMessage.Assigned> Told { get; } = [];

    /// <summary>Every message in order.</summary>
    public List<MemberMessage> Sent { get; } = [];

    public static GroupTopic Topic(string name, int partitions, params string[][] racks)
    {
        byte[] id = new byte[16];
        System.Text.Encoding.ASCII.GetBytes(name.PadRight(16).AsSpan(0, 16), id);
        return new GroupTopic(name, new TopicId(new Guid(id, bigEndian: true)), partitions) { Racks = racks };
    }

    public BrokerError? Apply(GroupEvent e)
    {
        Effects.Clear();
        Machine.Apply(e, NowMs, Topics, Effects);
        _wakeAtMs = Effects.WakeAtMs;
        _log.Append(Effects.Append);
        Sent.AddRange(Effects.Send);
        foreach (MemberMessage message in Effects.Send)
        {
            if (message is MemberMessage.Assigned told)
            {
                Told[told.MemberId] = told;
            }
        }

        Assert.Equal(GroupLog.Durable(Machine), GroupLog.Durable(_log.Rebuild(_limits)));
        return Effects.Refused;
    }

    /// <summary>Opens a stream for a new member, or for one that begins anew.</summary>
    public BrokerError? Join(string member, Func<GroupEvent.MemberJoined, GroupEvent.MemberJoined>? with = null, string topic = "orders")
    {
        var join = new GroupEvent.MemberJoined(++_lastStream, member, 0) { Topics = [topic], Host = "10.0.0.1" };
        join = with is null ? join : with(join);
        BrokerError? refused = Apply(join);
        if (refused is null)
        {
            _streams[member] = join.Stream;
        }

        return refused;
    }

    /// <summary>Opens a stream for a member that comes back with what it was told last, or with what is given.</summary>
    public BrokerError? Return(string member, GroupPartitionSet? held = null, int? epoch = null) => Join(
        member,
        j => j with { MemberEpoch = epoch ?? Told[member].Epoch, Held = held ?? Told[member].Partitions });

    /// <summary>A heartbeat in which the member holds exactly what it was told last, or something else.</summary>
    public BrokerError? Ack(string member, GroupPartitionSet? held = null, int? seen = null, int? epoch = null) =>
        Apply(new GroupEvent.HeartbeatReceived(
            _streams[member],
            member,
            epoch ?? Told[member].Epoch,
            seen ?? Told[member].Number,
            held ?? Told[member].Partitions));

    /// <summary>A heartbeat without more.</summary>
    public BrokerError? Beat(string member) =>
        Apply(new GroupEvent.HeartbeatReceived(_streams[member], member, Told[member].Epoch, Told[member].Number, null));

    public void Break(string member) => Apply(new GroupEvent.StreamClosed(_streams[member], member));

    public BrokerError? Leave(string member, bool temporarily = false) =>
        Apply(new GroupEvent.MemberLeft(member, Told[member].Epoch, temporarily));

    /// <summary>All members do what they are told until nothing is to be done.</summary>
    public void Settle()
    {
        for (int round = 0; Machine.Phase != GroupPhase.Stable; round++)
        {
            Assert.True(round < 1_000, "the group does not settle: " + Machine.DescribeAt(NowMs).WaitingFor);
            foreach (string member in Told.Keys.Where(_streams.ContainsKey).Where(Machine.MemberIds.Contains).ToArray())
            {
                Ack(member);
            }

            if (Machine.Phase == GroupPhase.Assigning)
            {
                Pass(5_000, untilPhaseIsNot: GroupPhase.Assigning);
            }
        }
    }

    /// <summary>Time passes; the coordinator wakes when it was asked to.</summary>
    public void Pass(long ms, GroupPhase? untilPhaseIsNot = null)
    {
        long endMs = NowMs + ms;
        while (_wakeAtMs is { } wakeAtMs && wakeAtMs <= endMs)
        {
            NowMs = Math.Max(NowMs, wakeAtMs);
            Apply(new GroupEvent.TimePassed());
            if (untilPhaseIsNot is not null && Machine.Phase != untilPhaseIsNot)
            {
                return;
            }
        }

        NowMs = endMs;
    }

    /// <summary>The coordinator is away for a while, and asleep.</summary>
    public void Stall(long ms)
    {
        NowMs += ms;
        Apply(new GroupEvent.TimePassed());
    }

    /// <summary>Another node takes over: the machine is built from the records, and all streams are gone.</summary>
    public void Failover()
    {
        Machine = _log.Rebuild(_limits);
        _streams.Clear();
        Apply(new GroupEvent.TimePassed());
    }

    public string HeldBy(string member) => Show(Machine.DescribeAt(NowMs).Members.Single(m => m.MemberId == member).Held);

    public string TargetOf(string member) => Show(Machine.DescribeAt(NowMs).Members.Single(m => m.MemberId == member).Target);

    public int EpochOf(string member) => Machine.DescribeAt(NowMs).Members.Single(m => m.MemberId == member).Epoch;

    public GroupPartitionSet Set(string topic, params int[] partitions) =>
        GroupPartitionSet.Of(partitions.Select(p => new PartitionId(Topics.Find(topic)!.Id, p)));

    public static string Show(IReadOnlyList<GroupTopicPartitions> topics) => string.Join(' ', topics);
}
