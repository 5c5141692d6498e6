using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <content>Targets are computed, and members move to them.</content>
public sealed partial class GroupMachine
{
    private long _assignNotBeforeMs;

    /// <summary>
    /// Compares the topics that members ask for with those that the target was computed for, and asks for a new target when they differ.
    /// </summary>
    private void CheckTopics()
    {
        if (!_areTopicsToCheck)
        {
            return;
        }

        _areTopicsToCheck = false;
        var wanted = new SortedDictionary<string, GroupTopic>(StringComparer.Ordinal);
        foreach (GroupSubscription subscription in _subscriptions.Values)
        {
            subscription.Resolve(_topics);
            foreach (GroupTopic topic in subscription.Topics)
            {
                wanted[topic.Name] = topic;
            }
        }

        var hash = new GroupTopicsHash();
        foreach (GroupTopic topic in wanted.Values)
        {
            hash.Add(topic);
        }

        if (hash.Value == _topicsHash)
        {
            return;
        }

        _topicsHash = hash.Value;
        HashSet<TopicId> held = [.. _owners.Keys.Select(p => p.Topic)];
        _formerTopics = [.. _formerTopics.Concat(_knownTopics).Where(t => held.Contains(t.Id)).DistinctBy(t => t.Id)];
        _knownTopics = [.. wanted.Values.Select(t => t with { Racks = [] })];
        _effects.Append.Add(new GroupRecord.TopicsKnown(_group, _knownTopics));
        _isChanged = true;
    }

    private void RaiseEpoch()
    {
        if (_isChanged)
        {
            _isChanged = false;
            _epoch++;
            _effects.Append.Add(new GroupRecord.EpochSet(_group, _epoch, _topicsHash));
        }
    }

    private void AssignTargets()
    {
        GroupMember[] members = [.. _members.Values];
        GroupPartitionSet[] targets = GroupAssignors.Assign(AssignorInUse(), AssignorInput(members));
        bool isOther = false;
        _targetOwners.Clear();
        for (int i = 0; i < members.Length; i++)
        {
            GroupMember member = members[i];
            if (!member.HasTarget || !member.Target.Equals(targets[i]))
            {
                member.HasTarget = true;
                member.Target = targets[i];
                isOther = true;
                _effects.Append.Add(new GroupRecord.TargetSet(_group, member.Id, member.Target));
            }

            foreach (PartitionId partition in member.Target)
            {
                _targetOwners[partition] = member;
            }

            Enqueue(member);
        }

        _targetEpoch = _epoch;
        _effects.Append.Add(new GroupRecord.TargetEpochSet(_group, _targetEpoch));
        _assignNotBeforeMs = _nowMs + _limits.AssignmentIntervalMs + (members.Length / 4);
        Rebalances += isOther ? 1 : 0;
    }

    /// <summary>The assignor that most of the members who name one wish for; uniform when it is a draw or nobody does.</summary>
    private string AssignorInUse()
    {
        int range = _members.Values.Count(m => m.Facts.Assignor == GroupAssignors.Range);
        int uniform = _members.Values.Count(m => m.Facts.Assignor == GroupAssignors.Uniform);
        return range > uniform ? GroupAssignors.Range : GroupAssignors.Uniform;
    }

    private GroupAssignorInput AssignorInput(GroupMember[] members)
    {
        GroupSubscription[] classes = [.. _subscriptions.Values.OrderBy(s => s.Key, StringComparer.Ordinal)];
        GroupTopic[] topics =
            [.. classes.SelectMany(s => s.Topics).DistinctBy(t => t.Id).OrderBy(t => t.Name, StringComparer.Ordinal)];
        var indexOf = new Dictionary<TopicId, int>(topics.Length);
        for (int i = 0; i < topics.Length; i++)
        {
            indexOf[topics[i].Id] = i;
        }

        var classOf = new Dictionary<GroupSubscription, int>(classes.Length);
        for (int i = 0; i < classes.Length; i++)
        {
            classOf[classes[i]] = i;
        }

        return new GroupAssignorInput(
            topics,
            [.. classes.Select(s => s.Topics.Select(t => indexOf[t.Id]).ToArray())],
            [.. members.Select(m => new GroupAssignorMember(
                m.IsStatic ? m.Facts.InstanceId : m.Id, m.Facts.Rack, classOf[m.Subscription], m.Target))]);
    }

    private void ReconcileAll()
    {
        while (_toReconcile.TryDequeue(out GroupMember? member))
        {
            member.IsQueued = false;
            if (!member.IsGone && member.HasTarget)
            {
                Reconcile(member);
            }
        }
    }

