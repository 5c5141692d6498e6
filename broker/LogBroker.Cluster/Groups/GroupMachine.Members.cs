using System.Text.RegularExpressions;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <content>Members come, are heard, and go.</content>
public sealed partial class GroupMachine
{
    /// <summary>
    /// Opens a stream for a new member, for one that comes back with its epoch, or for one that begins anew with 0. The member's
    /// record is appended in any case: so whatever it is answered has been proven by a majority, also by a coordinator that does not
    /// know yet that another one took over.
    /// </summary>
    private BrokerError? Join(GroupEvent.MemberJoined join)
    {
        Result<GroupMemberFacts> checkedFacts = GroupChecks.Facts(join, _limits);
        if (!checkedFacts.IsOk)
        {
            return checkedFacts.Error;
        }

        GroupMemberFacts facts = checkedFacts.Value;
        Result<GroupSubscription> subscription = SubscriptionOf(facts);
        if (!subscription.IsOk)
        {
            return subscription.Error;
        }

        GroupMember? member = _members.GetValueOrDefault(join.MemberId);
        BrokerError? refusal = member is null ? JudgeNew(join, facts) : JudgeReturn(member, join, facts);
        if (refusal is not null)
        {
            return refusal;
        }

        member ??= _instances.TryGetValue(facts.InstanceId, out GroupMember? earlier)
            ? TakePlaceOf(earlier, join.MemberId, facts, subscription.Value)
            : Add(join.MemberId, facts, subscription.Value);
        Update(member, facts, subscription.Value);
        member.Attempt = join.Attempt;
        Open(member, join.Stream, join.MemberEpoch == 0 ? GroupPartitionSet.Empty : join.Held);
        return null;
    }

    private BrokerError? JudgeNew(GroupEvent.MemberJoined join, GroupMemberFacts facts)
    {
        if (join.MemberEpoch > 0)
        {
            return Unknown(join.MemberId);
        }

        if (_instances.TryGetValue(facts.InstanceId, out GroupMember? holder))
        {
            return holder.IsAway
                ? null
                : Error(
                    ErrorCode.UnreleasedInstanceId,
                    $"has a live member {ShownValue.Of(holder.Id)} with instance_id {ShownValue.Of(facts.InstanceId)}; "
                    + $"it was heard {_nowMs - holder.HeardMs} ms ago, and its session ends after {holder.Facts.SessionTimeoutMs} ms");
        }

        return _members.Count < _limits.MembersMax
            ? null
            : Error(ErrorCode.GroupFull, $"has {_members.Count} members and may have {_limits.MembersMax}");
    }

    private BrokerError? JudgeReturn(GroupMember member, GroupEvent.MemberJoined join, GroupMemberFacts facts)
    {
        if (facts.InstanceId != member.Facts.InstanceId)
        {
            return Error(
                ErrorCode.InvalidArgument,
                $"knows member {ShownValue.Of(member.Id)} with instance_id {ShownValue.Of(member.Facts.InstanceId)}, which cannot become "
                + ShownValue.Of(facts.InstanceId));
        }

        if (join.Attempt > 0 && join.Attempt <= member.Attempt)
        {
            // What it says it holds is from before the later stream, on which it may have been given more.
            return Error(ErrorCode.FencedMemberEpoch, $"has a later stream of member {ShownValue.Of(member.Id)}: {member.Attempt}");
        }

        if (join.MemberEpoch == 0)
        {
            return null;
        }

        return member.IsAway
            ? Error(ErrorCode.FencedMemberEpoch, $"knows that {ShownValue.Of(member.Id)} left; it comes back with epoch 0")
            : JudgeEpoch(member, join.MemberEpoch) ?? JudgeHeld(member, join.Held);
    }

    /// <summary>
    /// An epoch above the member's was never given. One below is that of a member that has not seen the latest message yet, which is
    /// harmless as long as all that it holds is its own.
    /// </summary>
    private BrokerError? JudgeEpoch(GroupMember member, int epoch) =>
        epoch <= member.Epoch
            ? null
            : Error(
                ErrorCode.FencedMemberEpoch,
                $"has member {ShownValue.Of(member.Id)} in epoch {member.Epoch}, not yet in {epoch}",
                ("memberEpoch", Text(member.Epoch)));

