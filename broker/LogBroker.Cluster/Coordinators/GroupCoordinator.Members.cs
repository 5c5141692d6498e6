using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Members: their streams, and the machine's events and effects.</summary>
internal sealed partial class GroupCoordinator
{
    private static readonly GroupEvent TimePassed = new GroupEvent.TimePassed();
    private static readonly GroupEvent TopicsChanged = new GroupEvent.TopicsChanged();

    private readonly Func<GroupTopics?> _topicsNow;
    private readonly GroupEffects _effects = new();
    private long _streamsOpened;

    /// <summary>The topics that exist: once they are known, they stay known.</summary>
    private GroupTopics Topics => _topicsNow() ?? throw new InvariantViolationException("a coordinator serves before topics are known");

    /// <summary>Opens a member's stream. Any thread; what comes of it is said to the sink.</summary>
    public IMembership Join(MemberOpening opening, IMemberSink sink)
    {
        var stream = new MemberStream(this, opening.Group, opening.Member, sink);
        Post(() => Open(stream, opening));
        return stream;
    }

    /// <summary>Ends a membership; answered when that is committed. Any thread.</summary>
    public void Leave(string id, string member, int memberEpoch, bool temporarily, Action<BrokerError?> answer) => Post(() =>
    {
        BrokerError? error = Refusal(id);
        if (error is null && !_groups.ContainsKey(id))
        {
            error = GroupErrors.UnknownMember(id, member);
        }

        if (error is not null)
        {
            answer(error);
            return;
        }

        Tell(_groups[id], new GroupEvent.MemberLeft(member, memberEpoch, temporarily), answer, answer);
    });

    /// <summary>A heartbeat of an open stream; in the poll.</summary>
    public void TakeHeartbeat(MemberStream stream, int memberEpoch, int seen, IReadOnlyList<HeldPartitions>? held)
    {
        if (GroupWith(stream) is { } group)
        {
            GroupPartitionSet? holds = held is null ? null : SetOf(held);
            var heartbeat = new GroupEvent.HeartbeatReceived(stream.Number, stream.Member, memberEpoch, seen, holds);
            Tell(group, heartbeat, EndsWhenRefused(group, stream));
        }
    }

    /// <summary>A stream broke; in the poll.</summary>
    public void TakeClosed(MemberStream stream)
    {
        if (GroupWith(stream) is { } group)
        {
            group.Streams.Remove(stream.Number);
            Tell(group, new GroupEvent.StreamClosed(stream.Number, stream.Member));
        }
    }

    /// <summary>Other topics, or other partitions of them: groups look at what they are to have. Any thread.</summary>
    public void LookAtTopics() => Post(() =>
    {
        if (_stage != Stage.Serving)
        {
            return;
        }

        foreach (CoordinatedGroup group in _groups.Values.ToArray())
        {
            if (group.Machine.MembersCount > 0)
            {
                Tell(group, TopicsChanged);
            }
        }

        ForgetOffsets(isExpiry: false);
    });

    private CoordinatedGroup? GroupWith(MemberStream stream) =>
        stream.Number > 0 && _groups.TryGetValue(stream.Group, out CoordinatedGroup? group) && group.Streams.ContainsKey(stream.Number)
            ? group
            : null;

    private void Open(MemberStream stream, MemberOpening opening)
    {
        if (Refusal(opening.Group) is { } error)
        {
            stream.End(error);
            return;
        }

        CoordinatedGroup group = GroupOf(opening.Group);
        stream.Number = ++_streamsOpened;
        group.Streams.Add(stream.Number, stream);
        Tell(group, EventOf(stream, opening), EndsWhenRefused(group, stream));
        ForgetIfNothing(group);
    }

