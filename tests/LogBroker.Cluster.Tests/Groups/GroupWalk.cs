using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>
/// A random life of a group: members come, go, pause, die and lose their streams; messages are late; topics change; coordinators fail
/// over. After every step the invariants of the group are checked.
/// </summary>
internal sealed class GroupWalk
{
    private readonly SimRandom _random;
    private readonly GroupLimits _limits = new() { StallMs = 60_000 };
    private readonly GroupLog _log = new(GroupScript.Group);
    private readonly List<WalkMember> _members = [];
    private readonly List<WalkStream> _streams = [];
    private readonly Dictionary<long, WalkStream> _byNumber = [];
    private readonly GroupEffects _effects = new();
    private readonly Dictionary<string, GroupRecord.CurrentSet> _current = [];
    private readonly bool _areEqual;
    private GroupMachine _machine;
    private GroupTopics _topics;
    private long _nowMs = 1_000;
    private long? _wakeAtMs;
    private long _lastNumber;
    private int _lastId;
    private int _quiet;
    private bool _isCalm;

    public GroupWalk(ulong seed)
    {
        _random = new SimRandom(seed);
        _areEqual = _random.Chance(0.5);
        _topics = new GroupTopics([GroupScript.Topic("orders", _random.Next(1, 12)), GroupScript.Topic("payments", _random.Next(0, 6))]);
        _machine = new GroupMachine(GroupScript.Group, _limits, []);
    }

    public GroupMachine Machine => _machine;

    public bool AreEqual => _areEqual;

    public int Commits { get; private set; }

    public int Refusals { get; private set; }

    public int Failovers { get; private set; }

    public int Fences { get; private set; }

    public int Moves { get; private set; }

    public void Step()
    {
        switch (_random.Next(100))
        {
            case < 30:
                Deliver(isUp: true);
                break;
            case < 60:
                Deliver(isUp: false);
                break;
            case < 78:
                Act();
                break;
            case < 88:
                Pass(_random.UpTo(2_000));
                break;
            case < 92:
                Commit();
                break;
            default:
                Disturb();
                break;
        }

        Check();
    }

    /// <summary>Nothing fails any more: all must be at their target in bounded time.</summary>
    public void Calm()
    {
        _isCalm = true;
        foreach (WalkMember member in _members)
        {
            member.IsPaused = false;
        }

        GiveUpWhatIsTooOld();
        for (int round = 0; round < 3_000; round++)
        {
            while (_streams.Any(s => s.Up.Count > 0 || s.Down.Count > 0))
            {
                Deliver(isUp: true);
                Deliver(isUp: false);
                Check();
            }

            foreach (WalkMember member in _members.ToArray())
            {
                Live(member);
            }

            Check();
            if (_machine.Phase is GroupPhase.Stable or GroupPhase.Empty && _members.All(IsAtTarget))
            {
                return;
            }

            Pass(100);
        }

        Assert.Fail($"no end: {_machine.DescribeAt(_nowMs).WaitingFor}\n{GroupLog.Durable(_machine)}");
    }

    private bool IsAtTarget(WalkMember member) => member.IsGone
        || (member is { Epoch: 0, InstanceId.Length: > 0 }
            && _members.Any(m => m is { IsGone: false, Epoch: > 0 } && m.InstanceId == member.InstanceId))
        || (_current.TryGetValue(member.Id, out GroupRecord.CurrentSet? current) && current.Epoch == member.Epoch
            && member.Held.Equals(current.Assigned) && member.Revoking.Count == 0);

    private void Act()
    {
        WalkMember[] active = [.. _members.Where(m => m.IsActive)];
        if (active.Length > 0)
        {
            Live(_random.Pick(active));
        }
    }

    /// <summary>What a healthy member does when it has the time.</summary>
    private void Live(WalkMember member)
    {
        if (!member.IsActive)
        {
            return;
        }

        if (member.Stream is null)
        {
            Open(member);
            return;
        }

        if (_isCalm || _random.Chance(0.5))
        {
            member.LetGo();
        }

        Beat(member);
    }

    private void Open(WalkMember member)
    {
        var stream = new WalkStream(member);
        member.Stream = stream;
        member.Seen = 0;
        if (member.Epoch == 0)
        {
            member.LeaseFromMs = _nowMs;
        }

        var join = new GroupEvent.MemberJoined(0, member.Id, member.Epoch)
        {
            Attempt = ++member.Attempt,
            InstanceId = member.InstanceId,
            Topics = [member.Topic],
            TopicRegex = member.Regex,
            SessionTimeoutMs = member.SessionMs,
            RebalanceTimeoutMs = member.RebalanceMs,
            Held = member.Held,
        };
        stream.Up.Enqueue((_nowMs, number => join with { Stream = number }));
        _streams.Add(stream);
    }

    private void Beat(WalkMember member)
    {
        GroupPartitionSet? held = _isCalm || _random.Chance(0.8) ? member.Held : null;
        (int epoch, int seen) = (member.Epoch, member.Seen);
        member.Stream!.Up.Enqueue((_nowMs, number => new GroupEvent.HeartbeatReceived(number, member.Id, epoch, seen, held)));
    }

