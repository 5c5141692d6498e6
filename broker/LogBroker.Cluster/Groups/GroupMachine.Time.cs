using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <content>Deadlines: sessions, and revocations.</content>
public sealed partial class GroupMachine
{
    /// <summary>
    /// When members are looked at. A member that is heard is not moved in here: it is looked at too early, and put in again. Entries of
    /// members that are gone, or that were put in again for an earlier time, are skipped.
    /// </summary>
    private readonly PriorityQueue<GroupMember, long> _schedule = new();

    private long? _wakeAtMs;

    private void Start()
    {
        if (_isStarted)
        {
            return;
        }

        _isStarted = true;
        BeginSessionsAnew();
    }

    /// <summary>Nobody was heard while there was no coordinator, or while it was not awake.</summary>
    private void BeginSessionsAnew()
    {
        foreach (GroupMember member in _members.Values)
        {
            member.HeardMs = _nowMs;
            member.RevokingSinceMs = _nowMs;
            Schedule(member);
        }
    }

    private void Schedule(GroupMember member)
    {
        if (member.DeadlineMs < member.ScheduledMs)
        {
            member.ScheduledMs = member.DeadlineMs;
            _schedule.Enqueue(member, member.ScheduledMs);
        }
    }

    private void FenceTheLate()
    {
        if (_wakeAtMs is { } wakeAtMs && _nowMs - wakeAtMs > _limits.StallMs)
        {
            BeginSessionsAnew();
        }

        while (_schedule.TryPeek(out GroupMember? member, out long dueMs) && dueMs <= _nowMs)
        {
            _schedule.Dequeue();
            if (member.IsGone || member.ScheduledMs != dueMs)
            {
                continue;
            }

            member.ScheduledMs = long.MaxValue;
            if (member.DeadlineMs <= _nowMs)
            {
                Fence(member);
            }
            else
            {
                Schedule(member);
            }
        }
    }

    private void Fence(GroupMember member)
    {
        BrokerError error = member.HeardMs + member.Facts.SessionTimeoutMs <= _nowMs
            ? Error(
                ErrorCode.UnknownMember,
                $"ended the session of member {ShownValue.Of(member.Id)}: no heartbeat for {member.Facts.SessionTimeoutMs} ms "
                + "(session_timeout_ms)")
            : Error(
                ErrorCode.FencedMemberEpoch,
                $"gave {ShowPartitions(member.Pending)} to others: member {ShownValue.Of(member.Id)} did not let go within "
                + $"{member.Facts.RebalanceTimeoutMs} ms (rebalance_timeout_ms)");
        if (member.Stream != 0)
        {
            _effects.Send.Add(new MemberMessage.Fenced(member.Id, member.Stream, error));
        }

        Remove(member);
    }

    private long? NextWakeMs()
    {
        long? assignMs = _epoch > _targetEpoch ? _assignNotBeforeMs : null;
        return !_schedule.TryPeek(out _, out long dueMs) ? assignMs
            : assignMs < dueMs ? assignMs
            : dueMs;
    }
}
