using System.Threading.Channels;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.Client.Tests;

/// <summary>A member as the fake coordinator knows it.</summary>
internal sealed class FakeMember(string id)
{
    public string Id => id;

    public int Epoch { get; set; }

    public JoinOpen Open { get; set; } = new();

    /// <summary>What it may read.</summary>
    public HashSet<TopicPartition> Assigned { get; } = [];

    /// <summary>What it is to let go of.</summary>
    public HashSet<TopicPartition> Revoking { get; } = [];

    public HashSet<TopicPartition> Target { get; set; } = [];

    /// <summary>Messages on the way to its stream; completed with an exception to end it. Null while it has none.</summary>
    public ChannelWriter<JoinResponse>? Stream { get; set; }

    /// <summary>Of the last assignment on its stream.</summary>
    public int Number { get; set; }

    /// <summary>Of the streams that it has opened.</summary>
    public int Attempt { get; set; }

    public int Heartbeats { get; set; }
}

/// <summary>
/// One group by the rules of KIP-848, without a clock: members join, are given partitions only after others have let go of them, keep their
/// epoch until they have let go of theirs, and are fenced when a test says so. Used under the lock of <see cref="FakeGroups"/>.
/// </summary>
internal sealed class FakeGroup(string id)
{
    public string Id => id;

    public int Epoch { get; private set; }

    public SortedDictionary<string, FakeMember> Members { get; } = new(StringComparer.Ordinal);

    public Dictionary<TopicPartition, CommittedOffset> Offsets { get; } = [];

    /// <summary>Joins, or comes back on another stream.</summary>
    public ErrorCode Open(JoinOpen open, ChannelWriter<JoinResponse> stream, IReadOnlyList<TopicPartition> all)
    {
        Members.TryGetValue(open.MemberId, out FakeMember? member);
        if (open.MemberEpoch > 0)
        {
            if (member is null)
            {
                return ErrorCode.UnknownMember;
            }

            if (member.Epoch != open.MemberEpoch)
            {
                return ErrorCode.FencedMemberEpoch;
            }

            if (open.Attempt <= member.Attempt)
            {
                return ErrorCode.FencedMemberEpoch;
            }

            Attach(member, open, stream);
            Send(member);
            return ErrorCode.None;
        }

        if (open.InstanceId.Length > 0 && Members.Values.Any(m => m.Open.InstanceId == open.InstanceId && m.Id != open.MemberId))
        {
            return ErrorCode.UnreleasedInstanceId;
        }

        member ??= new FakeMember(open.MemberId);
        Members[open.MemberId] = member;
        Attach(member, open, stream);
        Rebalance(all);
        if (member.Epoch == 0)
        {
            member.Epoch = Epoch;
            Send(member);
        }

        return ErrorCode.None;
    }

    /// <summary>Takes note of what a member has let go of.</summary>
    public void Heartbeat(FakeMember member, JoinHeartbeat beat)
    {
        member.Heartbeats++;
        HashSet<TopicPartition> held =
            [.. beat.Held.SelectMany(static t => t.Partitions.Select(p => new TopicPartition(t.Topic, p)))];
        if (beat.HasHeld && beat.Seen == member.Number && member.Revoking.Count > 0 && !member.Revoking.Overlaps(held))
        {
            member.Revoking.Clear();
            Reconcile();
        }

        member.Stream?.TryWrite(new JoinResponse { Heartbeat = new GroupHeartbeat { MemberEpoch = member.Epoch } });
    }

    /// <summary>Ends a membership, with an error on its stream or, when the member left, without.</summary>
    public void Remove(FakeMember member, Exception? why, IReadOnlyList<TopicPartition> all)
    {
        if (Members.Remove(member.Id))
        {
            member.Stream?.TryComplete(why);
            member.Stream = null;
            Rebalance(all);
        }
    }

    /// <summary>Deals out anew: everybody keeps what fits into an even share.</summary>
    public void Rebalance(IReadOnlyList<TopicPartition> all)
    {
        Epoch++;
        FakeMember[] members = [.. Members.Values];
        if (members.Length == 0)
        {
            return;
        }

        int least = all.Count / members.Length;
        int more = all.Count % members.Length;
        var free = new List<TopicPartition>(all);
        for (int i = 0; i < members.Length; i++)
        {
            int share = least + (i < more ? 1 : 0);
            members[i].Target = [.. members[i].Target.Where(free.Contains).OrderBy(static p => p.Partition).Take(share)];
            free.RemoveAll(members[i].Target.Contains);
        }

        for (int i = 0; i < members.Length; i++)
        {
            int missing = least + (i < more ? 1 : 0) - members[i].Target.Count;
            members[i].Target.UnionWith(free.Take(missing));
            free.RemoveRange(0, Math.Min(missing, free.Count));
        }

        Reconcile();
    }

    private void Reconcile()
    {
        foreach (FakeMember member in Members.Values)
        {
            TopicPartition[] gone = [.. member.Assigned.Except(member.Target)];
            if (gone.Length > 0)
            {
                member.Assigned.ExceptWith(gone);
                member.Revoking.UnionWith(gone);
                Send(member);
            }
        }

        foreach (FakeMember member in Members.Values)
        {
            if (member.Revoking.Count > 0)
            {
                continue;
            }

            TopicPartition[] come = [.. member.Target.Except(member.Assigned)
                .Where(p => !Members.Values.Any(m => m.Assigned.Contains(p) || m.Revoking.Contains(p)))];
            if (come.Length > 0 || member.Epoch != Epoch)
            {
                member.Epoch = Epoch;
                member.Assigned.UnionWith(come);
                Send(member);
            }
        }
    }

    private static void Attach(FakeMember member, JoinOpen open, ChannelWriter<JoinResponse> stream)
    {
        member.Open = open;
        member.Attempt = open.Attempt;
        member.Stream = stream;
        member.Number = 0;
    }

    private static void Send(FakeMember member)
    {
        var assignment = new Assignment { MemberEpoch = member.Epoch, HeartbeatIntervalMs = 200, Number = ++member.Number };
        assignment.Partitions.Add(Wire(member.Assigned));
        member.Stream?.TryWrite(new JoinResponse { Assignment = assignment });
    }

    public static IEnumerable<AssignedPartitions> Wire(IEnumerable<TopicPartition> partitions) => partitions
        .GroupBy(static p => p.Topic, StringComparer.Ordinal)
        .Select(static t => new AssignedPartitions { Topic = t.Key, Partitions = { t.Select(static p => p.Partition).Order() } });
}