    private void Deliver(bool isUp)
    {
        WalkStream[] waiting = [.. _streams.Where(s => isUp ? s.Up.Count > 0 : s.Down.Count > 0 && s.Member.IsActive)];
        if (waiting.Length == 0)
        {
            foreach (WalkStream stream in _isCalm ? _streams.Where(s => !s.Member.IsActive) : [])
            {
                stream.Down.Clear();
            }

            return;
        }

        if (isUp)
        {
            DeliverUp(_random.Pick(waiting));
        }
        else
        {
            DeliverDown(_random.Pick(waiting));
        }
    }

    private void DeliverUp(WalkStream stream)
    {
        (long sentMs, Func<long, GroupEvent> happened) = stream.Up.Dequeue();
        if (stream.Number == 0)
        {
            stream.Number = ++_lastNumber;
            _byNumber[stream.Number] = stream;
        }

        GroupEvent e = happened(stream.Number);
        stream.EchoMs = sentMs;
        Apply(e);
        if (e is GroupEvent.MemberJoined { MemberEpoch: 0 } && _effects.Refused is null && stream.Member.Stream == stream)
        {
            stream.Member.IsTooLate = false; // it has begun anew, and held nothing
        }

        if (_effects.Refused is { } refusal)
        {
            Refusals++;
            stream.Down.Enqueue((sentMs, null, refusal));
        }
    }

    private void DeliverDown(WalkStream stream)
    {
        (long echoMs, MemberMessage? message, BrokerError? refusal) = stream.Down.Dequeue();
        WalkMember member = stream.Member;
        if (member.Stream != stream)
        {
            return; // of an earlier stream: counts for nothing
        }

        member.LeaseFromMs = Math.Max(member.LeaseFromMs, echoMs);
        switch (message)
        {
            case MemberMessage.Assigned told:
                member.Take(told);
                Beat(member);
                break;
            case MemberMessage.Fenced or MemberMessage.Ended:
                member.BeginAnew();
                break;
            case null when refusal!.Code is ErrorCode.UnreleasedInstanceId:
                member.Stream = null; // later again
                break;
            case null:
                member.BeginAnew();
                break;
        }
    }

    private void Pass(double ms)
    {
        long endMs = _nowMs + (long)ms;
        while (_wakeAtMs is { } wakeAtMs && wakeAtMs <= endMs)
        {
            _nowMs = Math.Max(_nowMs, wakeAtMs);
            GiveUpWhatIsTooOld();
            Apply(new GroupEvent.TimePassed());
        }

        _nowMs = endMs;
        GiveUpWhatIsTooOld();
    }

    private void GiveUpWhatIsTooOld()
    {
        foreach (WalkMember member in _members.Where(m => m.IsActive && m.Epoch > 0 && _nowMs - m.LeaseFromMs >= m.SessionMs))
        {
            Break(member);
            member.BeginAnew();
        }
    }

    private void Commit()
    {
        if (_members.Count == 0)
        {
            return;
        }

        WalkMember member = _random.Pick(_members);
        int epoch = member.Epoch + (_random.Chance(0.3) ? _random.Next(-2, 2) : 0);
        GroupTopic topic = _random.Pick(_topics.All);
        var partition = new PartitionId(topic.Id, _random.Next(topic.PartitionCount + 1));
        bool isTaken = _machine.JudgeCommit(member.Id, epoch) is null && _machine.JudgeCommit(member.Id, partition) is null;
        if (isTaken)
        {
            Commits++;
            GroupRecord.CurrentSet current = _current[member.Id];
            Assert.Equal(current.Epoch, epoch);
            Assert.True(current.Assigned.Contains(partition) || current.PendingRevocation.Contains(partition));
            Assert.False(member.IsTooLate && epoch == member.Epoch, "a fenced member has committed");
            Assert.DoesNotContain(
                _members.Where(m => m != member), m => m.Believed(_nowMs).Contains(partition));
        }
    }

    private void Disturb()
    {
        WalkMember? member = _members.Count == 0 ? null : _random.Pick(_members);
        switch (_random.Next(12))
        {
            case 0 or 1 or 2 when _members.Count(m => !m.IsGone) < 7:
                Come(_random.Chance(0.3) ? $"i{_random.Next(3)}" : "");
                break;
            case 3 or 4 when member?.Stream is not null:
                Break(member);
                break;
            case 5 when member is { IsGone: false }:
                member.IsPaused = !member.IsPaused;
                GiveUpWhatIsTooOld(); // the first thing that a member does when it wakes
                break;
            case 6 when member is { IsGone: false }:
                member.IsGone = true;
                Break(member);
                break;
            case 7 when member is { IsActive: true, Epoch: > 0 }:
                GoAway(member);
                break;
            case 8:
                ChangeTopics();
                break;
            case 9 when _random.Chance(0.4):
                FailOver();
                break;
            case 10:
                Pass(_random.UpTo(20_000));
                break;
            default:
                _members.RemoveAll(m => m.IsGone && !_machine.MemberIds.Contains(m.Id));
                break;
        }
    }

