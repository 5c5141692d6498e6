using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <content>Records make the state again.</content>
public sealed partial class GroupMachine
{
    private void Replay(IEnumerable<GroupRecord> records)
    {
        var facts = new Dictionary<string, GroupMemberFacts>(StringComparer.Ordinal);
        var targets = new Dictionary<string, GroupPartitionSet>(StringComparer.Ordinal);
        var currents = new Dictionary<string, GroupRecord.CurrentSet>(StringComparer.Ordinal);
        foreach (GroupRecord record in records)
        {
            switch (record)
            {
                case GroupRecord.EpochSet set:
                    (_epoch, _topicsHash) = (set.Epoch, set.TopicsHash);
                    break;
                case GroupRecord.TopicsKnown known:
                    _knownTopics = known.Topics;
                    break;
                case GroupRecord.MemberKnown known:
                    facts[known.MemberId] = known.Facts;
                    break;
                case GroupRecord.TargetEpochSet set:
                    _targetEpoch = set.Epoch;
                    break;
                case GroupRecord.TargetSet target:
                    targets[target.MemberId] = target.Partitions;
                    break;
                case GroupRecord.CurrentSet current:
                    currents[current.MemberId] = current;
                    break;
                case GroupRecord.Forgotten forgotten:
                    _ = forgotten.KeyVersion switch
                    {
                        5 => facts.Remove(forgotten.MemberId),
                        7 => targets.Remove(forgotten.MemberId),
                        8 => currents.Remove(forgotten.MemberId),
                        _ => ForgetOfGroup(forgotten.KeyVersion),
                    };
                    break;
            }
        }

        foreach ((string id, GroupMemberFacts of) in facts)
        {
            Restore(id, of, targets.GetValueOrDefault(id), currents.GetValueOrDefault(id));
        }
    }

    private bool ForgetOfGroup(short keyVersion)
    {
        (_epoch, _topicsHash) = keyVersion == 3 ? (0, 0) : (_epoch, _topicsHash);
        _targetEpoch = keyVersion == 6 ? 0 : _targetEpoch;
        _knownTopics = keyVersion == 4 ? [] : _knownTopics;
        return true;
    }

    private void Restore(string id, GroupMemberFacts facts, GroupPartitionSet? target, GroupRecord.CurrentSet? current)
    {
        // An expression that this version does not take any more was taken when it was sent: its names are kept, and it finds nothing.
        Result<GroupSubscription> found = SubscriptionOf(facts);
        GroupSubscription subscription = found.IsOk ? found.Value : new GroupSubscription(facts.Topics, facts.TopicRegex, null);
        var member = new GroupMember(_group, id, facts, subscription);
        subscription.MembersCount++;
        _subscriptions[subscription.Key] = subscription;
        _members.Add(id, member);
        if (member.IsStatic)
        {
            _instances[facts.InstanceId] = member;
        }

        if (target is not null)
        {
            member.HasTarget = true;
            member.Target = target;
            foreach (PartitionId partition in target)
            {
                _targetOwners[partition] = member;
            }
        }

        if (current is not null)
        {
            member.Restore(current);
            foreach (PartitionId partition in member.Assigned.Concat(member.Pending))
            {
                _owners[partition] = member;
            }
        }
    }
}
