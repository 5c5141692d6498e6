using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Sticky and balanced, in O(partitions log members) when all subscribe to the same. Partitions stay where they were while their
/// subscription lasts; those without a place go to the member with the fewest, in a rack of a replica first; then, as long as that
/// makes the loads more even, the member with the most gives one to the member with the fewest. So with equal subscriptions the
/// loads differ by at most one, a member that joins gets at most its share and nothing else moves, and of a member that leaves only
/// its own partitions move. With different subscriptions no single move makes the result more even. One object is one computation.
/// </summary>
internal sealed class GroupUniformAssignor
{
    /// <summary>Each pass strictly evens the loads, so this bounds odd cases only; what is left uneven is still correct.</summary>
    private const int PassesMax = 32;

    private readonly GroupAssignorInput _input;
    private readonly int[] _firstOf;
    private readonly int[] _topicOf;
    private readonly int[] _owner;
    private readonly bool _hasRacks;
    private readonly GroupLoads _loads;
    private readonly List<int>[] _held;

    public GroupUniformAssignor(GroupAssignorInput input)
    {
        _input = input;
        _firstOf = new int[input.Topics.Count + 1];
        for (int topic = 0; topic < input.Topics.Count; topic++)
        {
            _firstOf[topic + 1] = _firstOf[topic] + input.Topics[topic].PartitionCount;
        }

        _topicOf = new int[_firstOf[^1]];
        for (int topic = 0; topic < input.Topics.Count; topic++)
        {
            Array.Fill(_topicOf, topic, _firstOf[topic], input.Topics[topic].PartitionCount);
        }

        _owner = new int[_topicOf.Length];
        Array.Fill(_owner, -1);
        _held = [.. input.Members.Select(_ => new List<int>())];
        _hasRacks = input.Members.Any(m => m.Rack.Length > 0) && input.Topics.Any(t => t.Racks.Count > 0);
        _loads = new GroupLoads(input, _hasRacks);
    }

    public GroupPartitionSet[] Assign()
    {
        KeepWhatMayStay();
        Place();
        Even();
        return [.. _held.Select(partitions => GroupPartitionSet.Of(partitions.Select(Id)))];
    }

    private PartitionId Id(int partition) =>
        new(_input.Topics[_topicOf[partition]].Id, partition - _firstOf[_topicOf[partition]]);

    private IReadOnlyList<string> RacksOf(int partition) =>
        _hasRacks ? _input.Topics[_topicOf[partition]].RacksOf(partition - _firstOf[_topicOf[partition]]) : [];

    private void KeepWhatMayStay()
    {
        var indexOf = new Dictionary<TopicId, int>(_input.Topics.Count);
        for (int topic = 0; topic < _input.Topics.Count; topic++)
        {
            indexOf[_input.Topics[topic].Id] = topic;
        }

        for (int member = 0; member < _input.Members.Count; member++)
        {
            foreach (PartitionId partition in _input.Members[member].Previous)
            {
                if (indexOf.TryGetValue(partition.Topic, out int topic)
                    && partition.Index < _input.Topics[topic].PartitionCount
                    && _loads.IsSubscribed(_input.Members[member].Class, topic)
                    && _owner[_firstOf[topic] + partition.Index] < 0)
                {
                    Give(_firstOf[topic] + partition.Index, member);
                }
            }
        }
    }

    /// <summary>Gives the partitions without a place away; those that few subscribe to first, and topics in turn.</summary>
    private void Place()
    {
        int[] open = [.. Enumerable.Range(0, _owner.Length)
            .Where(p => _owner[p] < 0 && _loads.SubscribersOf(_topicOf[p]) > 0)
            .OrderBy(p => _loads.SubscribersOf(_topicOf[p]))
            .ThenBy(p => p - _firstOf[_topicOf[p]])
            .ThenBy(p => _topicOf[p])];
        if (_hasRacks)
        {
            int share = _owner.Length / Math.Max(_input.Members.Count, 1);
            foreach (int partition in open)
            {
                int near = _loads.LeastIn(_topicOf[partition], RacksOf(partition));
                if (near >= 0 && _loads.Of(near) < share)
                {
                    Give(partition, near);
                }
            }
        }

        foreach (int partition in open.Where(p => _owner[p] < 0))
        {
            int least = _loads.Least(_topicOf[partition]);
            int near = _loads.LeastIn(_topicOf[partition], RacksOf(partition));
            Give(partition, near >= 0 && _loads.Of(near) <= _loads.Of(least) ? near : least);
        }
    }

    private void Even()
    {
        bool hasMoved = true;
        for (int pass = 0; hasMoved && pass < PassesMax; pass++)
        {
            hasMoved = false;
            var givers = new SortedSet<(int Load, int Member)>();
            int[] left = new int[_held.Length];
            for (int member = 0; member < _held.Length; member++)
            {
                // What is given away first stands last: what has no replica in the member's rack, then the highest numbers, so that
                // topics take turns.
                _held[member].Sort((one, other) => Rank(one, member).CompareTo(Rank(other, member)));
                left[member] = _held[member].Count;
                givers.Add((-left[member], member));
            }

            while (givers.Count > 0)
            {
                (int Load, int Member) most = givers.Min;
                givers.Remove(most);
                if (GiveOne(most.Member, ref left[most.Member]) is not { } receiver)
                {
                    continue; // nothing of it may move in this pass
                }

                hasMoved = true;
                givers.Add((-_loads.Of(most.Member), most.Member));
                if (givers.Remove((1 - _loads.Of(receiver), receiver)))
                {
                    givers.Add((-_loads.Of(receiver), receiver));
                }
            }
        }
    }

    private (bool IsFar, int Number, int Topic) Rank(int partition, int member)
    {
        bool isFar = _hasRacks && _input.Members[member].Rack.Length > 0 && !RacksOf(partition).Contains(_input.Members[member].Rack);
        return (isFar, partition - _firstOf[_topicOf[partition]], _topicOf[partition]);
    }

    /// <summary>Moves the first partition, from the end of the list down, that makes the loads more even; the receiver, or null.</summary>
    private int? GiveOne(int giver, ref int left)
    {
        List<int> held = _held[giver];
        for (left = Math.Min(left, held.Count); left > 0; left--)
        {
            int partition = held[left - 1];
            int receiver = _loads.LeastIn(_topicOf[partition], RacksOf(partition));
            if (receiver < 0 || _loads.Of(receiver) >= _loads.Of(giver) - 1)
            {
                receiver = _loads.Least(_topicOf[partition]);
            }

            if (_loads.Of(receiver) < _loads.Of(giver) - 1)
            {
                held.RemoveAt(left - 1);
                _loads.Add(giver, -1);
                Give(partition, receiver);
                return receiver;
            }
        }

        return null;
    }

    private void Give(int partition, int member)
    {
        _owner[partition] = member;
        _held[member].Add(partition);
        _loads.Add(member, 1);
    }
}