    private void Come(string instanceId) => _members.Add(new WalkMember(
        $"m{++_lastId}", instanceId, (int)_random.Between(6_000, 20_000), (int)_random.Between(6_000, 20_000))
    {
        Topic = _areEqual || _random.Chance(0.7) ? "orders" : "payments",
        Regex = _areEqual || _random.Chance(0.7) ? "" : "pay.*",
    });

    private void Break(WalkMember member)
    {
        if (member.Stream is not { } stream)
        {
            return;
        }

        member.Stream = null;
        stream.IsBroken = true;
        stream.Down.Clear();
        if (_random.Chance(0.5))
        {
            stream.Up.Clear();
        }

        stream.Up.Enqueue((_nowMs, number => new GroupEvent.StreamClosed(number, member.Id)));
    }

    /// <summary>A clean leave; a static member may come back under another id.</summary>
    private void GoAway(WalkMember member)
    {
        bool isTemporary = _random.Chance(0.5);
        int epoch = member.Epoch;
        member.IsGone = true;
        Break(member);
        Apply(new GroupEvent.MemberLeft(member.Id, epoch, isTemporary));
        if (isTemporary && member.InstanceId.Length > 0 && _random.Chance(0.7))
        {
            Come(member.InstanceId);
        }
    }

    private void ChangeTopics()
    {
        GroupTopic[] topics = [.. _topics.All.Select(t => t with { PartitionCount = t.PartitionCount + _random.Next(3) })];
        if (_random.Chance(0.3))
        {
            int at = _random.Next(topics.Length);
            topics[at] = topics[at] with { Id = new TopicId(new Guid(++_lastId, 0, 0, new byte[8])), PartitionCount = _random.Next(8) };
        }

        _topics = new GroupTopics(topics.Where(t => t.PartitionCount < 20));
        if (_topics.All.Count == 0)
        {
            _topics = new GroupTopics([GroupScript.Topic("orders", 5)]);
        }

        Apply(new GroupEvent.TopicsChanged());
    }

    private void FailOver()
    {
        Failovers++;
        _machine = _log.Rebuild(_limits);
        foreach (WalkMember member in _members)
        {
            if (member.Stream is { } stream)
            {
                member.Stream = null;
                stream.IsBroken = true;
            }
        }

        // Streams were to the old coordinator: nothing of them reaches the new one.
        _streams.Clear();
        _byNumber.Clear();
        Apply(new GroupEvent.TimePassed());
    }

    private void Apply(GroupEvent e)
    {
        _effects.Clear();
        _machine.Apply(e, _nowMs, _topics, _effects);
        _wakeAtMs = _effects.WakeAtMs;
        _log.Append(_effects.Append);
        foreach (GroupRecord record in _effects.Append)
        {
            if (record is GroupRecord.CurrentSet current)
            {
                Moves++;
                _current[current.MemberId] = current;
            }
            else if (record is GroupRecord.Forgotten { KeyVersion: 8 } forgotten)
            {
                NoteEnd(e, forgotten.MemberId);
            }
        }

        if (_effects.Append.Count > 0 || ++_quiet % 8 == 0)
        {
            Assert.Equal(GroupLog.Durable(_machine), GroupLog.Durable(_log.Rebuild(_limits)));
        }

        foreach (MemberMessage message in _effects.Send)
        {
            if (_byNumber.TryGetValue(message.Stream, out WalkStream? stream) && !stream.IsBroken)
            {
                stream.Down.Enqueue((stream.EchoMs, message, null));
            }
        }
    }

    /// <summary>A member that had not let go in time cannot know it: the other limit of its belief, its session, it knows.</summary>
    private void NoteEnd(GroupEvent e, string memberId)
    {
        bool wasRevoking = _current.Remove(memberId, out GroupRecord.CurrentSet? last) && last.PendingRevocation.Count > 0;
        if (e is GroupEvent.TimePassed && wasRevoking && _members.Find(m => m.Id == memberId) is { } member)
        {
            Fences++;
            member.IsTooLate = true;
        }
    }

    private void Check()
    {
        _streams.RemoveAll(s => s.IsBroken && s.Up.Count == 0);
        var owners = new Dictionary<PartitionId, string>();
        foreach (WalkMember member in _members)
        {
            foreach (PartitionId partition in member.Believed(_nowMs))
            {
                string? other = owners.GetValueOrDefault(partition);
                Assert.True(owners.TryAdd(partition, member.Id), $"{partition} has two owners: {other} and {member.Id}");
            }
        }

        var recorded = new HashSet<PartitionId>();
        foreach (GroupRecord.CurrentSet current in _current.Values)
        {
            foreach (PartitionId partition in current.Assigned.Concat(current.PendingRevocation))
            {
                Assert.True(recorded.Add(partition), $"{partition} is recorded twice");
            }
        }
    }
}
