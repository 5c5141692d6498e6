namespace LogBroker.Cluster;

/// <summary>Which partition of <c>__consumer_offsets</c> coordinates a group. Pure.</summary>
internal static class GroupIds
{
    /// <summary>As Kafka: the absolute value of Java's String.hashCode, where that of the least integer is 0, by the count.</summary>
    public static int PartitionOf(string group, int partitions)
    {
        int hash = 0;
        foreach (char c in group)
        {
            hash = unchecked((31 * hash) + c);
        }

        return (hash == int.MinValue ? 0 : Math.Abs(hash)) % partitions;
    }
}