    private void Reconcile(GroupMember member)
    {
        if (member.IsAway)
        {
            // It holds nothing, so that what is not to be its own any more is free at once.
            LetGo(member, member.Assigned.Except(member.Target));
            return;
        }

        if (member.Stream == 0 || member.Pending.Count > 0)
        {
            return; // it cannot be told, or has not answered yet
        }

        GroupPartitionSet leaving = member.Assigned.Except(member.Target);
        if (leaving.Count > 0 && member.HeldAtOpen is not null)
        {
            LetGo(member, leaving.Except(member.HeldAtOpen));
            leaving = leaving.Intersect(member.HeldAtOpen);
        }

        _touched[member.Id] = member;
        if (leaving.Count > 0)
        {
            member.Assigned = member.Assigned.Intersect(member.Target);
            member.Pending = leaving;
            member.State = GroupMemberState.Revoking;
            member.RevokingSinceMs = _nowMs;
            Schedule(member);
            return;
        }

        TakeWhatIsFree(member);
        member.MoveTo(_targetEpoch);
    }

    private void TakeWhatIsFree(GroupMember member)
    {
        GroupPartitionSet missing = member.Target.Except(member.Assigned);
        PartitionId[] free = missing.Count == 0 ? [] : [.. missing.Where(p => !_owners.ContainsKey(p))];
        foreach (PartitionId partition in free)
        {
            _owners.Add(partition, member);
        }

        member.State = free.Length == missing.Count ? GroupMemberState.Stable : GroupMemberState.Waiting;
        member.Assigned = member.State == GroupMemberState.Stable
            ? member.Target
            : member.Assigned.Union(GroupPartitionSet.Of(free));
    }

    /// <summary>A member has let go of partitions.</summary>
    private void LetGo(GroupMember member, GroupPartitionSet partitions)
    {
        if (partitions.Count == 0)
        {
            return;
        }

        member.Assigned = member.Assigned.Except(partitions);
        member.Pending = member.Pending.Except(partitions);
        Touch(member);
        Free(partitions);
    }

    /// <summary>Nobody holds these any more: those who are to have them are looked at.</summary>
    private void Free(GroupPartitionSet partitions)
    {
        foreach (PartitionId partition in partitions)
        {
            _owners.Remove(partition);
            if (_targetOwners.TryGetValue(partition, out GroupMember? next))
            {
                Enqueue(next);
            }
        }
    }

    /// <summary>Something about the member may be another: it is reconciled, recorded and told before the event is over.</summary>
    private void Touch(GroupMember member)
    {
        if (_touched.TryAdd(member.Id, member))
        {
            Enqueue(member);
        }
    }

    private void Enqueue(GroupMember member)
    {
        if (!member.IsQueued)
        {
            member.IsQueued = true;
            _toReconcile.Enqueue(member);
        }
    }

    private void Flush()
    {
        foreach (GroupMember member in _touched.Values)
        {
            var current = new GroupRecord.CurrentSet(
                _group, member.Id, member.Epoch, member.PreviousEpoch, member.State, member.Assigned, member.Pending);
            if (current != member.Recorded)
            {
                member.Recorded = current;
                _effects.Append.Add(current);
            }

            bool isToldThis = member.Sent is { } sent && sent.Epoch == member.Epoch && sent.Assigned.Equals(member.Assigned);
            if (member.Stream != 0 && member.HasTarget && !isToldThis)
            {
                Tell(member);
            }
        }

        _touched.Clear();
    }

    private void Tell(GroupMember member)
    {
        member.Number++;
        member.Sent = (member.Epoch, member.Assigned);
        member.HeldAtOpen = null;
        int heartbeatMs = Math.Min(_limits.HeartbeatMsMax, member.Facts.SessionTimeoutMs / 3);
        _effects.Send.Add(new MemberMessage.Assigned(
            member.Id, member.Stream, member.Number, member.Epoch, Named(member.Assigned), heartbeatMs));
    }

    private GroupTopicPartitions[] Named(GroupPartitionSet partitions) =>
        [.. partitions.ByTopic().Select(t => new GroupTopicPartitions(NameOf(t.Topic), t.Topic, t.Partitions))];

    private string NameOf(TopicId topic) =>
        (_topics.Find(topic) ?? _knownTopics.Concat(_formerTopics).FirstOrDefault(t => t.Id == topic))?.Name ?? topic.ToString();

    private string ShowPartitions(GroupPartitionSet partitions)
    {
        const int Shown = 5;
        string names = string.Join(", ", partitions.Take(Shown).Select(p => $"{NameOf(p.Topic)}/{p.Index}"));
        return partitions.Count > Shown ? $"{names} and {partitions.Count - Shown} more" : names;
    }
}
