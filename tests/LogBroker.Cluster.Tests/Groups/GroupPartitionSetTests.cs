using FsCheck;
using FsCheck.Fluent;
using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>Partition sets do what sets do.</summary>
public sealed class GroupPartitionSetTests
{
    private static readonly TopicId[] Topics =
        [.. Enumerable.Range(0, 3).Select(i => new TopicId(new Guid(unchecked((int)0x80000000) + i, (short)-i, 1, new byte[8])))];

    private static readonly Gen<PartitionId[]> Lists =
        from count in Gen.Choose(0, 12)
        from partitions in
            (from topic in Gen.Choose(0, 2) from index in Gen.Choose(0, 5) select new PartitionId(Topics[topic], index)).ArrayOf(12)
        select partitions[..count];

    [Fact]
    public void TheyAgreeWithHashSets() => Prop.ForAll((from a in Lists from b in Lists select (a, b)).ToArbitrary(), pair =>
    {
        (GroupPartitionSet a, GroupPartitionSet b) = (GroupPartitionSet.Of(pair.a), GroupPartitionSet.Of(pair.b));
        return a.ToHashSet().SetEquals(pair.a)
            && a.Count == pair.a.Distinct().Count()
            && a.Intersect(b).Equals(GroupPartitionSet.Of(pair.a.Intersect(pair.b)))
            && a.Except(b).Equals(GroupPartitionSet.Of(pair.a.Except(pair.b)))
            && a.Union(b).Equals(GroupPartitionSet.Of(pair.a.Union(pair.b)))
            && a.IsSubsetOf(b) == pair.a.All(pair.b.Contains)
            && pair.b.All(p => a.Contains(p) == pair.a.Contains(p))
            && a.Equals(b) == a.ToHashSet().SetEquals(pair.b)
            && (!a.Equals(b) || a.GetHashCode() == b.GetHashCode())
            && a.ByTopic().SelectMany(t => t.Partitions.Select(p => new PartitionId(t.Topic, p))).SequenceEqual(a);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));
}