    private GroupEvent.MemberJoined EventOf(MemberStream stream, MemberOpening opening) =>
        new(stream.Number, opening.Member, opening.MemberEpoch)
        {
            Attempt = opening.Attempt,
            InstanceId = opening.InstanceId,
            Rack = opening.Rack,
            ClientId = opening.ClientId,
            Host = opening.Address,
            Topics = opening.Topics,
            TopicRegex = opening.TopicRegex,
            Assignor = opening.Assignor,
            SessionTimeoutMs = opening.SessionTimeoutMs,
            RebalanceTimeoutMs = opening.RebalanceTimeoutMs,
            Held = SetOf(opening.Held),
        };

    private static Action<BrokerError> EndsWhenRefused(CoordinatedGroup group, MemberStream stream) => error =>
    {
        group.Streams.Remove(stream.Number);
        stream.End(error);
    };

    /// <summary>What a member says it holds, as ids; what no topic has is not held.</summary>
    private GroupPartitionSet SetOf(IReadOnlyList<HeldPartitions> held)
    {
        GroupTopics topics = Topics;
        return GroupPartitionSet.Of(held.SelectMany(h =>
            (h.Id ?? topics.Find(h.Topic)?.Id) is { } id ? h.Partitions.Select(p => new PartitionId(id, p)) : []));
    }

    /// <summary>
    /// Brings an event to a group's machine and carries out what follows: records first, and what is said when they are committed.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="happened">The event.</param>
    /// <param name="refused">Told at once why the machine does not take the event.</param>
    /// <param name="answer">Told null when all that the event changed is committed, or why that is not known.</param>
    private void Tell(
        CoordinatedGroup group, GroupEvent happened, Action<BrokerError>? refused = null, Action<BrokerError?>? answer = null)
    {
        _effects.Clear();
        group.Machine.Apply(happened, _env.RunningMs, Topics, _effects);
        group.WakeAtMs = _effects.WakeAtMs ?? long.MaxValue;
        WakeAt(group.WakeAtMs);
        Volatile.Write(ref _needsCare, 1);
        if (_effects.Refused is { } refusal)
        {
            refused?.Invoke(refusal);
            answer = null;
        }

        MemberMessage[] messages = [.. _effects.Send];
        if (_effects.Append.Count == 0)
        {
            if (messages.Length > 0)
            {
                group.Say(() => Say(group, messages));
            }

            if (answer is not null)
            {
                group.Await(answer);
            }

            return;
        }

        bool isEpoch = _effects.Append.Any(r => r is GroupRecord.EpochSet);
        RecordToWrite[] records = [.. _effects.Append.Select(r => new RecordToWrite(r.WriteKey(), r.WriteValue()))];
        var change = new GroupChange(group, records)
        {
            Apply = () => group.EmptySinceMs = isEpoch ? _env.WallClockMs : group.EmptySinceMs,
            Answer = answer,
            DeadlineMs = answer is null ? long.MaxValue : _env.RunningMs + _settings.CommitMsMax,
        };
        change.Said.Add(() => Say(group, messages));
        if (Write(change) is { } error)
        {
            // The machine is ahead of what can be written: it is forgotten with all others, and made anew from what is committed.
            BrokerLog.GroupTooLarge(_env.Log, group.Id, error.Message);
            change.AnswerWith(error);
            Rest();
            _replica.Schedule();
        }
    }

    private static void Say(CoordinatedGroup group, MemberMessage[] messages)
    {
        foreach (MemberMessage message in messages)
        {
            if (!group.Streams.TryGetValue(message.Stream, out MemberStream? stream))
            {
                continue;
            }

            if (message is MemberMessage.Fenced or MemberMessage.Ended)
            {
                group.Streams.Remove(message.Stream);
            }

            stream.Tell(message);
        }
    }

    /// <summary>Sessions begin anew with the coordinator: it has heard nobody yet.</summary>
    private void BeginTimes()
    {
        foreach (CoordinatedGroup group in _groups.Values.ToArray())
        {
            if (group.Machine.MembersCount > 0)
            {
                Tell(group, TimePassed);
            }
        }

        ForgetOffsets(isExpiry: false);
    }
}
