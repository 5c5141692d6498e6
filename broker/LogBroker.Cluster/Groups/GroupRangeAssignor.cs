using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// For each topic, its subscribers in order of instance id or else member id get ranges of neighbours; the first ones get one more
/// when it does not come out even. Members with the same subscription get the same numbers of topics with as many partitions.
/// </summary>
internal static class GroupRangeAssignor
{
    public static GroupPartitionSet[] Assign(GroupAssignorInput input)
    {
        int[] order = [.. Enumerable.Range(0, input.Members.Count).OrderBy(m => input.Members[m].OrderKey, StringComparer.Ordinal)];
        var subscribers = new List<int>[input.Topics.Count];
        for (int topic = 0; topic < subscribers.Length; topic++)
        {
            subscribers[topic] = [];
        }

        foreach (int member in order)
        {
            foreach (int topic in input.Classes[input.Members[member].Class])
            {
                subscribers[topic].Add(member);
            }
        }

        List<PartitionId>[] held = [.. input.Members.Select(_ => new List<PartitionId>())];
        for (int topic = 0; topic < subscribers.Length; topic++)
        {
            (TopicId id, int count) = (input.Topics[topic].Id, input.Topics[topic].PartitionCount);
            for (int i = 0, next = 0; i < subscribers[topic].Count; i++)
            {
                int share = (count / subscribers[topic].Count) + (i < count % subscribers[topic].Count ? 1 : 0);
                for (int end = next + share; next < end; next++)
                {
                    held[subscribers[topic][i]].Add(new PartitionId(id, next));
                }
            }
        }

        return [.. held.Select(GroupPartitionSet.Of)];
    }
}