    private BrokerError? JudgeHeld(GroupMember member, GroupPartitionSet held)
    {
        GroupPartitionSet foreign = held.Except(member.Assigned);
        foreign = foreign.Count == 0 ? foreign : foreign.Except(member.Pending);
        return foreign.Count == 0
            ? null
            : Error(
                ErrorCode.FencedMemberEpoch,
                $"has member {ShownValue.Of(member.Id)} in epoch {member.Epoch} without {ShowPartitions(foreign)}, which it says it holds",
                ("memberEpoch", Text(member.Epoch)));
    }

    private GroupMember Add(string memberId, GroupMemberFacts facts, GroupSubscription subscription)
    {
        var member = new GroupMember(_group, memberId, facts, subscription);
        subscription.MembersCount++;
        _subscriptions[subscription.Key] = subscription;
        _members.Add(memberId, member);
        if (member.IsStatic)
        {
            _instances.Add(facts.InstanceId, member);
        }

        _isChanged = true;
        _areTopicsToCheck = true;
        return member;
    }

    /// <summary>A static member came back under another id: it gets the partitions and the target, and nobody else moves.</summary>
    private GroupMember TakePlaceOf(GroupMember earlier, string memberId, GroupMemberFacts facts, GroupSubscription subscription)
    {
        bool wasChanged = _isChanged;
        Drop(earlier);
        GroupMember member = Add(memberId, earlier.Facts, earlier.Subscription);
        _isChanged = wasChanged;
        member.Assigned = earlier.Assigned;
        member.Target = earlier.Target;
        member.HasTarget = earlier.HasTarget;
        foreach (PartitionId partition in member.Assigned)
        {
            _owners[partition] = member;
        }

        foreach (PartitionId partition in member.Target)
        {
            _targetOwners[partition] = member;
        }

        if (member.HasTarget)
        {
            _effects.Append.Add(new GroupRecord.TargetSet(_group, memberId, member.Target));
        }

        return member;
    }

    private void Update(GroupMember member, GroupMemberFacts facts, GroupSubscription subscription)
    {
        if (member.Subscription.Key != subscription.Key)
        {
            Release(member.Subscription);
            subscription.MembersCount++;
            _subscriptions[subscription.Key] = subscription;
            member.Subscription = subscription;
            _areTopicsToCheck = true;
            _isChanged = true;
        }

        _isChanged |= facts.Rack != member.Facts.Rack || facts.Assignor != member.Facts.Assignor;
        member.Facts = facts;
        _effects.Append.Add(new GroupRecord.MemberKnown(_group, member.Id, facts));
    }

    private void Open(GroupMember member, long stream, GroupPartitionSet held)
    {
        if (member.Stream != 0 && member.Stream != stream)
        {
            BrokerError error = Error(ErrorCode.FencedMemberEpoch, $"has another stream of member {ShownValue.Of(member.Id)} now");
            _effects.Send.Add(new MemberMessage.Fenced(member.Id, member.Stream, error));
        }

        if (member.IsAway)
        {
            member.MoveTo(0);
        }

        member.Stream = stream;
        member.Number = 0;
        member.Sent = null;
        member.HeldAtOpen = held;
        member.HeardMs = _nowMs;
        Schedule(member);
        LetGo(member, member.Pending.Except(held));
        Touch(member);
    }

    private BrokerError? Hear(GroupEvent.HeartbeatReceived heartbeat)
    {
        GroupMember? member = _members.GetValueOrDefault(heartbeat.MemberId);
        if (member is null || member.IsAway)
        {
            return Unknown(heartbeat.MemberId);
        }

        if (member.Stream != heartbeat.Stream)
        {
            return Error(ErrorCode.FencedMemberEpoch, $"has another stream of member {ShownValue.Of(member.Id)} now");
        }

        BrokerError? refusal = JudgeEpoch(member, heartbeat.MemberEpoch)
            ?? (heartbeat.Held is null ? null : JudgeHeld(member, heartbeat.Held));
        if (refusal is not null)
        {
            return refusal;
        }

        member.HeardMs = _nowMs;
        if (heartbeat.Held is not null && heartbeat.Seen == member.Number && member.Number > 0)
        {
            // It has seen the message without these, so that it cannot take them again. Anything older may have crossed with one.
            LetGo(member, member.Pending.Except(heartbeat.Held));
        }

        return null;
    }

    private void Answer(string memberId, long stream)
    {
        GroupMember? member = _members.GetValueOrDefault(memberId);
        if (member is not null && member.Stream == stream && !_effects.Send.Any(m => m.Stream == stream))
        {
            _effects.Send.Add(new MemberMessage.Alive(memberId, stream, member.Epoch));
        }
    }

    private BrokerError? Leave(GroupEvent.MemberLeft left)
    {
        GroupMember? member = _members.GetValueOrDefault(left.MemberId);
        if (member is null || (member.IsAway && left.IsTemporary))
        {
            return Unknown(left.MemberId);
        }

        if (!member.IsAway && JudgeEpoch(member, left.MemberEpoch) is { } refusal)
        {
            return refusal;
        }

        if (member.Stream != 0)
        {
            _effects.Send.Add(new MemberMessage.Ended(member.Id, member.Stream));
        }

        if (!left.IsTemporary || !member.IsStatic)
        {
            Remove(member);
            return null;
        }

        // It holds nothing any more; what was pending is free, and what is assigned waits for it.
        member.MoveTo(GroupMember.AwayEpoch);
        member.State = GroupMemberState.Stable;
        member.Stream = 0;
        member.HeldAtOpen = null;
        member.HeardMs = _nowMs;
        LetGo(member, member.Pending);
        Touch(member);
        return null;
    }

    private void Close(GroupEvent.StreamClosed closed)
    {
        if (_members.TryGetValue(closed.MemberId, out GroupMember? member) && member.Stream == closed.Stream)
        {
            member.Stream = 0;
            member.HeldAtOpen = null;
        }
    }

    /// <summary>Takes a member out of the group, with all that it held.</summary>
    private void Remove(GroupMember member)
    {
        Drop(member);
        Free(member.Assigned.Union(member.Pending));
        _isChanged = true;
    }

    /// <summary>Takes a member out of the tables and forgets its records; partitions are left to the caller.</summary>
    private void Drop(GroupMember member)
    {
        member.IsGone = true;
        _members.Remove(member.Id);
        _touched.Remove(member.Id);
        _instances.Remove(member.Facts.InstanceId);
        Release(member.Subscription);
        foreach (PartitionId partition in member.Target)
        {
            if (_targetOwners.GetValueOrDefault(partition) == member)
            {
                _targetOwners.Remove(partition);
            }
        }

        foreach (short key in (short[])[8, 7, 5])
        {
            _effects.Append.Add(new GroupRecord.Forgotten(_group, key, member.Id));
        }
    }

    private void Release(GroupSubscription subscription)
    {
        if (--subscription.MembersCount == 0)
        {
            _subscriptions.Remove(subscription.Key);
        }

        _areTopicsToCheck = true;
    }

    private Result<GroupSubscription> SubscriptionOf(GroupMemberFacts facts)
    {
        if (_subscriptions.TryGetValue(GroupSubscription.KeyOf(facts.Topics, facts.TopicRegex), out GroupSubscription? same))
        {
            return same;
        }

        if (facts.TopicRegex.Length == 0)
        {
            return new GroupSubscription(facts.Topics, "", null);
        }

        HashSet<string> patterns = [.. _subscriptions.Values.Select(s => s.Pattern), facts.TopicRegex];
        patterns.Remove("");
        if (patterns.Count > _limits.RegexesPerGroupMax)
        {
            return Error(
                ErrorCode.InvalidSubscription, $"has {patterns.Count - 1} different regular expressions, and may have "
                + Text(_limits.RegexesPerGroupMax));
        }

        Result<Regex> regex = GroupSubscription.Compile(facts.TopicRegex);
        return regex.IsOk ? new GroupSubscription(facts.Topics, facts.TopicRegex, regex.Value) : regex.Error;
    }
}
